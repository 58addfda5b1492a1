#include "openai/event_texts.h"

#include <gtest/gtest.h>

#include <string>

namespace reprise::openai {
namespace {

// The events that come of a stream fed in pieces of `size` bytes, the first of `first`; and why
// they end.
std::string events_of(std::string_view stream, size_t first, size_t size) {
  EventTexts events(stream.size());
  std::string told;
  const auto tell = [&told](const EventText& event) -> Refused {
    told += "[" + std::string(event.name) + "|" + std::string(event.data) + "|" +
            std::string(event.json) + "]";
    if (event.name == "refuse") return Unconvertible::kEvent;
    return std::nullopt;
  };
  Refused refused = events.feed(stream.substr(0, first), tell);
  for (size_t at = first; at < stream.size(); at += size) {
    refused = events.feed(stream.substr(at, size), tell);
  }
  refused = events.finish(tell);
  if (refused) told += std::string(unconvertible_name(*refused));
  return told;
}

std::string events_of(std::string_view stream) { return events_of(stream, stream.size(), 1); }

TEST(EventTexts, AreWhatTheStreamSays) {
  EXPECT_EQ(events_of("event: a\ndata: { \"x\" : 1 }\n\ndata: {}\n\n"),
            "[a|{ \"x\" : 1 }|{\"x\":1}][|{}|{}]");
  EXPECT_EQ(events_of("data: {\ndata: }\n\n"), "[|{\n}|{}]");
  EXPECT_EQ(events_of("data: {}\n\ndata: [DONE]\n\ndata: nothing\n\n"), "[|{}|{}][|[DONE]|]");
  EXPECT_EQ(events_of("data: {}\n\ndata: [DONE]"), "[|{}|{}][|[DONE]|]");
  EXPECT_EQ(events_of("event: ping\n\n: hello\n\n"), "");
  EXPECT_EQ(events_of(""), "");
}

TEST(EventTexts, EndWhereSomethingIsWrong) {
  EXPECT_EQ(events_of("data: {}\n\ndata: [1]\n\ndata: {}\n\n"), "[|{}|{}]malformed");
  EXPECT_EQ(events_of("data: {}\n\ndata: {}"), "[|{}|{}]malformed");
  EXPECT_EQ(events_of("data: {}\n\ndata: {}\n"), "[|{}|{}]malformed");
  EXPECT_EQ(events_of("event: refuse\ndata: {}\n\ndata: {}\n\n"), "[refuse|{}|{}]event");
  EXPECT_EQ(events_of("data: {\"a\":1,\"a\":1}\n\n"), "malformed");
  EXPECT_EQ(events_of("data: [DONE] \n\n"), "malformed");
}

TEST(EventTexts, AreTheSameHoweverTheStreamIsCut) {
  for (const std::string stream : {
           "\xEF\xBB\xBF: c\r\n\r\nevent: a\r\ndata: {\"x\":\r\ndata: \"\xC3\xA9\"}\r\n\r\nid: 1\r"
           "\rdata:{}\r\rdata: [DONE]",
           "data: {}\n\ndata: [DONE]\n\ndata: }{ whatever \xFF",
           "data: {}\n\nevent: refuse\ndata: {}\n\ndata: {}\n\n",
           "data: {}\n\ndata: nonsense\n\ndata: {}\n\n",
           "data: {}\n\ndata: {\"unfinished\":1}\n",
       }) {
    const std::string whole = events_of(stream);
    for (size_t first = 0; first <= stream.size(); ++first) {
      ASSERT_EQ(events_of(stream, first, stream.size()), whole) << stream << "\ncut at " << first;
      ASSERT_EQ(events_of(stream, first, 1), whole) << stream << "\ncut behind " << first;
    }
  }
}

TEST(EventTexts, ABoundHoldsForEventsUpToDone) {
  const auto none = [](const EventText&) -> Refused { return std::nullopt; };
  EventTexts small(20);
  EXPECT_EQ(small.feed("data: {\"a\":\"" + std::string(100, 'a') + "\"}\n\n", none),
            Unconvertible::kTooLarge);
  EXPECT_EQ(small.finish(none), Unconvertible::kTooLarge);
  EventTexts done(20);
  EXPECT_FALSE(done.feed("data: [DONE]\n\n" + std::string(100, 'a'), none));
  EXPECT_FALSE(done.finish(none));
}

}  // namespace
}  // namespace reprise::openai
