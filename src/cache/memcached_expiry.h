#pragma once

#include <cstdint>

namespace reprise::cache {

// Expiry: when a server forgets an item, as the protocol says it: seconds from now up to 30 days,
// beyond that a moment in Unix time, 0 for never.
struct Expiry {
  int32_t seconds = 0;

  bool operator==(const Expiry&) const = default;
};

inline constexpr Expiry kNoExpiry{};

// The expiry of an item that is wanted for another `ttl_ms`: never earlier, up to a second or two
// later, and never kNoExpiry, however short or long the time. A moment is said by our own clock, so
// that it is as wrong as that.
Expiry expiry_of(int64_t ttl_ms, int64_t now_wall_us);

}  // namespace reprise::cache
