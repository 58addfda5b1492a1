#include "cache/memcached_expiry.h"

#include <algorithm>
#include <limits>

namespace reprise::cache {
namespace {

constexpr int64_t kRelativeSecondsMax = int64_t{30} * 24 * 60 * 60;
constexpr int64_t kSecondsMax = std::numeric_limits<int32_t>::max();

// Rounded up. Does not overflow, whatever `count` is.
int64_t seconds_in(int64_t count, int64_t per_second) {
  return count / per_second + (count % per_second > 0 ? 1 : 0);
}

}  // namespace

Expiry expiry_of(int64_t ttl_ms, int64_t now_wall_us) {
  const int64_t ttl = std::max<int64_t>(seconds_in(ttl_ms, 1000), 1);
  if (ttl <= kRelativeSecondsMax) return {static_cast<int32_t>(ttl)};
  const int64_t now = std::max<int64_t>(seconds_in(now_wall_us, 1'000'000), 0);
  return {static_cast<int32_t>(std::min(now + ttl, kSecondsMax))};
}

}  // namespace reprise::cache
