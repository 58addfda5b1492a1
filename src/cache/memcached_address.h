#pragma once

#include <cstdint>
#include <string>

namespace reprise::cache {

// MemcachedAddress: where one server listens.
struct MemcachedAddress {
  std::string host;  // a name, IPv4, or IPv6 without brackets
  uint16_t port = 11211;
};

}  // namespace reprise::cache
