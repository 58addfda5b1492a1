#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "cache/memcached_address.h"

struct memcached_st;

namespace reprise::cache {

// MemcachedRing: which server keeps what: libmemcached's weighted ketama (MD5, equal weights), so
// that every process, and every other program that uses it, agrees. A server's place depends on how
// its host and port are written, not on where it stands in the list: 127.0.0.1 and localhost are
// two.
// Owner: the Memcached tier. Thread: any; immutable.
class MemcachedRing {
 public:
  // What the options have to see to. libmemcached asserts that a ring has no more servers.
  static constexpr size_t kServersMax = 100;
  static constexpr size_t kHostBytesMax = 255;

  // 1 to kServersMax servers whose hosts have 1 to kHostBytesMax bytes.
  explicit MemcachedRing(std::span<const MemcachedAddress> servers);

  // The number in the list of the server that keeps `name`.
  size_t server_of(std::string_view name) const;

 private:
  struct Free {
    void operator()(memcached_st* ring) const;
  };

  std::unique_ptr<memcached_st, Free> ring_;  // null: there is one server only
};

}  // namespace reprise::cache
