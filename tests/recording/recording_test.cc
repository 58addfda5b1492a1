#include "recording/recording.h"

#include <gtest/gtest.h>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Status = Cursor::Status;

void expect_marks(const Record& record, const std::vector<Mark>& expected) {
  ASSERT_EQ(record.marks().size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(record.marks()[i].end, expected[i].end) << i;
    EXPECT_EQ(record.marks()[i].offset_ms, expected[i].offset_ms) << i;
  }
}

TEST(Recording, FinishedIsWhatWasRecorded) {
  Scene scene;
  scene.clock.advance_ms(7);
  scene.recorder->head(head_of(206));
  scene.append("one ");
  scene.append("two ");
  scene.clock.advance_ms(5);
  scene.append("three ");
  scene.clock.advance_ms(100);
  scene.append(std::string_view("\0four", 5));
  const auto record = scene.recording->finished();
  EXPECT_EQ(record->head().status, 206);
  EXPECT_EQ(record->head().reason, "So it is");
  EXPECT_EQ(record->body().view(), std::string_view("one two three \0four", 19));
  expect_marks(*record, {{8, 7}, {14, 12}, {19, 112}});
  EXPECT_EQ(scene.recording->bytes_recorded(), 19u);
}

TEST(Recording, FinishedSharesASingleChunk) {
  Scene scene;
  scene.recorder->head(head_of(200));
  scene.clock.advance_ms(3);
  const base::Bytes chunk = bytes_of("all at once");
  scene.recorder->append(chunk);
  const auto record = scene.recording->finished();
  EXPECT_EQ(record->body().data(), chunk.data());
  expect_marks(*record, {{11, 3}});
}

TEST(Recording, FinishedMayBeEmpty) {
  Scene scene;
  scene.recorder->head(head_of(204));
  const auto record = scene.recording->finished();
  EXPECT_TRUE(record->body().empty());
  EXPECT_TRUE(record->marks().empty());
}

TEST(Recording, FinishedDoesNotMindItsReaders) {
  Scene scene;
  Reader ahead(scene.executor);
  Reader behind(scene.executor);
  ASSERT_TRUE(ahead.join(scene.recording));
  ASSERT_TRUE(behind.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.append("one ");
  EXPECT_EQ(ahead.read(), Status::kPending);
  scene.append("two");
  ahead.cursor().leave();
  EXPECT_EQ(scene.recording->finished()->body().view(), "one two");
  scene.complete();
  EXPECT_EQ(scene.recording->finished()->body().view(), "one two");
  EXPECT_EQ(behind.read(), Status::kEnd);
  EXPECT_EQ(behind.body(), "one two");
}

TEST(Recording, TakesNewcomersAsLongAsItHasEverything) {
  Scene scene;
  EXPECT_TRUE(scene.recording->joinable());
  scene.recorder->head(head_of(200));
  scene.append("one");
  EXPECT_TRUE(scene.recording->joinable());
  scene.complete();
  EXPECT_TRUE(scene.recording->joinable());
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  EXPECT_EQ(reader.read(), Status::kEnd);
}

TEST(Recording, TakesNoNewcomersOnceItIsNotKept) {
  Scene scene;
  Reader present(scene.executor);
  Reader late(scene.executor);
  ASSERT_TRUE(present.join(scene.recording));
  EXPECT_TRUE(scene.recorder->keeping());
  scene.recorder->stop_keeping();
  EXPECT_FALSE(scene.recorder->keeping());
  EXPECT_FALSE(scene.recording->joinable());
  EXPECT_FALSE(late.join(scene.recording));
}

TEST(Recording, APassingOneTakesItsFirstReaderOnly) {
  Scene scene(Keep::kPassing);
  Reader first(scene.executor);
  Reader second(scene.executor);
  EXPECT_FALSE(scene.recording->joinable());
  ASSERT_TRUE(first.join(scene.recording));
  EXPECT_FALSE(second.join(scene.recording));
  first.cursor().leave();
  EXPECT_FALSE(second.join(scene.recording));
}

TEST(Recording, ChargesItsBudgetAndGivesEverythingBack) {
  for (const Keep keep : {Keep::kKept, Keep::kPassing}) {
    for (int ending = 0; ending < 3; ++ending) {
      SCOPED_TRACE(testing::Message() << static_cast<int>(keep) << " " << ending);
      Scene scene(keep);
      Reader reader(scene.executor);
      ASSERT_TRUE(reader.join(scene.recording));
      scene.recorder->head(head_of(200));
      scene.recorder->append(zeros(1000));
      const size_t one = scene.budget.held();
      EXPECT_GT(one, 1000u);
      scene.recorder->append(zeros(1000));
      EXPECT_EQ(scene.budget.held(), 2 * one);
      reader.look(1);
      EXPECT_EQ(scene.budget.held(), keep == Keep::kKept ? 2 * one : one);
      if (ending == 0) scene.complete();
      if (ending == 1) scene.fail();
      if (ending == 2) scene.recorder.reset();
      reader.cursor().leave();
      EXPECT_EQ(scene.budget.held(), keep == Keep::kKept ? 2 * one : 0u);
      scene.executor.run();
      scene.let_go();
      EXPECT_EQ(scene.budget.held(), 0u);
    }
  }
}

TEST(Recording, NeedsNoBudget) {
  Scene scene;
  auto recording =
      std::make_shared<Recording>(Keep::kPassing, OnAbandon::kCancel, Limits{}, nullptr);
  base::Wakeup writer(
      scene.executor, [](void*) noexcept {}, nullptr);
  Recorder recorder(recording, scene.clock, writer);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(recording));
  recorder.head(head_of(200));
  recorder.append(zeros(10));
  EXPECT_EQ(reader.read(), Status::kPending);
  reader.cursor().leave();
}

TEST(RecordingDeathTest, WhatWasNotKeptCannotBeFinished) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Scene scene;
  EXPECT_DEATH(scene.recording->finished(), "CHECK failed");
  scene.recorder->head(head_of(200));
  scene.recorder->stop_keeping();
  EXPECT_DEATH(scene.recording->finished(), "CHECK failed");
}

}  // namespace
}  // namespace reprise::recording
