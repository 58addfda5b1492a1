#include "recording/cursor.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

using Status = Cursor::Status;

// The writer's steps, in order. A follower may come before or after any of them.
constexpr size_t kSteps = 5;  // interim, head, two chunks, the ending

enum class Ending { kComplete, kFail, kDrop };
enum class Diligence { kAtEachStep, kAtTheEnd };

void take_step(Scene& scene, size_t step, Ending ending) {
  switch (step) {
    case 0:
      return scene.recorder->interim(head_of(103));
    case 1:
      return scene.recorder->head(head_of(200));
    case 2:
      scene.append("one ");
      return;
    case 3:
      scene.append("two");
      return;
    default:
      if (ending == Ending::kComplete) return scene.complete();
      if (ending == Ending::kFail) return scene.fail();
      return scene.recorder.reset();
  }
}

void follow(Ending ending, size_t joins_at, Diligence diligence) {
  Scene scene;
  Reader first(scene.executor);
  Reader reader(scene.executor,
                diligence == Diligence::kAtEachStep ? Reader::Habit::kRead : Reader::Habit::kCount);
  ASSERT_TRUE(first.join(scene.recording));
  for (size_t step = 0; step < kSteps; ++step) {
    if (step == joins_at) {
      ASSERT_TRUE(reader.join(scene.recording));
    }
    if (step == joins_at && diligence == Diligence::kAtEachStep) {
      EXPECT_EQ(reader.read(), Status::kPending);
    }
    take_step(scene, step, ending);
    scene.executor.run();
  }
  const bool late = joins_at == kSteps;
  if (late && ending != Ending::kComplete) {
    EXPECT_FALSE(reader.join(scene.recording));
    return;
  }
  if (late) {
    ASSERT_TRUE(reader.join(scene.recording));
  }
  EXPECT_EQ(reader.read(), ending == Ending::kComplete ? Status::kEnd : Status::kFailed);
  EXPECT_EQ(reader.body(), "one two");
  EXPECT_EQ(reader.heads(), 1);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.interims(), std::vector<int>{103});
  EXPECT_EQ(reader.cursor().consumed(), 7u);
  if (ending == Ending::kFail) {
    EXPECT_EQ(reader.cursor().failure().failure, Failure::kTruncated);
    EXPECT_EQ(reader.cursor().failure().detail, "cut short");
  }
  if (ending == Ending::kDrop) {
    EXPECT_EQ(reader.cursor().failure().failure, Failure::kAbandoned);
  }
  EXPECT_EQ(scene.executor.wakeups_queued(), 0u);
}

TEST(Cursor, FollowsFromEveryStepToEveryEnding) {
  for (const Ending ending : {Ending::kComplete, Ending::kFail, Ending::kDrop}) {
    for (size_t joins_at = 0; joins_at <= kSteps; ++joins_at) {
      for (const Diligence diligence : {Diligence::kAtEachStep, Diligence::kAtTheEnd}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(ending) << " " << joins_at << " "
                                        << static_cast<int>(diligence));
        follow(ending, joins_at, diligence);
      }
    }
  }
}

TEST(Cursor, SeesFailureBeforeAnyHead) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  EXPECT_EQ(reader.look(), Status::kPending);
  scene.recorder->fail({Failure::kUnreachable, "refused"});
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(reader.look(), Status::kFailed);
  EXPECT_EQ(reader.cursor().failure().failure, Failure::kUnreachable);
  EXPECT_FALSE(reader.cursor().saw_head());
  EXPECT_EQ(reader.heads(), 0);
  EXPECT_EQ(reader.look(), Status::kFailed);
}

TEST(Cursor, GetsInterimHeadsInOrderAndOneAtATime) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->interim(head_of(102));
  scene.recorder->interim(head_of(103));
  EXPECT_EQ(reader.look(), Status::kMore);
  EXPECT_EQ(reader.interims(), std::vector<int>{102});
  EXPECT_EQ(reader.read(), Status::kPending);
  scene.recorder->interim(head_of(104));
  EXPECT_EQ(scene.executor.run(), 1u);  // each is passed on as it comes
  scene.recorder->head(head_of(200));
  scene.complete();
  EXPECT_EQ(reader.look(), Status::kMore);
  EXPECT_EQ(reader.heads(), 0);
  EXPECT_TRUE(reader.cursor().saw_head());
  EXPECT_EQ(reader.look(), Status::kEnd);
  EXPECT_EQ(reader.interims(), (std::vector<int>{102, 103, 104}));
  EXPECT_EQ(reader.heads(), 1);
}

TEST(Cursor, GetsTrailersWithTheEnd) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.append("body");
  EXPECT_EQ(reader.look(), Status::kPending);
  EXPECT_FALSE(reader.trailers());
  http::Fields trailers;
  trailers.add("Digest", "1");
  scene.recorder->complete(std::move(trailers));
  EXPECT_EQ(reader.look(), Status::kEnd);
  EXPECT_EQ(reader.trailers(), "Digest");
}

TEST(Cursor, TakesAboutWhatItIsAskedFor) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (size_t i = 0; i < 4; ++i) scene.append("1234");
  EXPECT_EQ(reader.look(5), Status::kMore);
  EXPECT_EQ(reader.cursor().consumed(), 8u);
  EXPECT_EQ(reader.look(1), Status::kMore);
  EXPECT_EQ(reader.cursor().consumed(), 12u);
  EXPECT_EQ(reader.look(4), Status::kPending);
  EXPECT_EQ(reader.body(), "1234123412341234");
}

TEST(Cursor, TakesNoMorePiecesThanABatchHas) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  for (size_t i = 0; i < Batch::kPiecesMax + 1; ++i) scene.append("x");
  scene.complete();
  EXPECT_EQ(reader.look(), Status::kMore);
  EXPECT_EQ(reader.pieces_of_last_look(), Batch::kPiecesMax);
  EXPECT_EQ(reader.look(), Status::kEnd);
  EXPECT_EQ(reader.body(), std::string(Batch::kPiecesMax + 1, 'x'));
}

TEST(Cursor, IsWokenOnceHoweverMuchCame) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  EXPECT_EQ(reader.look(), Status::kPending);
  EXPECT_EQ(scene.executor.wakeups_queued(), 0u);
  scene.recorder->interim(head_of(103));
  scene.recorder->head(head_of(200));
  scene.append("one");
  scene.complete();
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(reader.wakes(), 1u);
  EXPECT_EQ(reader.read(), Status::kEnd);
}

TEST(Cursor, IsNotWokenUnlessItIsPending) {
  Scene scene;
  Reader fresh(scene.executor);
  Reader amid(scene.executor);
  ASSERT_TRUE(fresh.join(scene.recording));
  ASSERT_TRUE(amid.join(scene.recording));
  scene.recorder->head(head_of(200));
  scene.append("one");
  scene.append("two");
  EXPECT_EQ(amid.look(1), Status::kMore);
  scene.append("three");
  scene.complete();
  EXPECT_EQ(scene.executor.wakeups_queued(), 0u);
}

TEST(Cursor, LookingBeforeTheWakeupRunsTakesItsPlace) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  scene.recorder->head(head_of(200));
  EXPECT_EQ(reader.look(), Status::kPending);
  scene.append("one");
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
  EXPECT_EQ(reader.look(), Status::kPending);
  EXPECT_EQ(reader.body(), "one");
  EXPECT_EQ(scene.executor.run(), 0u);
  scene.append("two");
  EXPECT_EQ(scene.executor.run(), 1u);
  EXPECT_EQ(reader.wakes(), 1u);
}

TEST(Cursor, LookingTwiceArmsOnce) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  EXPECT_EQ(reader.look(), Status::kPending);
  EXPECT_EQ(reader.look(), Status::kPending);
  scene.recorder->head(head_of(200));
  EXPECT_EQ(scene.executor.run(), 1u);
}

TEST(Cursor, JoiningAnotherRecordingLeavesTheFirst) {
  Scene scene;
  Scene other;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  EXPECT_EQ(reader.look(), Status::kPending);
  scene.recorder->head(head_of(200));
  ASSERT_TRUE(reader.join(other.recording));
  EXPECT_EQ(scene.executor.wakeups_queued(), 1u);  // the writer's: nobody reads any more
  EXPECT_EQ(scene.recorder->flow(), Scene::Flow::kAbandoned);
  other.recorder->head(head_of(201));
  other.complete();
  EXPECT_EQ(reader.read(), Status::kEnd);
  EXPECT_EQ(reader.status(), 201);
}

// Where a reader can be when it leaves. Each leaves the recording as if it had never been there.
using Preparation = std::function<void(Scene&, Reader&)>;
struct Place {
  const char* name;
  Preparation prepare;
};

void into_the_body(Scene& scene, Reader&) {
  scene.recorder->head(head_of(200));
  scene.append("one");
  scene.append("two");
}

const std::array<Place, 9>& places() {
  static const std::array<Place, 9> all{{
      {"fresh", [](Scene&, Reader&) {}},
      {"with everything before it", into_the_body},
      {"armed",
       [](Scene& scene, Reader& reader) {
         into_the_body(scene, reader);
         EXPECT_EQ(reader.read(), Status::kPending);
       }},
      {"its wake-up queued",
       [](Scene& scene, Reader& reader) {
         EXPECT_EQ(reader.read(), Status::kPending);
         into_the_body(scene, reader);
         EXPECT_EQ(scene.executor.wakeups_queued(), 1u);
       }},
      {"its wake-up has run",
       [](Scene& scene, Reader& reader) {
         EXPECT_EQ(reader.read(), Status::kPending);
         into_the_body(scene, reader);
         EXPECT_EQ(scene.executor.run(), 1u);
       }},
      {"amid the body",
       [](Scene& scene, Reader& reader) {
         into_the_body(scene, reader);
         EXPECT_EQ(reader.look(1), Status::kMore);
       }},
      {"behind what is passing",
       [](Scene& scene, Reader& reader) {
         into_the_body(scene, reader);
         scene.recorder->stop_keeping();
         EXPECT_EQ(reader.look(1), Status::kMore);
       }},
      {"at the end",
       [](Scene& scene, Reader& reader) {
         into_the_body(scene, reader);
         scene.complete();
         EXPECT_EQ(reader.read(), Status::kEnd);
       }},
      {"at a failure",
       [](Scene& scene, Reader& reader) {
         into_the_body(scene, reader);
         scene.fail();
         EXPECT_EQ(reader.read(), Status::kFailed);
       }},
  }};
  return all;
}

TEST(Cursor, MayLeaveFromEveryPlace) {
  for (const Place& place : places()) {
    SCOPED_TRACE(place.name);
    Scene scene;
    Reader reader(scene.executor);
    ASSERT_TRUE(reader.join(scene.recording));
    place.prepare(scene, reader);
    const size_t wakes = reader.wakes();
    reader.cursor().leave();
    const bool open = !scene.recorder->ended();
    EXPECT_EQ(scene.executor.run(), open ? 1u : 0u);
    EXPECT_EQ(scene.writer_wakes, open ? 1u : 0u);
    EXPECT_EQ(reader.wakes(), wakes);
    if (open) {
      EXPECT_EQ(scene.recorder->flow(), Scene::Flow::kAbandoned);
    }
    reader.cursor().leave();  // again: nothing
    EXPECT_TRUE(scene.let_go().expired());
    EXPECT_EQ(scene.budget.held(), 0u);
  }
}

TEST(Cursor, LeavesWhenItDies) {
  for (const Place& place : places()) {
    SCOPED_TRACE(place.name);
    Scene scene;
    {
      Reader reader(scene.executor);
      ASSERT_TRUE(reader.join(scene.recording));
      place.prepare(scene, reader);
    }
    scene.executor.run();
    EXPECT_TRUE(scene.let_go().expired());
    EXPECT_EQ(scene.budget.held(), 0u);
  }
}

TEST(Cursor, HoldsItsRecordingAliveAndMayBeTheLast) {
  for (const Place& place : places()) {
    SCOPED_TRACE(place.name);
    Scene scene;
    Reader reader(scene.executor);
    ASSERT_TRUE(reader.join(scene.recording));
    place.prepare(scene, reader);
    const std::weak_ptr<Recording> last = scene.let_go();
    EXPECT_FALSE(last.expired());
    reader.cursor().leave();
    EXPECT_TRUE(last.expired());
    EXPECT_EQ(scene.budget.held(), 0u);
    EXPECT_EQ(scene.executor.run(), 0u);
  }
}

}  // namespace
}  // namespace reprise::recording
