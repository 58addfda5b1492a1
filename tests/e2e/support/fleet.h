#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "e2e/support/latch.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/scripted_upstream.h"
#include "servers/memcached_server.h"

namespace reprise::e2e {

// Fleet: Memcached servers, and processes in front of one endpoint that share them.
// Owner: the test; declare it behind the endpoint. Thread: the test's.
class Fleet {
 public:
  // `server_args` are Memcached's own.
  explicit Fleet(const ScriptedUpstream& upstream, size_t servers = 1,
                 const std::vector<std::string>& server_args = {});

  // One more process. Lookups may take long, unless `extra` says otherwise, so that a busy machine
  // fails no test.
  Proxy& add(const Proxy::Args& extra = {});

  servers::MemcachedServer& server(size_t index = 0) { return servers_.at(index); }
  std::string addresses() const;

  // Asks `proxy`, which must record the answer, and waits until Memcached has it.
  Response record(Proxy& proxy, const std::string& request);
  // Waits until the entry under `key` is there.
  void wait_stored(const std::string& key);
  // The same for one that was sealed: asks a process that does not hold it in its memory.
  static void wait_shared(const Proxy& other, const std::string& key);

  // All names, and values, on all servers that answer.
  std::set<std::string> names();
  std::string everything();
  // The name of the largest value of the first server, once an entry is there.
  std::string biggest();
  // Whether a process has told another one, whose answer is under way, that it follows.
  bool followed();
  // The server that holds this entry, or that has this name; as many as there are if none does.
  size_t holder_of(const std::string& key);

 private:
  const ScriptedUpstream& upstream_;
  std::deque<servers::MemcachedServer> servers_;
  std::deque<Proxy> proxies_;
};

// The name of a plain entry.
inline std::string entry_name(const std::string& key) { return "r1:" + key; }

// How many seconds Memcached itself will still keep an item. -2 when there is none.
long item_ttl(const servers::MemcachedServer& server, const std::string& name);

// `request` for what is held only.
Ask cached_only(Ask ask = {});
bool is_cached(const Proxy& proxy, const Ask& ask = {});

// The `detail=` of Cache-Status.
std::string detail_of(const Response& response);
void expect_hit(const Response& response, const std::string& tier);
std::string content_of(const Response& response);

// Text that no coding makes much shorter, of letters, digits, + and /.
std::string noise(size_t size);

// A file with this text; it stays until the test program's temporary folder is emptied.
std::string file_with(const std::string& text);

// Counting: answers "answer 1", "answer 2", …; or fails with a status, once told to.
class Counting {
 public:
  ScriptedUpstream::Script script();
  std::atomic<int> failing{0};

 private:
  std::atomic<int> count_{0};
};

// HeldStreams: answers its n-th request, counted from 1, by a head and one event, and by the rest
// once that is released. Each answer is another.
class HeldStreams {
 public:
  ScriptedUpstream::Script script();
  static std::string begun(int request) { return chat_event("begun " + std::to_string(request)); }
  static std::string body(int request);

  Latch rest;

 private:
  std::atomic<int> count_{0};
};

// Asks, and waits until `begun` is there, or nothing but the head.
RawClient follow(const Proxy& proxy, const std::string& request, const std::string& x_cache,
                 const std::string& begun = "");

}  // namespace reprise::e2e
