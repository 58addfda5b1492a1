#include <gtest/gtest.h>

#include <string>

#include "openai/judging.h"

namespace reprise::openai {
namespace {

std::string event(const std::string& type, const std::string& members = "\"x\":0") {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
}

const std::string kStart = event(
    "message_start",
    R"("message":{"model":"claude-x","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}})");
const std::string kBlock =
    event("content_block_start", R"("index":0,"content_block":{"type":"text","text":""})") +
    event("content_block_delta", R"("index":0,"delta":{"type":"text_delta","text":"Hi"})") +
    event("content_block_stop", R"("index":0)");
const std::string kStop = event("message_stop");

std::string delta(const std::string& stop_reason) {
  return event("message_delta",
               "\"delta\":{\"stop_reason\":" + stop_reason + R"(},"usage":{"output_tokens":4})");
}

NotStored reason(const std::string& body) {
  return reason_of(stream_answer(Route::kMessages, body));
}

const std::string kWhole = kStart + event("ping") + kBlock + delta("\"end_turn\"") + kStop;

TEST(MessagesStream, Complete) {
  const Verdict verdict = judge(stream_answer(Route::kMessages, kWhole));
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.model, "claude-x");
  EXPECT_EQ(verdict.finish_reason, "end_turn");
  EXPECT_EQ(verdict.usage, (Usage{true, 9, 4, 13}));
  EXPECT_EQ(reason(kWhole + "data: [DONE]\n\n"), NotStored::kNone);
}

TEST(MessagesStream, EveryTruncationIsSeen) {
  Answer answer = stream_answer(Route::kMessages, "");
  for (size_t size = 0; size <= kWhole.size(); ++size) {
    answer.body = kWhole.substr(0, size);
    answer.end = BodyEnd::kCut;
    EXPECT_FALSE(judge_pieces(answer, {answer.body}).storable()) << size;
    answer.end = BodyEnd::kIntact;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), size == kWhole.size()) << size;
  }
}

TEST(MessagesStream, MessageStopMustFollowAStopReason) {
  EXPECT_EQ(reason(kStart + kBlock + kStop), NotStored::kNoFinish);
  EXPECT_EQ(reason(kStart + kBlock + delta("null") + kStop), NotStored::kNoFinish);
  EXPECT_EQ(reason(kStart + kBlock + kStop + delta("\"end_turn\"")), NotStored::kNoFinish);
  EXPECT_EQ(reason(kStart + kBlock + delta("\"end_turn\"") + "data: [DONE]\n\n"),
            NotStored::kNoFinish);
  EXPECT_EQ(reason(kBlock + delta("\"end_turn\"") + kStop), NotStored::kNoFinish);
  EXPECT_EQ(reason(kStart + kBlock + delta("\"max_tokens\"") + kStop), NotStored::kNone);
}

TEST(MessagesStream, FilteredAndFailedAnswersAreNotStored) {
  EXPECT_EQ(reason(kStart + kBlock + delta("\"refusal\"") + kStop), NotStored::kContentFilter);
  EXPECT_EQ(reason(kStart + kBlock + delta("\"content_filter\"") + kStop),
            NotStored::kContentFilter);
  EXPECT_EQ(reason(kStart + kBlock + delta("\"abort\"") + kStop), NotStored::kFinishError);
  const std::string error = event("error", R"("error":{"type":"overloaded_error"})");
  EXPECT_EQ(reason(kStart + error), NotStored::kErrorEvent);
  EXPECT_EQ(reason(kWhole + error), NotStored::kErrorEvent);
  EXPECT_EQ(reason(kStart + "data: {\"type\":\"error\"}\n\n"), NotStored::kErrorEvent);
}

TEST(MessagesStream, EmptyAnswersAreNotStored) {
  const std::string end = delta("\"end_turn\"") + kStop;
  EXPECT_EQ(reason(kStart + end), NotStored::kEmpty);
  EXPECT_EQ(
      reason(kStart + event("content_block_start", R"("content_block":{"type":"text","text":""})") +
             end),
      NotStored::kEmpty);
  EXPECT_EQ(
      reason(kStart +
             event("content_block_start", R"("content_block":{"type":"tool_use","input":{}})") +
             end),
      NotStored::kNone);
  EXPECT_EQ(
      reason(kStart +
             event("content_block_delta", R"("delta":{"type":"thinking_delta","thinking":"x"})") +
             end),
      NotStored::kNone);
}

TEST(MessagesJson, TheRulesOfStreamsHold) {
  const auto whole = [](const std::string& content, const std::string& stop_reason) {
    return reason_of(json_answer(
        Route::kMessages,
        R"({"type":"message","model":"claude-x","usage":{"input_tokens":1},"content":[)" + content +
            R"(],"stop_reason":)" + stop_reason + "}"));
  };
  EXPECT_EQ(whole(R"({"type":"text","text":"x"})", "\"end_turn\""), NotStored::kNone);
  EXPECT_EQ(whole(R"({"type":"tool_use","input":{}})", "\"tool_use\""), NotStored::kNone);
  EXPECT_EQ(whole(R"({"type":"text","text":""})", "\"end_turn\""), NotStored::kEmpty);
  EXPECT_EQ(whole("", "\"end_turn\""), NotStored::kEmpty);
  EXPECT_EQ(whole(R"({"type":"text","text":"x"})", "null"), NotStored::kNoFinish);
  EXPECT_EQ(whole(R"({"type":"text","text":"x"})", "\"refusal\""), NotStored::kContentFilter);
  EXPECT_EQ(whole(R"({"type":"text","text":"x"})", "3"), NotStored::kMalformed);
  EXPECT_EQ(reason_of(json_answer(Route::kMessages, R"({"type":"error","error":{"type":"x"}})")),
            NotStored::kErrorEvent);
}

}  // namespace
}  // namespace reprise::openai
