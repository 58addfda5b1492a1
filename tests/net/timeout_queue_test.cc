#include "net/timeout_queue.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "net/net_test.h"

namespace reprise::net {
namespace {

class TimeoutQueueTest : public NetTest {
 protected:
  // Wait: notes its number when it ends.
  struct Wait {
    Wait(std::vector<int>& log, int number_) : ended(log), number(number_) {}
    std::vector<int>& ended;
    int number;
    TimeoutQueue* again = nullptr;
    Timeout* takes_along = nullptr;
    Timeout timeout{[](void* self) noexcept { static_cast<Wait*>(self)->end(); }, this};

    void end() {
      ended.push_back(number);
      if (takes_along != nullptr) takes_along->disarm();
      if (again != nullptr) std::exchange(again, nullptr)->arm(timeout);
    }
  };

  void run_until_ended(size_t count) {
    run_until([&] { return ended_.size() >= count; });
  }

  std::vector<int> ended_;
  TimeoutQueue queue_{loop_, 5};
  Wait first_{ended_, 1};
  Wait second_{ended_, 2};
  Wait third_{ended_, 3};
};

TEST_F(TimeoutQueueTest, WaitsEndInTheOrderInWhichTheyBegan) {
  queue_.arm(third_.timeout);
  queue_.arm(first_.timeout);
  queue_.arm(second_.timeout);
  run_until_ended(3);
  EXPECT_EQ(ended_, (std::vector<int>{3, 1, 2}));
  EXPECT_FALSE(first_.timeout.armed());
}

TEST_F(TimeoutQueueTest, ArmingAnewBeginsAnew) {
  queue_.arm(first_.timeout);
  queue_.arm(second_.timeout);
  queue_.arm(first_.timeout);
  run_until_ended(2);
  EXPECT_EQ(ended_, (std::vector<int>{2, 1}));
}

TEST_F(TimeoutQueueTest, NothingEndsBeforeItsTime) {
  const uint64_t before = loop_.now_ms();
  queue_.arm(first_.timeout);
  run_until_ended(1);
  EXPECT_GE(loop_.now_ms(), before + 5);
}

TEST_F(TimeoutQueueTest, DisarmedAndDeadWaitsDoNotEnd) {
  auto dead = std::make_unique<Wait>(ended_, 4);
  queue_.arm(first_.timeout);
  queue_.arm(dead->timeout);
  queue_.arm(second_.timeout);
  first_.timeout.disarm();
  dead.reset();
  run_until_ended(1);
  run_turns();
  EXPECT_EQ(ended_, (std::vector<int>{2}));
}

TEST_F(TimeoutQueueTest, AWaitMayCallAnotherOffThatIsDueToo) {
  first_.takes_along = &second_.timeout;
  queue_.arm(first_.timeout);
  queue_.arm(second_.timeout);
  queue_.arm(third_.timeout);
  run_until_ended(2);
  EXPECT_EQ(ended_, (std::vector<int>{1, 3}));
}

TEST_F(TimeoutQueueTest, AWaitMayBeginAgainWhenItEnds) {
  first_.again = &queue_;
  queue_.arm(first_.timeout);
  queue_.arm(second_.timeout);
  run_until_ended(3);
  EXPECT_EQ(ended_, (std::vector<int>{1, 2, 1}));
}

// Waits still end in the order in which they began, the ones under way no later than new ones.
TEST_F(TimeoutQueueTest, AShorterDurationHoldsForWaitsUnderWayToo) {
  TimeoutQueue queue(loop_, 600'000);
  queue.arm(first_.timeout);
  queue.arm(second_.timeout);
  queue.set_duration_ms(2);
  queue.arm(third_.timeout);
  run_until_ended(3);
  EXPECT_EQ(ended_, (std::vector<int>{1, 2, 3}));
}

TEST_F(TimeoutQueueTest, ALongerDurationHoldsForWaitsThatBegin) {
  TimeoutQueue queue(loop_, 2);
  queue.arm(first_.timeout);
  queue.set_duration_ms(600'000);
  queue.arm(second_.timeout);
  run_until_ended(1);
  EXPECT_EQ(ended_, (std::vector<int>{1}));
  EXPECT_TRUE(second_.timeout.armed());
}

TEST_F(TimeoutQueueTest, MayDieWhileWaitsGoOn) {
  auto queue = std::make_unique<TimeoutQueue>(loop_, 1);
  queue->arm(first_.timeout);
  queue.reset();
  EXPECT_FALSE(first_.timeout.armed());
  run_turns();
  EXPECT_TRUE(ended_.empty());
}

}  // namespace
}  // namespace reprise::net
