// One writer's thread and several readers' threads, as in the proxy. Run it under
// REPRISE_SANITIZE=thread: most of what it is for is what that would find.

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <thread>

#include "recording/crowd.h"

namespace reprise::recording {
namespace {

using Status = Cursor::Status;

constexpr uint64_t kRounds = 6;

TEST(RecordingStress, EverybodyReadsTheSame) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Budget budget(1u << 30);
    auto recording =
        std::make_shared<Recording>(Keep::kKept, OnAbandon::kCancel, Limits{}, &budget);
    Crowd crowd;
    std::latch done(Crowd::kFollowers);
    ASSERT_TRUE(crowd.join(0, recording));
    Writer writer(recording, {.seed = round, .good_end = round % 3 != 0});
    writer.start();
    // The others join while it is being written; the first stays, so all of them may.
    for (size_t i = 1; i < Crowd::kFollowers; ++i) {
      if (crowd.join(i, recording)) {
        crowd.read_all(i, done);
      } else {
        done.count_down();
      }
    }
    crowd.read_all(0, done);
    done.wait();
    writer.wait();
    for (size_t i = 0; i < Crowd::kFollowers; ++i) {
      const Follower& follower = *crowd.followers[i];
      if (follower.heads() == 0) continue;
      EXPECT_EQ(follower.last(), round % 3 != 0 ? Status::kEnd : Status::kFailed);
      EXPECT_EQ(follower.running(), writer.written());
      EXPECT_EQ(follower.stray_wakes(), 0u);
    }
    EXPECT_EQ(crowd.followers[0]->heads(), 1);
    if (round % 3 == 0) continue;
    Running finished;
    finished.add(writer.record()->body().view());
    EXPECT_EQ(finished, writer.written());
  }
}

// One stays for good; the others lose their interest and find it again while they read.
TEST(RecordingStress, InterestMayChangeAtAnyMoment) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    const bool passing = round % 2 == 0;
    const Limits limits{
        .kept_max = passing ? 3000u : 8u << 20, .window = 1500, .lag_max = 1u << 30};
    Budget budget(1u << 30);
    auto recording = std::make_shared<Recording>(Keep::kKept, OnAbandon::kCancel, limits, &budget);
    Crowd crowd;
    std::latch done(Crowd::kFollowers);
    for (size_t i = 0; i < Crowd::kFollowers; ++i) ASSERT_TRUE(crowd.join(i, recording));
    Writer writer(recording, {.seed = round});
    writer.start();
    for (size_t i = 0; i < Crowd::kFollowers; ++i) crowd.read_all(i, done);
    for (size_t turn = 0; turn < 40; ++turn) {
      for (size_t i = 1; i < Crowd::kFollowers; ++i) {
        Follower& follower = *crowd.followers[i];
        const auto interest =
            (turn + i) % 2 == 0 ? Cursor::Interest::kReads : Cursor::Interest::kOnlyWatches;
        CHECK(follower.executor().post([&follower, interest] { follower.set_interest(interest); }));
      }
    }
    done.wait();
    writer.wait();
    EXPECT_FALSE(writer.abandoned());
    for (const auto& follower : crowd.followers) {
      EXPECT_EQ(follower->last(), Status::kEnd);
      EXPECT_EQ(follower->running(), writer.written());
      EXPECT_EQ(follower->stray_wakes(), 0u);
    }
  }
}

TEST(RecordingStress, WhoIsPresentWhenItOutgrowsReadsTheSame) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Budget budget(1u << 30);
    auto recording = std::make_shared<Recording>(
        Keep::kKept, OnAbandon::kCancel,
        Limits{.kept_max = 3000, .window = 1500, .lag_max = 1u << 30}, &budget);
    {
      Crowd crowd;
      std::latch done(Crowd::kFollowers);
      for (size_t i = 0; i < Crowd::kFollowers; ++i) ASSERT_TRUE(crowd.join(i, recording));
      Writer writer(recording, {.seed = round});
      writer.start();
      for (size_t i = 0; i < Crowd::kFollowers; ++i) crowd.read_all(i, done);
      done.wait();
      writer.wait();
      EXPECT_EQ(writer.record(), nullptr);
      for (const auto& follower : crowd.followers) {
        EXPECT_EQ(follower->last(), Status::kEnd);
        EXPECT_EQ(follower->running(), writer.written());
        EXPECT_EQ(follower->stray_wakes(), 0u);
      }
    }
    EXPECT_EQ(budget.held(), 0u);
  }
}

TEST(RecordingStress, AWriterThatWaitsIsAlwaysWoken) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Budget budget(1u << 30);
    auto recording = std::make_shared<Recording>(Keep::kPassing, OnAbandon::kCancel,
                                                 Limits{.window = 100}, &budget);
    Crowd crowd;
    std::latch done(1);
    ASSERT_TRUE(crowd.join(0, recording));
    Writer writer(recording, {.chunks = 1500, .chunk_bytes_max = 80, .seed = round});
    writer.start();
    writer.wait_until_held_back();
    crowd.read_all(0, done);
    done.wait();
    writer.wait();
    EXPECT_EQ(crowd.followers[0]->running(), writer.written());
    EXPECT_EQ(budget.held(), 0u);
  }
}

TEST(RecordingStress, WhoIsNotCutReadsEverything) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    Budget budget(1u << 30);
    auto recording = std::make_shared<Recording>(
        Keep::kKept, OnAbandon::kCancel, Limits{.kept_max = 1000, .window = 2000, .lag_max = 3000},
        &budget);
    Crowd crowd;
    std::latch done(Crowd::kFollowers);
    for (size_t i = 0; i < Crowd::kFollowers; ++i) ASSERT_TRUE(crowd.join(i, recording));
    Writer writer(recording, {.seed = round});
    writer.start();
    for (size_t i = 0; i < Crowd::kFollowers; ++i) crowd.read_all(i, done);
    done.wait();
    writer.wait();
    size_t whole = 0;
    for (const auto& follower : crowd.followers) {
      if (follower->last() == Status::kEnd) {
        ++whole;
        EXPECT_EQ(follower->running(), writer.written());
      } else {
        EXPECT_EQ(follower->failure(), Failure::kLagging);
        EXPECT_LT(follower->running().size(), writer.written().size());
      }
    }
    EXPECT_GT(whole, 0u);  // the fastest is never cut
    EXPECT_EQ(budget.held(), 0u);
  }
}

// Readers come, look and go as fast as they can, with their wake-ups on the way to them.
TEST(RecordingStress, ComingAndGoingDisturbsNobody) {
  for (uint64_t round = 0; round < kRounds; ++round) {
    const bool cancels = round % 2 == 0;
    Budget budget(1u << 30);
    auto recording = std::make_shared<Recording>(
        Keep::kKept, cancels ? OnAbandon::kCancel : OnAbandon::kFinish, Limits{}, &budget);
    Crowd crowd;
    std::latch done(Crowd::kFollowers);
    ASSERT_TRUE(crowd.join(0, recording));
    Writer writer(recording, {.chunks = 800, .chunk_bytes_max = 40, .seed = round});
    writer.start();
    std::atomic<size_t> turned_away{0};
    for (size_t i = 0; i < Crowd::kFollowers; ++i) {
      Follower& follower = *crowd.followers[i];
      const auto visits = [&follower, &recording, &done, &turned_away] {
        for (int visit = 0; visit < 200; ++visit) {
          if (!follower.join(recording)) {
            ++turned_away;
            continue;
          }
          for (int look = 0; look <= visit % 4; ++look) follower.look();
          follower.leave();
        }
        done.count_down();
      };
      ASSERT_TRUE(follower.executor().post(visits));
    }
    done.wait();
    writer.wait();
    for (const auto& follower : crowd.followers) EXPECT_EQ(follower->stray_wakes(), 0u);
    if (writer.abandoned()) {
      EXPECT_FALSE(recording->joinable());
    }
    if (!cancels) {
      EXPECT_TRUE(recording->joinable());
      EXPECT_FALSE(writer.abandoned());
      EXPECT_EQ(turned_away, 0u);
      Running finished;
      finished.add(writer.record()->body().view());
      EXPECT_EQ(finished, writer.written());
    }
  }
}

// OneMomentExecutor: inside wake() it lets the test's other thread go, and stays there until that
// has begun to leave.
class OneMomentExecutor final : public fakes::ManualExecutor {
 public:
  void wake(base::Wakeup& wakeup) noexcept override {
    moving.count_down();
    leaving.wait();
    ManualExecutor::wake(wakeup);
  }
  std::latch moving{1};
  std::latch leaving{1};
};

TEST(RecordingStress, LeavingWhileTheWakeupIsBeingMoved) {
  for (int round = 0; round < 50; ++round) {
    Scene scene;
    OneMomentExecutor executor;
    Reader keeps_it_open(scene.executor);
    Reader reader(executor);
    ASSERT_TRUE(keeps_it_open.join(scene.recording));
    ASSERT_TRUE(reader.join(scene.recording));
    ASSERT_EQ(reader.look(), Status::kPending);
    std::thread writer([&scene] { scene.recorder->head(head_of(200)); });
    executor.moving.wait();
    executor.leaving.count_down();
    reader.cursor().leave();
    EXPECT_EQ(executor.run(), 0u);
    writer.join();
    EXPECT_EQ(executor.run(), 0u);
    EXPECT_EQ(reader.wakes(), 0u);
  }
}

}  // namespace
}  // namespace reprise::recording
