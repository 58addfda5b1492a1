#include "recording/recorder.h"

#include <gtest/gtest.h>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Flow = Recorder::Flow;
using Status = Cursor::Status;

TEST(Recorder, DroppedFailsTheRecording) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  ASSERT_EQ(reader.look(), Status::kPending);
  scene.recorder.reset();
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(reader.look(), Status::kFailed);
  EXPECT_EQ(reader.cursor().failure().failure, Failure::kAbandoned);
  EXPECT_FALSE(reader.cursor().failure().detail.empty());
  EXPECT_FALSE(scene.recording->joinable());
}

TEST(Recorder, DroppedAfterTheEndChangesNothing) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.complete();
  EXPECT_TRUE(scene.recorder->ended());
  scene.recorder.reset();
  EXPECT_EQ(reader.read(), Status::kEnd);
  EXPECT_TRUE(scene.recording->joinable());
}

TEST(Recorder, IsToldWhenTheLastReaderLeaves) {
  Scene scene;
  Reader first(scene.executor);
  Reader second(scene.executor);
  ASSERT_TRUE(first.join(scene.recording));
  ASSERT_TRUE(second.join(scene.recording));
  scene.recorder->head(head_of(200));
  first.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  second.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.writer_wakes, 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
  EXPECT_EQ(scene.append("more"), Flow::kAbandoned);
  EXPECT_FALSE(scene.recording->joinable());
  EXPECT_FALSE(first.join(scene.recording));
}

TEST(Recorder, IsToldOnceAndMayAskFirst) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
  EXPECT_EQ(scene.executor.run(), 0u);
}

TEST(Recorder, MayDieWithItsWakeupQueued) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
  scene.recorder.reset();
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.writer_wakes, 0u);
}

TEST(Recorder, GoesOnWithoutReadersIfItIsToFinish) {
  Scene scene(Keep::kKept, {}, OnAbandon::kFinish);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.append("one"), Flow::kGoOn);
  Reader late(scene.executor);
  ASSERT_TRUE(late.join(scene.recording));
  late.cursor().leave();
  EXPECT_EQ(scene.append("two"), Flow::kGoOn);
  EXPECT_EQ(scene.recording->finished()->body().view(), "onetwo");
  scene.complete();
  ASSERT_TRUE(late.join(scene.recording));
  EXPECT_EQ(late.read(), Status::kEnd);
  EXPECT_EQ(late.body(), "onetwo");
}

// There is nothing to finish for once the answer cannot be stored.
TEST(Recorder, StopsWithoutReadersOnceNothingIsKept) {
  Scene scene(Keep::kKept, {.kept_max = 4}, OnAbandon::kFinish);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  reader.cursor().leave();
  EXPECT_EQ(scene.append("1234"), Flow::kGoOn);
  EXPECT_EQ(scene.append("5"), Flow::kAbandoned);
  EXPECT_EQ(scene.budget.held(), 0u);
  EXPECT_FALSE(reader.join(scene.recording));
}

TEST(Recorder, StopsWhenTheLastReaderLeavesWhatIsNotKept) {
  Scene scene(Keep::kKept, {}, OnAbandon::kFinish);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->stop_keeping();
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Recorder, AJoinerComesBeforeAbandonmentOrNotAtAll) {
  Scene scene;
  Reader first(scene.executor);
  Reader second(scene.executor);
  ASSERT_TRUE(first.join(scene.recording));
  ASSERT_TRUE(second.join(scene.recording));
  first.cursor().leave();
  ASSERT_TRUE(first.join(scene.recording));
  second.cursor().leave();
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  first.cursor().leave();
  EXPECT_FALSE(second.join(scene.recording));
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Recorder, IsNotAbandonedAfterTheEnd) {
  for (const bool good : {true, false}) {
    Scene scene;
    Reader reader(scene.executor);
    ASSERT_TRUE(reader.join(scene.recording));
    scene.recorder->head(head_of(200));
    if (good) {
      scene.complete();
    } else {
      scene.fail();
    }
    reader.cursor().leave();
    EXPECT_EQ(scene.executor.run(), 0u);
    EXPECT_EQ(scene.recording->joinable(), good);
  }
}

TEST(Recorder, CountsTheTimeSinceItWasMade) {
  Scene scene;
  EXPECT_EQ(scene.recorder->elapsed_ms(), 0u);
  scene.clock.advance_us(1999);
  EXPECT_EQ(scene.recorder->elapsed_ms(), 1u);
  scene.clock.advance_us(1);
  EXPECT_EQ(scene.recorder->elapsed_ms(), 2u);
  scene.clock.advance_ms(int64_t{1} << 40);
  EXPECT_EQ(scene.recorder->elapsed_ms(), std::numeric_limits<uint32_t>::max());
}

TEST(Recorder, AnEmptyChunkIsNone) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(reader.look(), Status::kPending);
  EXPECT_EQ(scene.append(""), Flow::kGoOn);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(scene.budget.held(), 0u);
}

TEST(RecorderDeathTest, TheOrderOfStepsIsHeld) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Scene scene;
  EXPECT_DEATH(scene.append("x"), "CHECK failed");
  EXPECT_DEATH(scene.complete(), "CHECK failed");
  EXPECT_DEATH(Recorder(scene.recording, scene.clock, scene.writer), "CHECK failed");
  scene.recorder->head(head_of(200));
  EXPECT_DEATH(scene.recorder->head(head_of(200)), "CHECK failed");
  scene.complete();
  EXPECT_DEATH(scene.append("x"), "CHECK failed");
  EXPECT_DEATH(scene.fail(), "CHECK failed");
}

}  // namespace
}  // namespace reprise::recording
