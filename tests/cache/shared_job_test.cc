#include "cache/shared_job.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <random>
#include <thread>

#include "cache/entries.h"
#include "fakes/manual_executor.h"
#include "fakes/thread_executor.h"

namespace reprise::cache {
namespace {

using End = SharedJob::End;

// Waiter: counts how often it is woken.
struct Waiter {
  explicit Waiter(base::Executor& executor)
      : wakeup(
            executor, [](void* self) noexcept { ++static_cast<Waiter*>(self)->wakes; }, this) {}
  base::Wakeup wakeup;
  size_t wakes = 0;
};

class SharedJobTest : public testing::Test {
 protected:
  fakes::ManualExecutor executor_;
  Waiter waiter_{executor_};
  SharedRead job_{&waiter_.wakeup};
};

TEST_F(SharedJobTest, ItsWaiterIsWokenOnceAtTheFirstEnd) {
  EXPECT_EQ(job_.end(), End::kPending);
  EXPECT_EQ(executor_.run(), 0u);
  job_.settle(End::kFailed);
  job_.settle(End::kDone);
  EXPECT_EQ(job_.end(), End::kFailed);
  EXPECT_EQ(executor_.run(), 1u);
  EXPECT_EQ(waiter_.wakes, 1u);
  job_.settle(End::kDone);
  EXPECT_EQ(executor_.run(), 0u);
}

TEST_F(SharedJobTest, WhoHasLeftIsNotWoken) {
  EXPECT_FALSE(job_.forgotten());
  job_.forget();
  EXPECT_TRUE(job_.forgotten());
  job_.settle(End::kDone);
  EXPECT_EQ(job_.end(), End::kDone);
  EXPECT_EQ(executor_.run(), 0u);
}

TEST_F(SharedJobTest, WhoLeavesWithItsWakeupQueuedIsNotWoken) {
  job_.settle(End::kDone);
  EXPECT_EQ(executor_.wakeups_queued(), 1u);
  job_.forget();
  EXPECT_EQ(executor_.run(), 0u);
}

TEST_F(SharedJobTest, LeavingAfterwardsAndTwiceChangesNothing) {
  job_.settle(End::kDone);
  EXPECT_EQ(executor_.run(), 1u);
  job_.forget();
  job_.forget();
  EXPECT_EQ(job_.end(), End::kDone);
  EXPECT_EQ(executor_.run(), 0u);
  EXPECT_EQ(waiter_.wakes, 1u);
}

// As when one settles and the next begins: the node is one.
TEST_F(SharedJobTest, OneWaiterMayWaitForOneAfterTheOther) {
  job_.settle(End::kDone);
  job_.forget();
  SharedRead next(&waiter_.wakeup);
  next.settle(End::kDone);
  EXPECT_EQ(executor_.run(), 1u);
  EXPECT_EQ(waiter_.wakes, 1u);
}

TEST_F(SharedJobTest, WaitsNoLongerThanItIsTold) {
  EXPECT_FALSE(job_.wait_ms(0));
  EXPECT_FALSE(job_.wait_ms(1));
  job_.settle(End::kDropped);
  EXPECT_TRUE(job_.wait_ms(0));
  executor_.run();
}

TEST(SharedJob, NeedsNoWaiter) {
  SharedRead job(nullptr);
  std::thread lane([&job] {
    job.values[0] = {true, "found"};
    job.settle(End::kDone);
  });
  EXPECT_TRUE(job.wait_ms(25'000));
  EXPECT_EQ(job.values[0].payload, "found");
  lane.join();
  job.forget();
  EXPECT_TRUE(job.forgotten());
}

TEST(SharedJob, ASizeCountsWhatItHolds) {
  SharedWrite job(SharedWrite::Op::kSet, nullptr);
  const size_t bare = job.bytes();
  EXPECT_GE(bare, sizeof(SharedWrite));
  job.payload = std::string(1000, 'x');
  EXPECT_EQ(job.bytes(), bare + 1000);
  SharedWrite store(SharedWrite::Op::kStoreEntry, nullptr);
  store.entry = sample("q");
  EXPECT_EQ(store.bytes(), bare + store.entry->cost_bytes());
}

// Lane: settles what it is given, on a thread of its own.
class Lane {
 public:
  void settle(std::shared_ptr<SharedRead> job) {
    CHECK(executor_.post([job = std::move(job)] {
      job->values[0].payload = "written before it is settled";
      job->settle(End::kDone);
    }));
  }

 private:
  fakes::ThreadExecutor executor_;
};

// Whatever the moment at which a waiter leaves: it is woken once or never, and never afterwards.
// The waiter dies with its turn, so that a late wake-up would also be seen by the sanitizers.
TEST(SharedJob, AWaiterMayLeaveAtAnyMoment) {
  constexpr int kTurns = 3000;
  fakes::ThreadExecutor loop;
  Lane lane;
  size_t woken = 0;
  size_t left = 0;
  std::mt19937 random(1);
  for (int turn = 0; turn < kTurns; ++turn) {
    std::unique_ptr<Waiter> waiter;
    std::shared_ptr<SharedRead> job;
    loop.call([&] {
      waiter = std::make_unique<Waiter>(loop);
      job = std::make_shared<SharedRead>(&waiter->wakeup);
      lane.settle(job);
    });
    for (uint32_t i = random() % 200; i > 0; --i)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    loop.call([&] {
      job->forget();
      EXPECT_LE(waiter->wakes, 1u);
      ++(waiter->wakes == 1 ? woken : left);
      waiter.reset();
    });
  }
  EXPECT_EQ(woken + left, static_cast<size_t>(kTurns));
}

// Nobody misses the end: as many are woken as wait.
TEST(SharedJob, EachOfManyIsWokenOnce) {
  constexpr size_t kJobs = 2000;
  struct Counting {
    Counting(base::Executor& executor, std::latch& all)
        : done(all),
          wakeup(
              executor, [](void* self) noexcept { static_cast<Counting*>(self)->on_wake(); }, this),
          job(std::make_shared<SharedRead>(&wakeup)) {}
    void on_wake() {
      EXPECT_EQ(job->end(), End::kDone);
      EXPECT_EQ(job->values[0].payload, "written before it is settled");
      ++wakes;
      done.count_down();
    }
    std::latch& done;
    base::Wakeup wakeup;
    std::shared_ptr<SharedRead> job;
    size_t wakes = 0;
  };
  std::latch all(kJobs);
  fakes::ThreadExecutor loop;
  std::vector<std::unique_ptr<Counting>> waiters;
  {
    Lane lane;
    loop.call([&] {
      for (size_t i = 0; i < kJobs; ++i) {
        waiters.push_back(std::make_unique<Counting>(loop, all));
        lane.settle(waiters.back()->job);
      }
    });
    all.wait();
  }
  loop.call([&] {
    for (const auto& waiter : waiters) {
      waiter->job->forget();
      EXPECT_EQ(waiter->wakes, 1u);
    }
    waiters.clear();
  });
}

}  // namespace
}  // namespace reprise::cache
