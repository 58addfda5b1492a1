#include "http/sse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace reprise::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// What a reader made of a stream, in a form that can be compared.
struct Reading {
  std::vector<std::string> events;  // "name|data@end"
  std::string pending = "none";
  bool overflowed = false;
  bool operator==(const Reading&) const = default;
};

std::string shown(const SseReader::Event& event) {
  return std::string(event.name) + "|" + std::string(event.data) + "@" + std::to_string(event.end);
}

Reading read_pieces(const std::vector<std::string>& pieces, size_t event_bytes_max = 1000) {
  SseReader reader(event_bytes_max);
  Reading reading;
  for (const std::string& piece : pieces) {
    // A copy of its own per piece: a view kept beyond the call is an error that sanitizers see.
    const std::string copy(piece);
    reader.feed(copy, [&](const SseReader::Event& e) { reading.events.push_back(shown(e)); });
  }
  if (const auto pending = reader.take_pending()) reading.pending = shown(*pending);
  reading.overflowed = reader.overflowed();
  return reading;
}

// Reads `stream` whole, cut in two at each place, and byte by byte; all must agree.
Reading read_every_way(const std::string& stream, size_t event_bytes_max = 1000) {
  const Reading whole = read_pieces({stream}, event_bytes_max);
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    EXPECT_EQ(read_pieces({stream.substr(0, cut), stream.substr(cut)}, event_bytes_max), whole)
        << "cut at " << cut;
  }
  std::vector<std::string> bytes;
  for (char c : stream) bytes.emplace_back(1, c);
  EXPECT_EQ(read_pieces(bytes, event_bytes_max), whole) << "byte by byte";
  return whole;
}

TEST(SseReader, ReadsEveryKindOfLineEnd) {
  EXPECT_THAT(read_every_way("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\n\r\n").events,
              ElementsAre("|a@9", "|b@19", "|c@29", "|d@38"));
}

TEST(SseReader, TakesOneSpaceAfterTheColon) {
  EXPECT_THAT(read_every_way("data:  a\n\ndata:b\n\ndata:\tc\n\n").events,
              ElementsAre("| a@10", "|b@18", "|\tc@27"));
}

TEST(SseReader, JoinsDataLines) {
  EXPECT_THAT(read_every_way("data: a\ndata\ndata:\ndata: b\n\n").events,
              ElementsAre("|a\n\n\nb@28"));
}

TEST(SseReader, TheLastNameCounts) {
  EXPECT_THAT(read_every_way("event: x\ndata: a\nevent: y\n\ndata: b\n\n").events,
              ElementsAre("y|a@27", "|b@36"));
}

TEST(SseReader, DropsCommentsAndUnknownFields) {
  const Reading reading = read_every_way(
      ": keep-alive\n\n:\n\nretry: 3\n\ndatax: a\nDATA: b\n data: c\n\n: x\ndata: d\n: y\n\n");
  ASSERT_EQ(reading.events.size(), 1u);
  EXPECT_THAT(reading.events[0], ::testing::StartsWith("|d@"));
}

TEST(SseReader, DeliversANameWithoutData) {
  EXPECT_THAT(read_every_way("event: ping\n\ndata:\n\n").events, ElementsAre("ping|@13", "|@20"));
}

TEST(SseReader, StripsOneBomAtTheStartOnly) {
  EXPECT_THAT(read_every_way("\xEF\xBB\xBF"
                             "data: a\n\n")
                  .events,
              ElementsAre("|a@12"));
  EXPECT_THAT(read_every_way("\xEF\xBB\xBF\n\ndata: a\n\n").events, ElementsAre("|a@14"));
  EXPECT_THAT(read_every_way("\xEF\xBB\xBF\xEF\xBB\xBF"
                             "data: a\n\n")
                  .events,
              IsEmpty());
  EXPECT_THAT(read_every_way("\n\xEF\xBB\xBF"
                             "data: a\n\n")
                  .events,
              IsEmpty());
  EXPECT_THAT(read_every_way("\xEF\xBB"
                             "data: a\n\n")
                  .events,
              IsEmpty());
}

TEST(SseReader, TellsWhatItEndedInside) {
  EXPECT_EQ(read_every_way("data: a\n\n").pending, "none");
  EXPECT_EQ(read_every_way("data: a\n\ndata: b\n").pending, "|b@17");
  EXPECT_EQ(read_every_way("data: a\n\ndata: b").pending, "|b@16");
  EXPECT_EQ(read_every_way("event: x\rdata: b\r").pending, "x|b@17");
  EXPECT_EQ(read_every_way("data: a\n\ndat").pending, "|@12");
  EXPECT_EQ(read_every_way("data: a\n\n: comment").pending, "none");
  EXPECT_EQ(read_every_way("data: a\n\n: comment\n").pending, "none");
  EXPECT_EQ(read_every_way("\xEF\xBB\xBF").pending, "none");
  EXPECT_EQ(read_every_way("").pending, "none");
}

TEST(SseReader, StopsAtAnEventBeyondTheLimit) {
  const std::string ten(10, 'x');
  EXPECT_FALSE(read_every_way("data:" + ten + "\n\n", 15).overflowed);
  const Reading reading = read_every_way("data: a\n\ndata: " + ten + "\n\ndata: b\n\n", 15);
  EXPECT_TRUE(reading.overflowed);
  EXPECT_THAT(reading.events, ElementsAre("|a@9"));
  EXPECT_TRUE(read_every_way("data: 12345\ndata: 12345\ndata: 12345\n\n", 15).overflowed);
  EXPECT_TRUE(read_every_way("event: 12345678\ndata: 12345678\n\n", 15).overflowed);
  EXPECT_TRUE(read_every_way("unknown: " + ten, 15).overflowed);
}

TEST(SseReader, ABomDoesNotCountToTheLimit) {
  EXPECT_FALSE(read_every_way("\xEF\xBB\xBF\n", 1).overflowed);
  EXPECT_TRUE(read_every_way("\xEF\xBB\n", 1).overflowed);
}

TEST(SseReader, CommentsOfAnyLengthCostNothing) {
  const std::string comment = ":" + std::string(1000, 'x');
  EXPECT_THAT(read_every_way(comment + "\ndata: a\n\n", 20).events, ElementsAre("|a@1011"));
  EXPECT_THAT(read_every_way("\xEF\xBB\xBF" + comment + "\ndata: a\n\n", 20).events,
              ElementsAre("|a@1014"));
}

TEST(SseReader, DoesNotCopyAnEventThatLiesInOnePiece) {
  const std::string stream = "event: x\ndata: hello\n\n";
  SseReader reader(100);
  const char* seen = nullptr;
  reader.feed(stream, [&](const SseReader::Event& e) { seen = e.data.data(); });
  EXPECT_EQ(seen, stream.data() + 15);
}

TEST(SseReader, KnowsWhereACommentMayStand) {
  SseReader reader(100);
  const auto ignore = [](const SseReader::Event&) {};
  EXPECT_TRUE(reader.between_events());
  reader.feed("data: a", ignore);
  EXPECT_FALSE(reader.between_events());
  reader.feed("\n", ignore);
  EXPECT_FALSE(reader.between_events());
  reader.feed("\n", ignore);
  EXPECT_TRUE(reader.between_events());
  reader.feed(": half", ignore);
  EXPECT_FALSE(reader.between_events());
  reader.feed("\n", ignore);
  EXPECT_TRUE(reader.between_events());
  EXPECT_FALSE(reader.has_ids());
  reader.feed("id: 7\n\n", ignore);
  EXPECT_TRUE(reader.has_ids());
}

}  // namespace
}  // namespace reprise::http
