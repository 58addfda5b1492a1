#pragma once

#include <uv.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/loop.h"

namespace reprise::net {

// Address: one resolved socket address.
struct Address {
  sockaddr_storage storage{};
};

// Resolver: host names to addresses by getaddrinfo on libuv's threads, remembered for a while.
// Owner: a worker. Thread: its loop's.
class Resolver {
 public:
  using Addresses = std::vector<Address>;
  using Callback = std::function<void(const base::Result<Addresses>&)>;

  explicit Resolver(Loop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // Calls back once: at once for an IP literal or a remembered name, later otherwise, and never
  // after the resolver's death. Askers for one name share one look-up.
  void resolve(const std::string& host, uint16_t port, Callback callback);

  // As if they had just been looked up.
  void remember(const std::string& host, uint16_t port, Addresses addresses);

  static constexpr int64_t kRememberMs = 30'000;

 private:
  struct Lookup;
  struct Known {
    Addresses addresses;
    uint64_t until_ms = 0;
  };
  void on_resolved(Lookup& lookup, int status, const addrinfo* found);

  Loop& loop_;
  std::map<std::pair<std::string, uint16_t>, Known> known_;
  std::map<std::pair<std::string, uint16_t>, Lookup*>
      pending_;  // own themselves until libuv is done
};

}  // namespace reprise::net
