// Readers for whose sake a recording goes on, and those who only watch.

#include <gtest/gtest.h>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Flow = Recorder::Flow;
using Interest = Cursor::Interest;
using Status = Cursor::Status;

TEST(Interest, AWatcherReadsLikeAnybody) {
  Scene scene;
  Reader reader(scene.executor);
  Reader watcher(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
  EXPECT_EQ(watcher.look(), Status::kPending);
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(watcher.wakes(), 1u);
  scene.append("one");
  EXPECT_EQ(watcher.read(), Status::kPending);
  scene.append("two");
  scene.complete();
  EXPECT_EQ(watcher.read(), Status::kEnd);
  EXPECT_EQ(watcher.body(), "onetwo");
  EXPECT_EQ(watcher.heads(), 1);
  scene.executor.run();
}

TEST(Interest, NothingGoesOnForAWatchersSake) {
  for (const Keep keep : {Keep::kKept, Keep::kPassing}) {
    Scene scene(keep);
    Reader reader(scene.executor);
    Reader watcher(scene.executor);
    ASSERT_TRUE(reader.join(scene.recording));
    if (keep == Keep::kKept) {
      ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
    }
    scene.recorder->head(head_of(200));
    EXPECT_EQ(scene.append("one"), Flow::kGoOn);
    reader.cursor().leave();
    EXPECT_EQ(scene.executor.run(), 1u);
    EXPECT_EQ(scene.writer_wakes, 1u);
    EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
    EXPECT_FALSE(scene.recording->joinable());
  }
}

TEST(Interest, AWatcherMayComeAndGo) {
  Scene scene;
  Reader reader(scene.executor);
  Reader watcher(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
    EXPECT_EQ(scene.append("x"), Flow::kGoOn);
    watcher.cursor().leave();
    EXPECT_EQ(scene.executor.run(), 0u);
    EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  }
  EXPECT_TRUE(scene.recording->joinable());
}

// As when it is made before the first client has been told of it.
TEST(Interest, AWatcherMayBeTheFirst) {
  Scene scene;
  Reader watcher(scene.executor);
  Reader reader(scene.executor);
  ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  ASSERT_TRUE(reader.join(scene.recording));
  watcher.cursor().leave();
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  reader.cursor().leave();
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Interest, WhoHasTakenItKeepsARecordingGoing) {
  Scene scene;
  Reader reader(scene.executor);
  Reader watcher(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
  watcher.cursor().set_interest(Interest::kReads);
  watcher.cursor().set_interest(Interest::kReads);  // once is enough
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  watcher.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Interest, TheLastToLoseItAbandons) {
  Scene scene;
  Reader first(scene.executor);
  Reader second(scene.executor);
  ASSERT_TRUE(first.join(scene.recording));
  ASSERT_TRUE(second.join(scene.recording));
  first.cursor().set_interest(Interest::kOnlyWatches);
  first.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  second.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
  // It is too late to think better of it.
  first.cursor().set_interest(Interest::kReads);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Interest, WhatIsToFinishGoesOnWithoutAny) {
  Scene scene(Keep::kKept, {}, OnAbandon::kFinish);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  reader.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.append("one"), Flow::kGoOn);
  reader.cursor().leave();
  EXPECT_EQ(scene.append("two"), Flow::kGoOn);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.recording->finished()->body().view(), "onetwo");
}

TEST(Interest, LosingItAfterTheEndChangesNothing) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.complete();
  reader.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_TRUE(scene.recording->joinable());
  EXPECT_EQ(reader.read(), Status::kEnd);
}

TEST(Interest, AWatcherThatReadsIsOneThatTheWriterMayRunAheadOf) {
  Scene scene(Keep::kKept, {.window = 4});
  Reader reader(scene.executor);
  Reader watcher(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  ASSERT_TRUE(watcher.join(scene.recording, Interest::kOnlyWatches));
  scene.recorder->head(head_of(200));
  scene.recorder->stop_keeping();
  EXPECT_EQ(scene.append("1234"), Flow::kWait);
  EXPECT_EQ(reader.read(), Status::kPending);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
}

// What a watcher has before it is held for it, but no longer than for anybody.
class Watched : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(reader_.join(scene_.recording));
    ASSERT_TRUE(watcher_.join(scene_.recording, Interest::kOnlyWatches));
    scene_.recorder->head(head_of(200));
    scene_.recorder->stop_keeping();
    for (int i = 0; i < 3; ++i) scene_.append("1234");
    EXPECT_EQ(reader_.read(), Status::kPending);
    EXPECT_EQ(watcher_.look(), Status::kFailed);
    EXPECT_EQ(watcher_.cursor().failure().failure, Failure::kLagging);
  }

  Scene scene_{Keep::kKept, {.window = 100, .lag_max = 10}};
  Reader reader_{scene_.executor};
  Reader watcher_{scene_.executor};
};

TEST_F(Watched, OneThatWasCutIsNotCountedDown) {
  EXPECT_EQ(scene_.append("x"), Flow::kGoOn);
  watcher_.cursor().leave();
  EXPECT_EQ(scene_.append("y"), Flow::kGoOn);
  scene_.executor.run();
  EXPECT_EQ(scene_.writer_wakes, 0u);
  reader_.cursor().leave();
  EXPECT_EQ(scene_.recorder->flow(), Flow::kAbandoned);
}

TEST_F(Watched, OneThatWasCutKeepsNothingGoingWhateverItsInterest) {
  watcher_.cursor().set_interest(Interest::kReads);
  reader_.cursor().leave();
  EXPECT_EQ(scene_.recorder->flow(), Flow::kAbandoned);
  watcher_.cursor().set_interest(Interest::kOnlyWatches);
  watcher_.cursor().set_interest(Interest::kReads);
  watcher_.cursor().leave();
  EXPECT_TRUE(scene_.let_go().expired());
  scene_.executor.run();
}

TEST_F(Watched, AReaderThatWasCutAndThenOnlyWatchesIsNotCountedTwice) {
  Scene scene(Keep::kKept, {.window = 100, .lag_max = 10});
  Reader slow(scene.executor);
  Reader fast(scene.executor);
  ASSERT_TRUE(slow.join(scene.recording));
  ASSERT_TRUE(fast.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.recorder->stop_keeping();
  for (int i = 0; i < 3; ++i) scene.append("1234");
  EXPECT_EQ(fast.read(), Status::kPending);
  slow.cursor().set_interest(Interest::kOnlyWatches);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.append("x"), Flow::kGoOn);
  slow.cursor().leave();
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  fast.cursor().leave();
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(InterestDeathTest, OnlyWhoHasJoinedHasAny) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Scene scene;
  Reader reader(scene.executor);
  EXPECT_DEATH(reader.cursor().set_interest(Interest::kReads), "CHECK failed");
}

}  // namespace
}  // namespace reprise::recording
