#include <gtest/gtest.h>

#include <string>

#include "openai/judging.h"

namespace reprise::openai {
namespace {

const std::string kMessageItem =
    R"({"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hi"}]})";

std::string response(const std::string& status, const std::string& output,
                     const std::string& more = "") {
  return R"({"id":"r1","object":"response","model":"gpt-x","error":null,"status":")" + status +
         R"(","output":[)" + output +
         R"(],"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11})" + more + "}";
}

std::string event(const std::string& type, const std::string& members) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
}

const std::string kOpening =
    event("response.created",
          R"("response":{"model":"gpt-x","status":"in_progress","output":[],"error":null})") +
    event("response.output_text.delta", R"("delta":"Hi")");

std::string ending(const std::string& type, const std::string& status,
                   const std::string& more = "") {
  return event(type, "\"response\":" + response(status, kMessageItem, more));
}

Answer stream(const std::string& body) { return stream_answer(Route::kResponses, body); }

TEST(ResponsesStream, CompleteWithoutDone) {
  const Verdict verdict = judge(stream(kOpening + ending("response.completed", "completed")));
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.model, "gpt-x");
  EXPECT_EQ(verdict.finish_reason, "completed");
  EXPECT_EQ(verdict.usage, (Usage{true, 5, 6, 11}));
}

TEST(ResponsesStream, EveryTruncationIsSeen) {
  const std::string body = kOpening + ending("response.completed", "completed");
  Answer answer = stream(body);
  for (size_t size = 0; size <= body.size(); ++size) {
    answer.body = body.substr(0, size);
    answer.end = BodyEnd::kCut;
    EXPECT_FALSE(judge_pieces(answer, {answer.body}).storable()) << size;
    answer.end = BodyEnd::kIntact;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), size == body.size()) << size;
  }
  answer.body = body + "data: [DONE]\n\n";
  answer.end = BodyEnd::kCut;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ResponsesStream, IncompleteOnlyAtTheAskersOwnLimit) {
  const auto ended = [](const std::string& more) {
    return judge(stream(kOpening + ending("response.incomplete", "incomplete", more)));
  };
  const Verdict verdict = ended(R"(,"incomplete_details":{"reason":"max_output_tokens"})");
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.finish_reason, "max_output_tokens");
  EXPECT_EQ(ended(R"(,"incomplete_details":{"reason":"content_filter"})").reason,
            NotStored::kContentFilter);
  EXPECT_EQ(ended(R"(,"incomplete_details":{"reason":"other"})").reason, NotStored::kIncomplete);
  EXPECT_EQ(ended(R"(,"incomplete_details":null)").reason, NotStored::kIncomplete);
  EXPECT_EQ(ended("").reason, NotStored::kIncomplete);
}

TEST(ResponsesStream, FailuresFailIt) {
  const std::string done = "data: [DONE]\n\n";
  const auto reason = [&](const std::string& tail) {
    EXPECT_EQ(reason_of(stream(kOpening + tail)), reason_of(stream(kOpening + tail + done)));
    return reason_of(stream(kOpening + tail));
  };
  EXPECT_EQ(reason(ending("response.failed", "failed")), NotStored::kResponseFailed);
  EXPECT_EQ(reason("event: error\ndata: {\"type\":\"error\",\"message\":\"x\"}\n\n"),
            NotStored::kErrorEvent);
  EXPECT_EQ(reason("data: {\"type\":\"error\",\"message\":\"x\"}\n\n"), NotStored::kErrorEvent);
  EXPECT_EQ(reason("data: {\"error\":{\"code\":500}}\n\n"), NotStored::kErrorEvent);
  EXPECT_EQ(reason(ending("response.completed", "completed") + "data: {\"error\":{}}\n\n"),
            NotStored::kErrorEvent);
  EXPECT_EQ(reason(""), NotStored::kNoFinish);
  EXPECT_EQ(reason(event("response.completed", R"("response":null)")), NotStored::kMalformed);
  EXPECT_EQ(reason(ending("response.completed", "in_progress")), NotStored::kIncomplete);
  EXPECT_EQ(reason(event("response.completed", R"("response":{"output":[]})")),
            NotStored::kNoFinish);
}

TEST(ResponsesStream, ThePayloadsTypeCounts) {
  EXPECT_EQ(
      reason_of(stream("event: message\ndata: {\"type\":\"response.completed\",\"response\":" +
                       response("completed", kMessageItem) + "}\n\n")),
      NotStored::kNone);
  EXPECT_EQ(reason_of(stream(kOpening +
                             "event: response.completed\ndata: {\"type\":\"response.failed\","
                             "\"response\":" +
                             response("completed", kMessageItem) + "}\n\n")),
            NotStored::kResponseFailed);
  EXPECT_EQ(reason_of(stream("data: {\"type\":\"response.completed\",\"response\":" +
                             response("completed", kMessageItem) + "}\n\n")),
            NotStored::kNone);
}

TEST(ResponsesJson, StatusDecides) {
  const auto reason = [](const std::string& body) {
    return reason_of(json_answer(Route::kResponses, body));
  };
  EXPECT_EQ(reason(response("completed", kMessageItem)), NotStored::kNone);
  EXPECT_EQ(reason(response("incomplete", kMessageItem,
                            R"(,"incomplete_details":{"reason":"max_output_tokens"})")),
            NotStored::kNone);
  EXPECT_EQ(reason(response("incomplete", kMessageItem,
                            R"(,"incomplete_details":{"reason":"content_filter"})")),
            NotStored::kContentFilter);
  EXPECT_EQ(reason(response("failed", kMessageItem)), NotStored::kResponseFailed);
  EXPECT_EQ(reason(response("in_progress", kMessageItem)), NotStored::kIncomplete);
  EXPECT_EQ(reason(R"({"status":"completed","error":{"code":"x"},"output":[1]})"),
            NotStored::kErrorEvent);
  EXPECT_EQ(reason(R"({"output":[]})"), NotStored::kNoFinish);
}

TEST(ResponsesJson, EmptyOutputIsNotStored) {
  const auto reason = [](const std::string& output) {
    return reason_of(json_answer(Route::kResponses, response("completed", output)));
  };
  for (const char* empty : {"", R"({"type":"message","content":[]})",
                            R"({"type":"message","content":[{"type":"output_text","text":""}]})",
                            R"({"type":"reasoning","summary":[],"content":null})", "1"}) {
    EXPECT_EQ(reason(empty), NotStored::kEmpty) << empty;
  }
  for (
      const char* filled :
      {R"({"type":"message","content":[{"type":"refusal","refusal":"no"}]})",
       R"({"type":"function_call","name":"f","arguments":""})",
       R"({"type":"custom_tool_call","input":""})",
       R"({"type":"reasoning","encrypted_content":"x"})",
       R"({"type":"reasoning","summary":[{"type":"summary_text","text":"x"}]})",
       R"({"type":"message","content":[{"type":"output_text","text":""},{"type":"output_text","text":"x"}]})"}) {
    EXPECT_EQ(reason(filled), NotStored::kNone) << filled;
  }
}

}  // namespace
}  // namespace reprise::openai
