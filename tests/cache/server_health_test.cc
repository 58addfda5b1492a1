#include "cache/server_health.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "fakes/manual_clock.h"

namespace reprise::cache {
namespace {

class ServerHealthTest : public testing::Test {
 protected:
  // How long the server is left alone from now on.
  int64_t pause_us() const { return health_.probe_at_us() - clock_.monotonic_us(); }
  // A probe when it is due, in vain.
  void fail_probe() {
    clock_.advance_us(pause_us());
    health_.failed("no answer");
  }
  void succeed_probe() {
    clock_.advance_us(pause_us());
    health_.worked();
  }

  fakes::ManualClock clock_;
  ServerHealth health_{"127.0.0.1:11211", clock_};
};

TEST_F(ServerHealthTest, AnUnknownOneIsWorthATryButNotMet) {
  EXPECT_TRUE(health_.usable());
  EXPECT_FALSE(health_.met());
  EXPECT_EQ(health_.failures(), 0u);
  EXPECT_EQ(health_.address(), "127.0.0.1:11211");
  health_.worked();
  EXPECT_TRUE(health_.usable());
  EXPECT_TRUE(health_.met());
  EXPECT_EQ(health_.probe_at_us(), 0);
}

TEST_F(ServerHealthTest, OneThatWasNeverThereIsLeftAlone) {
  health_.failed("refused");
  EXPECT_FALSE(health_.usable());
  EXPECT_FALSE(health_.met());
  EXPECT_EQ(pause_us(), ServerHealth::kPauseMinUs);
}

TEST_F(ServerHealthTest, OneThatFailsIsLeftAloneUntilItWorks) {
  health_.worked();
  health_.failed("reset");
  EXPECT_FALSE(health_.usable());
  EXPECT_FALSE(health_.met());
  EXPECT_EQ(pause_us(), ServerHealth::kPauseMinUs);
  clock_.advance_us(ServerHealth::kPauseMinUs);
  EXPECT_FALSE(health_.usable());  // a probe comes first
  health_.worked();
  EXPECT_TRUE(health_.usable());
  EXPECT_TRUE(health_.met());
  EXPECT_EQ(health_.probe_at_us(), 0);
}

TEST_F(ServerHealthTest, EachProbeInVainDoublesThePauseUpToABound) {
  health_.worked();
  health_.failed("reset");
  int64_t expected_us = ServerHealth::kPauseMinUs;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(pause_us(), expected_us) << i;
    fail_probe();
    expected_us = std::min(expected_us * 2, ServerHealth::kPauseMaxUs);
  }
  EXPECT_EQ(pause_us(), ServerHealth::kPauseMaxUs);
  EXPECT_EQ(health_.failures(), 21u);
}

TEST_F(ServerHealthTest, OneThatComesAndGoesIsNotAskedMoreOften) {
  health_.worked();
  health_.failed("reset");
  succeed_probe();
  clock_.advance_us(ServerHealth::kStableUs - 1);
  health_.failed("reset");
  EXPECT_EQ(pause_us(), 2 * ServerHealth::kPauseMinUs);
  succeed_probe();
  health_.failed("reset");
  EXPECT_EQ(pause_us(), 4 * ServerHealth::kPauseMinUs);
}

TEST_F(ServerHealthTest, OneThatHasBeenUpForLongStartsAfresh) {
  health_.worked();
  health_.failed("reset");
  for (int i = 0; i < 5; ++i) fail_probe();
  succeed_probe();
  clock_.advance_us(ServerHealth::kStableUs);
  health_.failed("reset");
  EXPECT_EQ(pause_us(), ServerHealth::kPauseMinUs);
}

// Working again and again is not coming up again and again.
TEST_F(ServerHealthTest, WorkingOnDoesNotStartTheTimeAnew) {
  health_.worked();
  health_.failed("reset");
  succeed_probe();
  for (int64_t us = 0; us < ServerHealth::kStableUs; us += ServerHealth::kStableUs / 10) {
    clock_.advance_us(ServerHealth::kStableUs / 10);
    health_.worked();
  }
  health_.failed("reset");
  EXPECT_EQ(pause_us(), ServerHealth::kPauseMinUs);
}

TEST_F(ServerHealthTest, WhatBothLanesMetIsOneFailure) {
  health_.worked();
  health_.failed("the reading lane's");
  clock_.advance_us(ServerHealth::kPauseMinUs / 2);
  const int64_t probe_at_us = health_.probe_at_us();
  health_.failed("the writing lane's");
  EXPECT_EQ(health_.probe_at_us(), probe_at_us);
  EXPECT_EQ(health_.failures(), 1u);
  fail_probe();
  EXPECT_EQ(pause_us(), 2 * ServerHealth::kPauseMinUs);
}

// For the thread sanitizer, and: whatever the order, it ends in a state that says the same all
// over.
TEST_F(ServerHealthTest, AnyThreadMayTellAndAsk) {
  std::vector<std::thread> threads;
  for (int self = 0; self < 3; ++self) {
    threads.emplace_back([this, self] {
      for (int i = 0; i < 300; ++i) {
        if (i % 100 == self) {
          health_.failed("reset");
        } else {
          health_.worked();
        }
        if (health_.usable()) clock_.advance_us(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(health_.failures(), 1u);
  EXPECT_LE(health_.failures(), 9u);
  EXPECT_EQ(health_.probe_at_us() == 0, health_.usable());
  EXPECT_EQ(health_.met(), health_.usable());
}

}  // namespace
}  // namespace reprise::cache
