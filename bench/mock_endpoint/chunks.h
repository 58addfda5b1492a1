#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/said.h"

namespace reprise::bench {

// The members that every chunk and every whole answer of choices begins with.
std::string choices_opening(const Asking& asking, std::string_view prefix, std::string_view object);

// `"usage":{…}`
std::string usage_member(const Asking& asking, const std::vector<Said>& choices);

// Chunks: writes the events of one stream of choices.
class Chunks {
 public:
  Chunks(const Asking& asking, std::string_view prefix, std::string_view object);

  void add(std::string_view choice, bool token);
  // With `usage`, the member, where it is wanted.
  Answer finish(std::string_view usage);

 private:
  std::string opening_;
  bool tells_usage_;
  bool obfuscated_;
  Answer answer_;
};

}  // namespace reprise::bench
