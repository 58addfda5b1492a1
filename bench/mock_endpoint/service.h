#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/options.h"
#include "bench/mock_endpoint/request.h"

namespace reprise::bench {

class Connection;

// Service: what the endpoint answers, and what it remembers of its requests. Tests ask it under
// /mock/:
//   GET  /mock/requests         {"requests","answered","aborted"}: /mock/ itself not counted
//   GET  /mock/last             the last request:
//   {"method","target","fields":[[name,value]],"body"} POST /mock/release/{name}   lets answers
//   held under `name` go on, now and from now on POST /mock/reset            forgets counts and
//   releases
// Owner: main. Thread: the loop.
class Service {
 public:
  struct Plan {
    Answer answer;
    Behaviour behaviour;
    bool counted = true;  // false for /mock/
  };

  explicit Service(Behaviour usual) : usual_(std::move(usual)) {}

  Plan plan(const Request& request);

  // False if `name` was released already: nothing to wait for.
  bool hold(const std::string& name, Connection* connection);
  void forget(Connection* connection);

  void count_answered() { ++answered_; }
  void count_abort() { ++aborted_; }

  // The fields that every answer has beside its own.
  std::string common_fields() const;

 private:
  Answer control(const Request& request);
  size_t release(const std::string& name);

  Behaviour usual_;
  Request last_;
  std::multimap<std::string, Connection*> held_;
  std::set<std::string> released_;
  uint64_t requests_ = 0;
  uint64_t answered_ = 0;
  uint64_t aborted_ = 0;
};

}  // namespace reprise::bench
