#include "recording/record.h"

#include <gtest/gtest.h>

#include "recording/scene.h"

namespace reprise::recording {
namespace {

TEST(Record, HoldsWhatItWasMadeFrom) {
  const Record record(head_of(201), bytes_of("body"), {{2, 5}, {4, 9}});
  EXPECT_EQ(record.head().status, 201);
  EXPECT_EQ(record.head().fields.find("content-type"), "text/event-stream");
  EXPECT_EQ(record.body().view(), "body");
  ASSERT_EQ(record.marks().size(), 2u);
  EXPECT_EQ(record.marks()[1].end, 4u);
  EXPECT_EQ(record.marks()[1].offset_ms, 9u);
}

TEST(Record, CostsAllThatItHolds) {
  const Record small(head_of(200), bytes_of("1234"), {{4, 1}});
  const Record longer(head_of(200), zeros(1004), {{1004, 1}});
  EXPECT_EQ(longer.cost_bytes(), small.cost_bytes() + 1000);
  std::vector<Mark> many(101);
  const Record marked(head_of(200), bytes_of("1234"), std::move(many));
  EXPECT_EQ(marked.cost_bytes(), small.cost_bytes() + 100 * sizeof(Mark));
  http::ResponseHead head = head_of(200);
  head.fields.add("X", std::string(500, 'x'));
  const Record named(std::move(head), bytes_of("1234"), {{4, 1}});
  EXPECT_GT(named.cost_bytes(), small.cost_bytes() + 500);
}

TEST(Record, IsReadWithItsHeadAndBodyAtOnce) {
  Scene scene;
  Reader reader(scene.executor);
  reader.cursor().open(
      std::make_shared<const Record>(head_of(200), bytes_of("body"), std::vector<Mark>{{4, 0}}));
  EXPECT_TRUE(reader.cursor().saw_head());
  EXPECT_EQ(reader.look(), Cursor::Status::kEnd);
  EXPECT_EQ(reader.status(), 200);
  EXPECT_EQ(reader.body(), "body");
  EXPECT_EQ(reader.cursor().consumed(), 4u);
  EXPECT_EQ(reader.look(), Cursor::Status::kEnd);
  EXPECT_EQ(reader.body(), "body");
  EXPECT_EQ(reader.heads(), 1);
}

TEST(Record, WithoutABodyHasNoPieces) {
  Scene scene;
  Reader reader(scene.executor);
  reader.cursor().open(
      std::make_shared<const Record>(head_of(204), base::Bytes(), std::vector<Mark>{}));
  EXPECT_EQ(reader.look(), Cursor::Status::kEnd);
  EXPECT_EQ(reader.pieces_of_last_look(), 0u);
  EXPECT_EQ(reader.status(), 204);
}

TEST(Record, OutlivesItsNameInItsReader) {
  Scene scene;
  Reader reader(scene.executor);
  auto record =
      std::make_shared<const Record>(head_of(200), bytes_of("b"), std::vector<Mark>{{1, 0}});
  const std::weak_ptr<const Record> last = record;
  reader.cursor().open(std::move(record));
  EXPECT_FALSE(last.expired());
  reader.cursor().leave();
  EXPECT_TRUE(last.expired());
  EXPECT_FALSE(reader.cursor().saw_head());
}

TEST(Record, AfterARecordingAndBefore) {
  Scene scene;
  Reader reader(scene.executor);
  ASSERT_TRUE(reader.join(scene.recording));
  ASSERT_EQ(reader.look(), Cursor::Status::kPending);
  reader.cursor().open(
      std::make_shared<const Record>(head_of(200), bytes_of("old"), std::vector<Mark>{{3, 0}}));
  EXPECT_EQ(scene.recorder->flow(), Recorder::Flow::kAbandoned);
  EXPECT_EQ(reader.read(), Cursor::Status::kEnd);
  Scene second;
  ASSERT_TRUE(reader.join(second.recording));
  second.recorder->head(head_of(201));
  second.append("new");
  second.complete();
  EXPECT_EQ(reader.read(), Cursor::Status::kEnd);
  EXPECT_EQ(reader.body(), "new");
}

}  // namespace
}  // namespace reprise::recording
