#include "cache/lease.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <vector>

#include "cache/shared_job.h"

namespace reprise::cache {
namespace {

Lease sample_lease() {
  Lease lease;
  lease.token = {0x0123456789abcdef, UINT64_MAX};
  lease.proof = base::sha256("q");
  lease.asked_at_us = 1'700'000'000'000'000;
  lease.form = {.stream = true, .include_usage = true, .include_obfuscation = false};
  lease.door = Lease::Door::kClosed;
  lease.published = 300;
  return lease;
}

void expect_round_trip(const Lease& lease) {
  const auto back = unpack_lease(pack_lease(lease));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->token, lease.token);
  EXPECT_EQ(back->proof, lease.proof);
  EXPECT_EQ(back->asked_at_us, lease.asked_at_us);
  EXPECT_EQ(back->form, lease.form);
  EXPECT_EQ(back->door, lease.door);
  EXPECT_EQ(back->published, lease.published);
}

TEST(Lease, ComesBack) {
  expect_round_trip({});
  expect_round_trip(sample_lease());
  Lease lease = sample_lease();
  lease.door = Lease::Door::kOpen;
  lease.published = UINT64_MAX;
  for (const int64_t asked_at_us :
       {std::numeric_limits<int64_t>::min(), int64_t{-1}, std::numeric_limits<int64_t>::max()}) {
    lease.asked_at_us = asked_at_us;
    expect_round_trip(lease);
  }
}

TEST(Lease, EveryTruncationAndEveryAdditionIsRefused) {
  const std::string packed = pack_lease(sample_lease());
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(unpack_lease(std::string_view(packed).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(unpack_lease(packed + '\0').has_value());
}

// Only its holder changes a lease: told by its first bytes, whatever else it says by now.
TEST(Lease, BeginsWithItsTokenAndNoOther) {
  const Lease lease = sample_lease();
  const std::string prefix = lease_prefix(lease.token);
  EXPECT_EQ(prefix.size(), SharedWrite::kTokenBytes);
  EXPECT_TRUE(pack_lease(lease).starts_with(prefix));
  for (const base::Digest128& other :
       {base::Digest128{lease.token.high ^ 1, lease.token.low},
        base::Digest128{lease.token.high, lease.token.low ^ (uint64_t{1} << 63)},
        base::Digest128{lease.token.low, lease.token.high}}) {
    EXPECT_FALSE(pack_lease(lease).starts_with(lease_prefix(other)));
  }
}

TEST(Lease, TokensDiffer) {
  std::set<base::Digest128> tokens;
  std::set<uint64_t> halves;
  for (int i = 0; i < 1000; ++i) {
    const base::Digest128 token = random_token();
    tokens.insert(token);
    halves.insert({token.high, token.low});
  }
  EXPECT_EQ(tokens.size(), 1000u);
  EXPECT_EQ(halves.size(), 2000u);
}

TEST(Lease, EachQuestionHasItsOwnOfEachKind) {
  const base::Digest128 key = base::xxh3_128("q");
  const ValueLabel common = lease_label(key, LeaseKind::kCommon);
  EXPECT_EQ(common, lease_label(key, LeaseKind::kCommon));
  EXPECT_NE(common, lease_label(key, LeaseKind::kUsage));
  EXPECT_NE(common, lease_label(base::xxh3_128("another"), LeaseKind::kCommon));
}

TEST(Lease, EveryFormComesBack) {
  Lease lease = sample_lease();
  for (unsigned bits = 0; bits < 8; ++bits) {
    lease.form = openai::form_of_bits(bits);
    const auto back = unpack_lease(pack_lease(lease));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(openai::form_bits(back->form), bits);
  }
}

TEST(Lease, EachFlightHasItsOwnSegments) {
  const base::Digest128 token{1, 2};
  EXPECT_NE(segment_label(token, 0), segment_label(token, 1));
  EXPECT_NE(segment_label(token, 0), segment_label({2, 1}, 0));
  EXPECT_NE(segment_label(token, 0), marker_label(token));
}

}  // namespace
}  // namespace reprise::cache
