#include "cache/memcached_expiry.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace reprise::cache {
namespace {

constexpr int64_t kNowS = 1'800'000'000;
constexpr int64_t kNowUs = kNowS * 1'000'000;
constexpr int64_t kThirtyDaysS = 30 * 24 * 60 * 60;

int32_t seconds(int64_t ttl_ms) { return expiry_of(ttl_ms, kNowUs).seconds; }

TEST(MemcachedExpiry, RoundsUpToWholeSeconds) {
  EXPECT_EQ(seconds(1), 1);
  EXPECT_EQ(seconds(999), 1);
  EXPECT_EQ(seconds(1000), 1);
  EXPECT_EQ(seconds(1001), 2);
}

TEST(MemcachedExpiry, IsNeverNever) {
  EXPECT_EQ(seconds(0), 1);
  EXPECT_EQ(seconds(-1), 1);
  EXPECT_EQ(seconds(-5000), 1);
  EXPECT_EQ(seconds(std::numeric_limits<int64_t>::min()), 1);
  EXPECT_NE(expiry_of(1, 0), kNoExpiry);
}

TEST(MemcachedExpiry, IsAMomentBeyondThirtyDays) {
  EXPECT_EQ(seconds(kThirtyDaysS * 1000), kThirtyDaysS);
  EXPECT_EQ(seconds(kThirtyDaysS * 1000 + 1), kNowS + kThirtyDaysS + 1);
  // The moment is rounded up as well.
  EXPECT_EQ(expiry_of((kThirtyDaysS + 5) * 1000, kNowUs + 1).seconds, kNowS + 1 + kThirtyDaysS + 5);
}

TEST(MemcachedExpiry, StopsWhereTheProtocolDoes) {
  constexpr int32_t kLast = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(seconds(int64_t{100} * 365 * 24 * 60 * 60 * 1000), kLast);
  EXPECT_EQ(seconds(std::numeric_limits<int64_t>::max()), kLast);
  const int64_t forever = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(expiry_of(forever, forever).seconds, kLast);
  EXPECT_GT(expiry_of(forever, std::numeric_limits<int64_t>::min()).seconds, 0);
}

}  // namespace
}  // namespace reprise::cache
