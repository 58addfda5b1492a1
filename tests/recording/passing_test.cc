// What passes: the window, dropping, outgrowing, and readers that fall behind.

#include <gtest/gtest.h>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Flow = Recorder::Flow;
using Status = Cursor::Status;

TEST(Passing, DropsWhatItsReaderHasConsumed) {
  Scene scene(Keep::kPassing);
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (int i = 0; i < 100; ++i) {
    scene.recorder->append(zeros(1000));
    EXPECT_EQ(reader.read(), Status::kPending);
    EXPECT_EQ(scene.budget.held(), 0u);
  }
  scene.complete();
  EXPECT_EQ(reader.read(), Status::kEnd);
  EXPECT_EQ(reader.body().size(), 100'000u);
}

// One byte at a time costs the holder ninety.
TEST(Passing, AnAnswerInTinyPiecesOutgrowsByWhatItCosts) {
  Scene scene(Keep::kKept, {.kept_max = 64 * 1024});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  int pieces = 0;
  while (scene.recorder->keeping() && pieces < 64 * 1024) {
    scene.append("x");
    ++pieces;
  }
  EXPECT_FALSE(scene.recorder->keeping());
  EXPECT_LT(pieces, 8 * 1024);
  scene.complete();
}

TEST(Passing, HoldsTheWriterBackAtTheWindow) {
  Scene scene(Keep::kPassing, {.window = 8});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.append("1234567"), Flow::kGoOn);
  EXPECT_EQ(scene.append("8"), Flow::kWait);
  EXPECT_EQ(scene.recorder->flow(), Flow::kWait);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(reader.look(1), Status::kMore);
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
  EXPECT_EQ(reader.look(1), Status::kPending);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.writer_wakes, 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
}

TEST(Passing, WakesTheWriterOnlyBelowTheWindow) {
  Scene scene(Keep::kPassing, {.window = 2});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (const char* text : {"1", "2", "3", "4"}) scene.append(text);
  EXPECT_EQ(reader.look(1), Status::kMore);
  EXPECT_EQ(reader.look(1), Status::kMore);
  EXPECT_EQ(scene.executor.run(), 0u);
  EXPECT_EQ(reader.look(1), Status::kMore);
  EXPECT_EQ(scene.executor.run(), 1u);
}

TEST(Passing, WakesTheWriterAgainEachTimeItWaits) {
  Scene scene(Keep::kPassing, {.window = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (size_t turn = 1; turn <= 3; ++turn) {
    EXPECT_EQ(scene.append("x"), Flow::kWait);
    EXPECT_EQ(reader.read(), Status::kPending);
    EXPECT_EQ(scene.executor.run(), 1u);
    EXPECT_EQ(scene.writer_wakes, turn);
    EXPECT_EQ(scene.recorder->flow(), Flow::kGoOn);
  }
}

TEST(Passing, AStaleWakeupOfTheWriterIsNotTwo) {
  Scene scene(Keep::kPassing, {.window = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.append("x"), Flow::kWait);
  EXPECT_EQ(reader.read(), Status::kPending);
  EXPECT_EQ(scene.append("y"), Flow::kWait);  // it writes on without having asked
  EXPECT_EQ(reader.read(), Status::kPending);
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
}

TEST(Passing, TheLeaverOfAWaitingWriterWakesIt) {
  Scene scene(Keep::kPassing, {.window = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.append("x"), Flow::kWait);
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(scene.recorder->flow(), Flow::kAbandoned);
  EXPECT_EQ(scene.budget.held(), 0u);
}

TEST(Passing, AnEndedWriterIsNotWoken) {
  Scene scene(Keep::kPassing, {.window = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.append("x"), Flow::kWait);
  scene.complete();
  EXPECT_EQ(reader.read(), Status::kEnd);
  reader.cursor().leave();
  EXPECT_EQ(scene.executor.run(), 0u);
}

TEST(Passing, AKeptOneIsNeverHeldBack) {
  Scene scene(Keep::kKept, {.kept_max = 100, .window = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.recorder->append(zeros(100)), Flow::kGoOn);
  EXPECT_EQ(scene.append("x"), Flow::kWait);
}

class Outgrown : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(early_.join(scene_.recording));
    ASSERT_TRUE(idle_.join(scene_.recording));
    scene_.recorder->head(head_of(200));
    scene_.append("12345678");
    EXPECT_TRUE(scene_.recorder->keeping());
    ASSERT_TRUE(middle_.join(scene_.recording));
    EXPECT_EQ(early_.read(), Status::kPending);
    scene_.append("9");
    EXPECT_FALSE(scene_.recorder->keeping());
  }

  Scene scene_{Keep::kKept, {.kept_max = 8, .window = 4, .lag_max = 10}};
  Reader early_{scene_.executor};
  Reader middle_{scene_.executor};
  Reader idle_{scene_.executor};
};

TEST_F(Outgrown, TurnsLateJoinersAway) {
  Reader late(scene_.executor);
  EXPECT_FALSE(late.join(scene_.recording));
  EXPECT_FALSE(scene_.recording->joinable());
}

TEST_F(Outgrown, GivesPresentReadersEveryByte) {
  EXPECT_EQ(middle_.look(1), Status::kMore);
  EXPECT_EQ(early_.read(), Status::kPending);
  scene_.append("0");
  scene_.complete();
  for (Reader* reader : {&early_, &middle_, &idle_}) {
    EXPECT_EQ(reader->read(), Status::kEnd);
    EXPECT_EQ(reader->body(), "1234567890");
    EXPECT_EQ(reader->heads(), 1);
  }
  EXPECT_EQ(scene_.budget.held(), 0u);
  scene_.executor.run();
}

TEST_F(Outgrown, ReleasesWhatAllHaveRead) {
  const size_t two = scene_.budget.held();
  EXPECT_EQ(early_.read(), Status::kPending);
  EXPECT_EQ(middle_.read(), Status::kPending);
  EXPECT_EQ(scene_.budget.held(), two);
  EXPECT_EQ(idle_.look(1), Status::kMore);
  EXPECT_LT(scene_.budget.held(), two);
  idle_.cursor().leave();
  EXPECT_EQ(scene_.budget.held(), 0u);
  scene_.executor.run();
}

TEST_F(Outgrown, MeasuresTheWindowByTheFastest) {
  EXPECT_EQ(scene_.append("ab"), Flow::kGoOn);
  EXPECT_EQ(scene_.append("c"), Flow::kWait);
  scene_.executor.run();
  EXPECT_EQ(middle_.read(), Status::kPending);
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(scene_.writer_wakes, 1u);
  EXPECT_EQ(scene_.recorder->flow(), Flow::kGoOn);
}

TEST_F(Outgrown, WhenTheFastestLeavesTheNextIsTheFastest) {
  EXPECT_EQ(scene_.recorder->flow(), Flow::kGoOn);
  early_.cursor().leave();
  EXPECT_EQ(scene_.recorder->flow(), Flow::kWait);
  EXPECT_EQ(idle_.look(1), Status::kMore);
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(scene_.recorder->flow(), Flow::kGoOn);
}

TEST_F(Outgrown, CutsWhoLagsTooFarAndNobodyElse) {
  EXPECT_EQ(middle_.look(1), Status::kMore);
  scene_.append("0");
  EXPECT_EQ(early_.read(), Status::kPending);  // ten ahead of the idle one: just within
  scene_.append("!");
  const size_t all = scene_.budget.held();
  EXPECT_EQ(early_.read(), Status::kPending);
  EXPECT_LT(scene_.budget.held(), all);
  EXPECT_EQ(idle_.look(), Status::kFailed);
  EXPECT_EQ(idle_.cursor().failure().failure, Failure::kLagging);
  EXPECT_EQ(idle_.body(), "");
  EXPECT_EQ(idle_.look(), Status::kFailed);
  scene_.complete();
  EXPECT_EQ(middle_.read(), Status::kEnd);
  EXPECT_EQ(middle_.body(), "1234567890!");
  EXPECT_EQ(early_.read(), Status::kEnd);
  EXPECT_EQ(early_.body(), "1234567890!");
  scene_.executor.run();
}

TEST_F(Outgrown, OneThatWasCutKeepsNothingGoing) {
  scene_.append("0!");
  middle_.cursor().leave();
  EXPECT_EQ(early_.read(), Status::kPending);
  EXPECT_EQ(scene_.budget.held(), 0u);  // what only the cut one had before it goes too
  scene_.executor.run();
  EXPECT_EQ(scene_.recorder->flow(), Flow::kGoOn);
  early_.cursor().leave();
  EXPECT_EQ(scene_.executor.run(), 1u);
  EXPECT_EQ(scene_.recorder->flow(), Flow::kAbandoned);
  EXPECT_EQ(idle_.look(), Status::kFailed);
  EXPECT_EQ(idle_.cursor().failure().failure, Failure::kLagging);
  idle_.cursor().leave();
  EXPECT_EQ(scene_.executor.run(), 0u);
  EXPECT_TRUE(scene_.let_go().expired());
}

// What a reader consumed that left while everything was kept is no measure for those who stay.
TEST(Passing, ForgetsWhoLeftWhileEverythingWasKept) {
  Scene scene(Keep::kKept, {.kept_max = 100, .window = 150, .lag_max = 50});
  Reader gone(scene.executor);
  Reader stays(scene.executor);
  ASSERT_TRUE(gone.join(scene.recording));
  ASSERT_TRUE(stays.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (int i = 0; i < 10; ++i) scene.recorder->append(zeros(10));
  EXPECT_EQ(gone.read(), Status::kPending);
  gone.cursor().leave();
  EXPECT_EQ(scene.recorder->append(zeros(49)), Flow::kGoOn);
  EXPECT_EQ(scene.recorder->append(zeros(1)), Flow::kWait);
  EXPECT_EQ(stays.look(1), Status::kMore);
  scene.complete();
  EXPECT_EQ(stays.read(), Status::kEnd);
  EXPECT_EQ(stays.body().size(), 150u);
}

TEST(Passing, StopKeepingMeasuresAnew) {
  Scene scene(Keep::kKept, {.window = 10});
  Reader gone(scene.executor);
  Reader stays(scene.executor);
  ASSERT_TRUE(gone.join(scene.recording));
  ASSERT_TRUE(stays.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.recorder->append(zeros(10));
  EXPECT_EQ(gone.read(), Status::kPending);
  gone.cursor().leave();
  scene.recorder->stop_keeping();
  EXPECT_EQ(scene.recorder->flow(), Flow::kWait);
  EXPECT_EQ(stays.read(), Status::kPending);
  scene.executor.run();
}

TEST(Passing, OneChunkMayExceedEveryBound) {
  Scene scene(Keep::kPassing, {.kept_max = 1, .window = 1, .lag_max = 1});
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.recorder->append(zeros(100)), Flow::kWait);
  EXPECT_EQ(reader.read(), Status::kPending);
  EXPECT_EQ(reader.body().size(), 100u);
  scene.executor.run();
}

}  // namespace
}  // namespace reprise::recording
