#include "cache/s3_fifo.h"

#include <gtest/gtest.h>

#include <deque>

namespace reprise::cache {
namespace {

constexpr size_t kCost = 1000;

// Ten places of kCost, one of them small's.
class S3FifoTest : public testing::Test {
 protected:
  static constexpr size_t kBytesMax = 10 * kCost;

  // The hash of the one that had to go; 0 if none had to.
  uint64_t put(uint64_t hash) {
    const auto queue = policy_.choose(hash);
    Resident* victim = nullptr;
    if (policy_.bytes() + kCost > kBytesMax) victim = policy_.evict(kCost, queue);
    policy_.admit(residents_.emplace_back(hash, kCost), queue);
    return victim == nullptr ? 0 : victim->hash;
  }
  Resident& resident(uint64_t hash) {
    for (Resident& each : residents_) {
      if (each.hash == hash) return each;
    }
    return residents_.front();
  }
  void use(uint64_t hash, int times) {
    for (int i = 0; i < times; ++i) resident(hash).note_use();
  }

  std::deque<Resident> residents_;  // dies after the policy's lists: they hold no memory
  S3Fifo policy_{kBytesMax};
};

// Hashes of one row each: the row is in the low bits, the fingerprint in the high ones.
constexpr uint64_t hash_of(uint64_t n) { return n << 32 | n; }

TEST_F(S3FifoTest, TheUnusedGoInTheOrderInWhichTheyCame) {
  for (uint64_t n = 1; n <= 10; ++n) EXPECT_EQ(put(hash_of(n)), 0u);
  EXPECT_EQ(put(hash_of(11)), hash_of(1));
  EXPECT_EQ(put(hash_of(12)), hash_of(2));
}

TEST_F(S3FifoTest, WhatWasUsedTwiceMovesToMain) {
  for (uint64_t n = 1; n <= 10; ++n) put(hash_of(n));
  use(hash_of(1), 2);
  use(hash_of(2), 1);
  EXPECT_EQ(put(hash_of(11)), hash_of(2));
  EXPECT_EQ(resident(hash_of(1)).queue, Resident::Queue::kMain);
}

TEST_F(S3FifoTest, WhatComesBackSoonMovesToMain) {
  for (uint64_t n = 1; n <= 11; ++n) put(hash_of(n));
  EXPECT_EQ(policy_.choose(hash_of(1)), Resident::Queue::kMain);
  EXPECT_EQ(policy_.choose(hash_of(1)), Resident::Queue::kSmall);
  EXPECT_EQ(policy_.choose(hash_of(99)), Resident::Queue::kSmall);
}

TEST_F(S3FifoTest, ALargeNewcomerDisplacesSmallBeforeMain) {
  Resident popular(hash_of(1), kCost);
  policy_.admit(popular, Resident::Queue::kMain);
  Resident newcomer(hash_of(2), kCost / 2);
  policy_.admit(newcomer, Resident::Queue::kSmall);
  EXPECT_EQ(policy_.evict(8 * kCost, Resident::Queue::kSmall), &newcomer);
  EXPECT_EQ(policy_.evict(8 * kCost, Resident::Queue::kSmall), &popular);
  EXPECT_EQ(policy_.evict(8 * kCost, Resident::Queue::kSmall), nullptr);
  EXPECT_EQ(policy_.bytes(), 0u);
  EXPECT_EQ(policy_.count(), 0u);
}

TEST_F(S3FifoTest, MainGivesTheUsedAnotherRound) {
  Resident first(hash_of(1), kCost);
  Resident second(hash_of(2), kCost);
  policy_.admit(first, Resident::Queue::kMain);
  policy_.admit(second, Resident::Queue::kMain);
  first.note_use();
  EXPECT_EQ(policy_.evict(kCost, Resident::Queue::kMain), &second);
  EXPECT_EQ(policy_.evict(kCost, Resident::Queue::kMain), &first);
}

TEST_F(S3FifoTest, UsesAreCapped) {
  Resident resident(hash_of(1), kCost);
  for (int i = 0; i < 100; ++i) resident.note_use();
  EXPECT_EQ(resident.uses.load(), Resident::kUsesMax);
}

TEST_F(S3FifoTest, OneEvictionLooksAtABoundedNumber) {
  std::deque<Resident> crowd;
  for (uint64_t n = 0; n < 2000; ++n) {
    policy_.admit(crowd.emplace_back(hash_of(n), 1), Resident::Queue::kMain);
    crowd.back().note_use();
  }
  Resident* victim = policy_.evict(1, Resident::Queue::kMain);
  ASSERT_NE(victim, nullptr);
  // Used as it is, it went, and most of the crowd was not looked at.
  EXPECT_EQ(victim->uses.load(), 1);
  EXPECT_EQ(crowd.back().uses.load(), 1);
}

TEST(GhostList, ForgetsBeyondTheWindow) {
  GhostList ghosts(1024);
  for (uint64_t n = 1; n <= 20; ++n) ghosts.add(hash_of(n));
  EXPECT_TRUE(ghosts.take(hash_of(11), 10));
  EXPECT_FALSE(ghosts.take(hash_of(10), 10));
  EXPECT_FALSE(ghosts.take(hash_of(11), 10));
}

TEST(GhostList, AFullRowForgetsItsOldest) {
  GhostList ghosts(4);
  for (uint64_t n = 1; n <= 5; ++n) ghosts.add(hash_of(n));
  EXPECT_FALSE(ghosts.take(hash_of(1), 100));
  for (uint64_t n = 2; n <= 5; ++n) EXPECT_TRUE(ghosts.take(hash_of(n), 100));
  EXPECT_EQ(ghosts.bytes(), 32u);
}

}  // namespace
}  // namespace reprise::cache
