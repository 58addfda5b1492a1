// Only an answer that is complete and good is ever given again.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

std::string event(const std::string& payload) { return "data: " + payload + "\n\n"; }

std::string choice_event(const std::string& choice) {
  return event(R"({"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)" +
               choice + "]}");
}

std::string json_choice(const std::string& message, const std::string& reason) {
  return R"({"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,)"
         R"("message":)" +
         message + R"(,"finish_reason":)" + reason + "}]}";
}

const std::string kDone(kDoneEvent);
const std::string kError = event(R"({"error":{"message":"overloaded","code":500}})");

struct Case {
  std::string name;
  std::string answer;
  Ask ask{.stream = true};
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

// Asks twice; both askers must get `answer`'s body whole.
struct Twice {
  Response first;
  Response second;
  size_t requests = 0;
};

Twice ask_twice(const std::string& answer, const Ask& ask) {
  ScriptedUpstream upstream(always(answer));
  Proxy proxy(upstream);
  Twice twice;
  twice.first = proxy.ask(chat_request(ask));
  twice.second = proxy.ask(chat_request(ask));
  twice.requests = upstream.requests();
  return twice;
}

class WholeButNotGood : public testing::TestWithParam<Case> {};

TEST_P(WholeButNotGood, IsPassedOnAndNotStored) {
  const Twice twice = ask_twice(GetParam().answer, GetParam().ask);
  EXPECT_TRUE(twice.first.whole);
  EXPECT_TRUE(contains(GetParam().answer, twice.first.body.substr(0, 40)));
  expect_cache(twice.first, "MISS");
  expect_cache(twice.second, "MISS");
  EXPECT_EQ(twice.second.body, twice.first.body);
  EXPECT_EQ(twice.requests, 2U);
}

const Ask kJson{};
const Ask kTwoChoices{.stream = true, .members = R"(,"n":2)"};

INSTANTIATE_TEST_SUITE_P(
    Stream, WholeButNotGood,
    testing::Values(
        Case{"ErrorEvent", stream_response(chat_event("a") + kError)},
        Case{"ErrorThenDone", stream_response(chat_event("a") + kError + kDone)},
        Case{"ErrorBesideChoices",
             stream_response(event(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],)"
                                   R"("error":{"code":1}})") +
                             kDone)},
        Case{"EmptyErrorObject",
             stream_response(chat_event("a") + chat_finish() + event(R"({"error":{}})") + kDone)},
        Case{"FlatErrorEvent",
             stream_response(chat_event("a") + chat_finish() +
                             "event: error\ndata: {\"message\":\"no\"}\n\n" + kDone)},
        Case{"MissingFinish", stream_response(chat_event("a") + kDone)},
        Case{"MissingFinishAndDone", stream_response(chat_event("a"))},
        Case{"FinishContentFilter",
             stream_response(chat_event("a") + chat_finish("content_filter") + kDone)},
        Case{"FinishError", stream_response(chat_event("a") + chat_finish("error") + kDone)},
        Case{"FinishAbort", stream_response(chat_event("a") + chat_finish("abort") + kDone)},
        Case{"NoContent", stream_response(chat_finish() + kDone)},
        Case{"EmptyContent", stream_response(chat_event("") + chat_finish() + kDone)},
        Case{"OnlyDone", stream_response(kDone)},
        Case{"NoEvents", stream_response(": keep-alive\n\n")},
        Case{"MalformedJson",
             stream_response(chat_event("a") + event("{\"choices\":[") + chat_finish() + kDone)},
        Case{"DoneWithMore",
             stream_response(chat_event("a") + chat_finish() + "data: [DONE]x\n\n")},
        Case{"InvalidUtf8", stream_response(chat_event("a\xff") + chat_finish() + kDone)},
        Case{"LastEventWithoutBlankLine",
             stream_response(chat_event("a") + chat_finish().substr(0, chat_finish().size() - 1))},
        Case{"AChoiceNeverFinishes",
             stream_response(choice_event(R"({"index":0,"delta":{"content":"a"}})") +
                             choice_event(R"({"index":1,"delta":{"content":"b"}})") +
                             chat_finish() + kDone),
             kTwoChoices},
        Case{"AChoiceIsMissing", stream_response(chat_stream({"a"})), kTwoChoices},
        Case{"NotAnEventStream",
             "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 9\r\n\r\n<p>hi</p>"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Json, WholeButNotGood,
    testing::Values(
        Case{"ErrorObject", json_response(R"({"error":{"message":"no"}})"), kJson},
        Case{"EmptyBody", json_response(""), kJson},
        Case{"NotWhole", json_response(R"({"choices":[)"), kJson},
        Case{"NotAnObject", json_response(R"(["choices"])"), kJson},
        Case{"TwoObjects", json_response(chat_answer("a") + chat_answer("b")), kJson},
        Case{"NoChoices", json_response(R"({"id":"c","choices":[]})"), kJson},
        Case{"EmptyContent", json_response(chat_answer("")), kJson},
        Case{"NoFinish", json_response(json_choice(R"({"content":"a"})", "null")), kJson},
        Case{"ContentFilter",
             json_response(json_choice(R"({"content":"a"})", R"("content_filter")")), kJson},
        Case{"FinishError", json_response(json_choice(R"({"content":"a"})", R"("error")")), kJson}),
    name_of);

class OtherStatus : public testing::TestWithParam<int> {};

TEST_P(OtherStatus, IsPassedOnAndNeverAnnouncedAsStored) {
  const std::string status = std::to_string(GetParam());
  const std::string body = chat_answer("x");
  const Twice twice =
      ask_twice("HTTP/1.1 " + status + " X\r\nContent-Type: application/json\r\nX-One: 1\r\n" +
                    "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
                kJson);
  EXPECT_EQ(twice.first.status, GetParam());
  EXPECT_EQ(twice.first.body, body);
  EXPECT_EQ(twice.first.get("X-One"), "1");
  EXPECT_EQ(twice.second.status, GetParam());
  EXPECT_EQ(twice.requests, 2U);
  expect_cache(twice.first, "MISS");
  EXPECT_FALSE(contains(twice.first.cache_status(), "stored"));
}

INSTANTIATE_TEST_SUITE_P(NotStored, OtherStatus,
                         testing::Values(201, 203, 206, 301, 400, 401, 404, 418, 429, 500, 503));

class Good : public testing::TestWithParam<Case> {};

TEST_P(Good, IsStored) {
  const Twice twice = ask_twice(GetParam().answer, GetParam().ask);
  expect_cache(twice.second, "HIT");
  EXPECT_EQ(twice.second.body, twice.first.body);
  EXPECT_TRUE(twice.second.whole);
}

const Ask kResponses{.stream = true, .path = "/v1/responses"};
const Ask kMessages{.stream = true, .path = "/v1/messages"};

INSTANTIATE_TEST_SUITE_P(
    Stored, Good,
    testing::Values(
        Case{"EndedAtTheTokenLimit",
             stream_response(chat_event("a") + chat_finish("length") + kDone)},
        Case{"CleanEndWithoutDone", stream_response(chat_event("a") + chat_finish())},
        Case{"ErrorNull", stream_response(chat_event("a") + chat_finish() +
                                          event(R"({"choices":[],"error":null})") + kDone)},
        Case{"AnythingAfterDone", stream_response(chat_stream({"a"}) + kError)},
        Case{"DoneWithCarriageReturns",
             stream_response(chat_event("a") + chat_finish() + "data:[DONE]\r\r")},
        Case{"ChunksBehindTheFinish",
             stream_response(chat_event("a") + chat_finish() + chat_event("") + kDone)},
        Case{"ContentLength",
             "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
                 std::to_string(chat_stream({"a"}).size()) + "\r\n\r\n" + chat_stream({"a"})},
        Case{"PaddedJson", json_response("\n\n\n" + chat_answer("a")), kJson},
        Case{"ResponsesCompleted",
             stream_response("event: response.completed\ndata: "
                             R"({"type":"response.completed","response":{"id":"r","status":)"
                             R"("completed","output":[{"type":"message","content":[{"type":)"
                             R"("output_text","text":"hi"}]}]}})"
                             "\n\n"),
             kResponses},
        Case{
            "MessagesStopped",
            stream_response(
                "event: message_start\ndata: "
                R"({"type":"message_start","message":{"id":"m","role":"assistant","content":[]}})"
                "\n\nevent: content_block_start\ndata: "
                R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})"
                "\n\nevent: content_block_delta\ndata: "
                R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"h"}})"
                "\n\nevent: content_block_stop\ndata: "
                R"({"type":"content_block_stop","index":0})"
                "\n\nevent: message_delta\ndata: "
                R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}})"
                "\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"),
            kMessages}),
    name_of);

TEST(NotStored, TooLargeForAnEntryPassesWhole) {
  const std::string body = chat_answer(std::string(64 * 1024, 'x'));
  ScriptedUpstream upstream(always(json_response(body)));
  Proxy proxy(upstream, {"--max-object", "16KiB"});
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(chat_request());
    expect_cache(response, "MISS");
    EXPECT_TRUE(response.body == body);
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 2U);
  proxy.wait_for_metric("reprise_not_stored_total", 2);
}

TEST(NotStored, TooLargeStreamPassesWhole) {
  std::vector<std::string> words(400, std::string(256, 'w'));
  ScriptedUpstream upstream(always(stream_response(chat_stream(words))));
  Proxy proxy(upstream, {"--max-object", "16KiB"});
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(chat_request({.stream = true}));
    expect_cache(response, "MISS");
    EXPECT_TRUE(response.body == chat_stream(words));
    EXPECT_TRUE(response.whole);
  }
}

TEST(Stored, JsonGivenToAStreamAskerAnswersThoseWhoAskForJson) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const Response first = proxy.ask(chat_request({.stream = true}));
  expect_cache(first, "MISS");
  EXPECT_EQ(first.body, chat_answer("x"));
  const Response second = proxy.ask(chat_request());
  expect_cache(second, "HIT");
  EXPECT_EQ(second.body, chat_answer("x"));
}

TEST(NotStored, NothingIsWithMemoryOff) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, {"--memory", "0"});
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_cache(proxy.ask(chat_request()), "MISS");
}

}  // namespace
}  // namespace reprise::e2e
