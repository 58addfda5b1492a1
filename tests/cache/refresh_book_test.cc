#include "cache/refresh_book.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fakes/manual_clock.h"

namespace reprise::cache {
namespace {

const base::Digest128 kKey = base::xxh3_128("q");

class RefreshBookTest : public testing::Test {
 protected:
  void fail() { ASSERT_NE(book_.begin(kKey), nullptr); }
  bool may_begin() {
    auto refresh = book_.begin(kKey);
    if (refresh != nullptr) refresh->succeed();
    return refresh != nullptr;
  }
  void wait_s(int64_t seconds) { clock_.advance_us(seconds * 1'000'000); }

  fakes::ManualClock clock_;
  RefreshBook book_{clock_};
};

TEST_F(RefreshBookTest, OneAtATime) {
  auto first = book_.begin(kKey);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(book_.begin(kKey), nullptr);
  EXPECT_NE(book_.begin(base::xxh3_128("another")), nullptr);
  first->succeed();
  first.reset();
  EXPECT_TRUE(may_begin());
}

TEST_F(RefreshBookTest, FailuresAreFollowedByGrowingPauses) {
  for (const int64_t pause_s : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    fail();
    clock_.advance_us(pause_s * 1'000'000 - 1);
    EXPECT_EQ(book_.begin(kKey), nullptr) << pause_s;
    clock_.advance_us(1);
  }
  EXPECT_TRUE(may_begin());
}

TEST_F(RefreshBookTest, SuccessForgetsFailures) {
  for (int i = 0; i < 5; ++i) {
    fail();
    wait_s(60);
  }
  EXPECT_TRUE(may_begin());
  EXPECT_EQ(book_.size(), 0U);
  fail();
  wait_s(1);
  EXPECT_TRUE(may_begin());
}

TEST_F(RefreshBookTest, WhatIsDeferredWaitsAMomentAndCountsAsNoFailure) {
  for (int i = 0; i < 5; ++i) {
    auto refresh = book_.begin(kKey);
    ASSERT_NE(refresh, nullptr);
    refresh->defer();
    refresh.reset();
    EXPECT_EQ(book_.begin(kKey), nullptr);
    wait_s(1);
  }
  EXPECT_TRUE(may_begin());
}

TEST_F(RefreshBookTest, IsBoundedAndForgetsWhatIsLongOver) {
  for (size_t i = 0; i < RefreshBook::kQuestionsMax; ++i) {
    ASSERT_NE(book_.begin({1, i}), nullptr);
  }
  EXPECT_EQ(book_.begin(kKey), nullptr);
  wait_s(1);
  EXPECT_NE(book_.begin({1, 0}), nullptr);
  wait_s(61);
  EXPECT_TRUE(may_begin());
  EXPECT_LE(book_.size(), 1U);
}

TEST_F(RefreshBookTest, OfManyThreadsOneRefreshes) {
  std::vector<std::unique_ptr<RefreshBook::Refresh>> begun(8);
  std::vector<std::thread> threads;
  for (auto& refresh : begun) threads.emplace_back([&] { refresh = book_.begin(kKey); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(std::count(begun.begin(), begun.end(), nullptr), 7);
}

}  // namespace
}  // namespace reprise::cache
