#include "cache/lane_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace reprise::cache {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int64_t kAnHourUs = 3'600'000'000;

// Lane: what takes from a queue.
struct Lane {
  explicit Lane(size_t cost_max) : queue(cost_max) {}

  bool push(int number, size_t cost) {
    return queue.push(std::make_shared<const int>(number), cost);
  }
  // What one look brought. `goes_on` is what it said.
  std::vector<int> take(size_t batch_cost_max, int64_t wait_us = kAnHourUs) {
    std::vector<std::shared_ptr<const int>> batch;
    goes_on = queue.take(wait_us, batch_cost_max, &batch);
    std::vector<int> numbers;
    for (const auto& job : batch) numbers.push_back(*job);
    return numbers;
  }

  LaneQueue<const int> queue;
  bool goes_on = true;
};

TEST(LaneQueue, TakesInNoMoreThanItsBound) {
  Lane lane(10);
  EXPECT_TRUE(lane.push(1, 6));
  EXPECT_FALSE(lane.push(2, 5));
  EXPECT_TRUE(lane.push(3, 4));
  EXPECT_FALSE(lane.push(4, 1));
  EXPECT_TRUE(lane.push(5, 0));
  EXPECT_FALSE(lane.push(6, 11));
}

TEST(LaneQueue, WhatIsTakenMakesRoom) {
  Lane lane(10);
  ASSERT_TRUE(lane.push(1, 6));
  ASSERT_TRUE(lane.push(2, 4));
  EXPECT_THAT(lane.take(6), ElementsAre(1));
  EXPECT_FALSE(lane.push(3, 7));
  EXPECT_TRUE(lane.push(4, 6));
  EXPECT_THAT(lane.take(10), ElementsAre(2, 4));
  EXPECT_TRUE(lane.push(5, 10));
}

TEST(LaneQueue, ABatchIsInOrderAndCostsNoMoreThanItMay) {
  Lane lane(100);
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(lane.push(i, static_cast<size_t>(i)));
  EXPECT_THAT(lane.take(6), ElementsAre(1, 2, 3));
  EXPECT_THAT(lane.take(8), ElementsAre(4));
  EXPECT_THAT(lane.take(8), ElementsAre(5));
  EXPECT_TRUE(lane.goes_on);
}

TEST(LaneQueue, OneIsTakenWhateverItCosts) {
  Lane lane(100);
  ASSERT_TRUE(lane.push(1, 50));
  ASSERT_TRUE(lane.push(2, 1));
  EXPECT_THAT(lane.take(1), ElementsAre(1));
  EXPECT_THAT(lane.take(1), ElementsAre(2));
}

TEST(LaneQueue, WaitsNoLongerThanItIsTold) {
  Lane lane(100);
  EXPECT_THAT(lane.take(1, 0), IsEmpty());
  EXPECT_TRUE(lane.goes_on);
  EXPECT_THAT(lane.take(1, 1000), IsEmpty());
  EXPECT_TRUE(lane.goes_on);
}

TEST(LaneQueue, ANudgeEndsOneWait) {
  Lane lane(100);
  lane.queue.nudge();
  lane.queue.nudge();
  EXPECT_THAT(lane.take(1), IsEmpty());  // an hour otherwise
  EXPECT_TRUE(lane.goes_on);
  std::thread pusher([&] { EXPECT_TRUE(lane.push(1, 1)); });
  EXPECT_THAT(lane.take(1), ElementsAre(1));  // both nudges are spent
  pusher.join();
}

TEST(LaneQueue, WhatIsPushedQuietlyIsHeardOfTogether) {
  using Queue = LaneQueue<const int>;
  Lane lane(100);
  std::vector<int> taken;
  std::thread taker([&] {
    while (taken.size() < 300) {
      for (const int number : lane.take(100)) taken.push_back(number);
    }
  });
  for (int i = 0; i < 300;) {
    const bool pushed = lane.queue.push(std::make_shared<const int>(i), 1, Queue::Tell::kLater);
    if (pushed) ++i;
    if (!pushed || i % 10 == 0) lane.queue.tell();
  }
  taker.join();  // never, if what was told is not heard
  EXPECT_THAT(taken, testing::SizeIs(300));
}

TEST(LaneQueue, ANudgeHoldsNothingBack) {
  Lane lane(100);
  ASSERT_TRUE(lane.push(1, 1));
  lane.queue.nudge();
  EXPECT_THAT(lane.take(1), ElementsAre(1));
}

TEST(LaneQueue, WhatWasThereComesOutAfterItIsClosed) {
  Lane lane(100);
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(lane.push(i, 1));
  lane.queue.close();
  EXPECT_FALSE(lane.push(4, 1));
  EXPECT_THAT(lane.take(2), ElementsAre(1, 2));
  EXPECT_TRUE(lane.goes_on);
  EXPECT_THAT(lane.take(2), ElementsAre(3));
  EXPECT_TRUE(lane.goes_on);
  EXPECT_THAT(lane.take(2), IsEmpty());
  EXPECT_FALSE(lane.goes_on);
}

TEST(LaneQueue, ClosingEndsTheWait) {
  Lane lane(100);
  std::thread closer([&] { lane.queue.close(); });
  EXPECT_THAT(lane.take(1), IsEmpty());
  EXPECT_FALSE(lane.goes_on);
  closer.join();
}

// Each that was taken in comes out once, in its pusher's order; nudges and refusals in between.
TEST(LaneQueue, ManyMayPush) {
  constexpr int kPushers = 3;
  constexpr int kEach = 3000;
  Lane lane(20);
  std::vector<std::thread> pushers;
  std::latch over(kPushers);
  for (int self = 0; self < kPushers; ++self) {
    pushers.emplace_back([&lane, &over, self] {
      for (int i = 0; i < kEach;) {
        if (lane.push(self * kEach + i, 1 + static_cast<size_t>(i % 3))) {
          ++i;
        } else {
          lane.queue.nudge();
          std::this_thread::yield();
        }
      }
      over.count_down();
    });
  }
  std::thread closer([&] {
    over.wait();
    lane.queue.close();
  });
  std::vector<int> next(kPushers, 0);
  while (lane.goes_on) {
    for (const int number : lane.take(7)) {
      const auto pusher = static_cast<size_t>(number / kEach);
      EXPECT_EQ(number % kEach, next[pusher]++);
    }
  }
  EXPECT_THAT(next, testing::Each(kEach));
  for (std::thread& pusher : pushers) pusher.join();
  closer.join();
}

}  // namespace
}  // namespace reprise::cache
