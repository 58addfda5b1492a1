// A recording that one recorder begins and another goes on with.

#include <gtest/gtest.h>

#include <optional>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Flow = Recorder::Flow;
using Status = Cursor::Status;

// HandOver: a scene whose recorder hands over to a second one.
class HandOver : public testing::Test {
 protected:
  void hand_over() {
    const std::shared_ptr<Recording> recording = scene_.recorder->hand_over();
    EXPECT_EQ(recording, scene_.recording);
    second_.emplace(recording, scene_.clock, second_writer_);
  }

  Scene scene_;
  Reader reader_{scene_.executor};
  size_t second_wakes_ = 0;
  base::Wakeup second_writer_{
      scene_.executor, [](void* self) noexcept { ++static_cast<HandOver*>(self)->second_wakes_; },
      this};
  std::optional<Recorder> second_;
};

TEST_F(HandOver, TheSecondGoesOn) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  EXPECT_EQ(reader_.look(), Status::kPending);
  hand_over();
  EXPECT_TRUE(scene_.recorder->ended());
  scene_.recorder.reset();
  EXPECT_EQ(scene_.executor.run(), 0u);  // nobody hears of it
  EXPECT_FALSE(second_->ended());
  EXPECT_TRUE(second_->keeping());
  EXPECT_TRUE(scene_.recording->joinable());
  second_->head(head_of(200));
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(second_->append(bytes_of("one")), Flow::kGoOn);
  second_->complete({});
  EXPECT_EQ(reader_.read(), Status::kEnd);
  EXPECT_EQ(reader_.body(), "one");
  EXPECT_EQ(reader_.heads(), 1);
}

TEST_F(HandOver, WhatTheFirstBeganStays) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  scene_.recorder->interim(head_of(103));
  scene_.recorder->head(head_of(200));
  scene_.append("one");
  hand_over();
  second_->append(bytes_of("two"));
  EXPECT_EQ(scene_.recording->finished()->body().view(), "onetwo");
  second_->complete({});
  EXPECT_EQ(reader_.read(), Status::kEnd);
  EXPECT_EQ(reader_.body(), "onetwo");
  EXPECT_EQ(reader_.interims(), std::vector<int>{103});
}

TEST_F(HandOver, TheSecondOneDroppedFailsIt) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  hand_over();
  scene_.recorder.reset();
  EXPECT_EQ(reader_.look(), Status::kPending);
  second_.reset();
  EXPECT_EQ(reader_.look(), Status::kFailed);
  EXPECT_EQ(reader_.cursor().failure().failure, Failure::kAbandoned);
}

// Between the two nobody writes, and nobody is told.
TEST_F(HandOver, AbandonmentInBetweenIsToldToTheSecond) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  const std::shared_ptr<Recording> recording = scene_.recorder->hand_over();
  reader_.cursor().leave();
  EXPECT_EQ(scene_.executor.run(), 0u);
  second_.emplace(recording, scene_.clock, second_writer_);
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(second_wakes_, 1u);
  EXPECT_EQ(second_->flow(), Flow::kAbandoned);
}

TEST_F(HandOver, AbandonmentBeforeIsToldToTheSecond) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  reader_.cursor().leave();
  EXPECT_EQ(scene_.executor.wakeups_queued(), 1u);
  hand_over();
  scene_.recorder.reset();
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(scene_.writer_wakes, 0u);
  EXPECT_EQ(second_wakes_, 1u);
  EXPECT_EQ(second_->flow(), Flow::kAbandoned);
  EXPECT_FALSE(scene_.recording->joinable());
}

TEST_F(HandOver, AbandonmentAfterwardsIsToldToTheSecondAlone) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  hand_over();
  reader_.cursor().leave();
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(scene_.writer_wakes, 0u);
  EXPECT_EQ(second_wakes_, 1u);
  EXPECT_EQ(second_->flow(), Flow::kAbandoned);
}

TEST_F(HandOver, ThatNothingIsKeptStays) {
  ASSERT_TRUE(reader_.join(scene_.recording));
  scene_.recorder->stop_keeping();
  hand_over();
  EXPECT_FALSE(second_->keeping());
}

// Whoever waited for readers hands the wait over too.
TEST(HandOvers, TheSecondIsWokenWhenReadersCatchUp) {
  Scene scene(Keep::kPassing, {.window = 2});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.append("12"), Flow::kWait);
  size_t wakes = 0;
  base::Wakeup writer(
      scene.executor, [](void* count) noexcept { ++*static_cast<size_t*>(count); }, &wakes);
  Recorder second(scene.recorder->hand_over(), scene.clock, writer);
  EXPECT_EQ(second.flow(), Flow::kWait);
  EXPECT_EQ(reader.read(), Status::kPending);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(wakes, 1u);
  EXPECT_EQ(scene.writer_wakes, 0u);
  EXPECT_EQ(second.flow(), Flow::kGoOn);
}

TEST(HandOverDeathTest, OnlyWhatIsOpenIsHandedOver) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Scene scene;
  scene.recorder->head(head_of(200));
  scene.complete();
  EXPECT_DEATH(scene.recorder->hand_over(), "CHECK failed");
}

}  // namespace
}  // namespace reprise::recording
