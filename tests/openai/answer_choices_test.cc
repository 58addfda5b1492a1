#include <gtest/gtest.h>

#include <string>

#include "openai/judging.h"

namespace reprise::openai {
namespace {

// A chunk with one choice.
std::string chunk(int index, const std::string& delta, const std::string& finish = "null") {
  return R"({"id":"c1","object":"chat.completion.chunk","created":1,"model":"gpt-x","choices":[{)"
         R"("index":)" +
         std::to_string(index) + R"(,"delta":)" + delta + R"(,"finish_reason":)" + finish + "}]}";
}

const char* const kUsageChunk =
    R"({"model":"gpt-x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}})";

const std::string kHello = chunk(0, R"({"role":"assistant","content":"Hello"})");
const std::string kStop = chunk(0, "{}", R"("stop")");

Answer chat(std::initializer_list<std::string_view> payloads) {
  return stream_answer(Route::kChatCompletions, sse(payloads));
}

TEST(ChatStream, CompleteWithDone) {
  const Verdict verdict = judge(chat({kHello, kStop, "[DONE]"}));
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.kind, AnswerKind::kSse);
  EXPECT_TRUE(verdict.form.stream);
  EXPECT_EQ(verdict.model, "gpt-x");
  EXPECT_EQ(verdict.finish_reason, "stop");
  EXPECT_FALSE(verdict.usage_seen());
}

TEST(ChatStream, CompleteWithoutDoneIfTheFramingIsWhole) {
  Answer answer = chat({kHello, kStop});
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.end = BodyEnd::kCut;
  EXPECT_EQ(reason_of(answer), NotStored::kTruncated);
}

TEST(ChatStream, ACutAfterDoneIsComplete) {
  Answer answer = chat({kHello, kStop, "[DONE]"});
  answer.end = BodyEnd::kCut;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatStream, NeverStoredWhenCloseDelimited) {
  Answer answer = chat({kHello, kStop, "[DONE]"});
  answer.framing = http::Framing::kClose;
  EXPECT_EQ(reason_of(answer), NotStored::kCloseDelimited);
}

TEST(ChatStream, EveryTruncationBeforeDoneIsSeen) {
  Answer answer = chat({kHello, kStop, kUsageChunk, "[DONE]"});
  answer.asked.form.include_usage = true;
  const std::string body = answer.body;
  const size_t done = body.find("[DONE]") + 6;
  const size_t usage_end = body.find("data: [DONE]");
  for (size_t size = 0; size <= body.size(); ++size) {
    answer.body = body.substr(0, size);
    answer.end = BodyEnd::kCut;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), size >= done) << size;
    answer.end = BodyEnd::kIntact;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), size == usage_end || size >= done)
        << size;
  }
}

TEST(ChatStream, UsageThatWasAskedForMustComeUnlessDoneDoes) {
  Answer answer = chat({kHello, kStop});
  answer.asked.form.include_usage = true;
  EXPECT_EQ(reason_of(answer), NotStored::kNoUsage);
  answer.body += sse({kUsageChunk});
  const Verdict verdict = judge(answer);
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.usage, (Usage{true, 3, 4, 7}));
  EXPECT_TRUE(verdict.form.include_usage);
  answer.body = sse({kHello, kStop, "[DONE]"});
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatStream, UsageMayRideOnAChunkWithChoicesAndTheLastCounts) {
  std::string with_usage = kStop;
  with_usage.insert(1, R"("usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2},)");
  EXPECT_EQ(judge(chat({kHello, with_usage, "[DONE]"})).usage, (Usage{true, 1, 1, 2}));
  EXPECT_EQ(judge(chat({kHello, with_usage, kUsageChunk, "[DONE]"})).usage, (Usage{true, 3, 4, 7}));
  EXPECT_EQ(judge(chat({kHello, kUsageChunk, R"({"usage":null,"choices":[]})", kStop})).usage,
            (Usage{true, 3, 4, 7}));
}

TEST(ChatStream, DoneMustBeExact) {
  for (const char* bad : {"[DONE]x", "[DONE] ", " [DONE]", "[done]", "[DONE]\ndata: x"}) {
    EXPECT_EQ(reason_of(chat({kHello, kStop, bad})), NotStored::kMalformed) << bad;
  }
  Answer answer = chat({kHello, kStop});
  answer.body += "data:[DONE]\r\r";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatStream, OnlyDoneMayLackItsBlankLine) {
  for (const char* last : {"data: [DONE]", "data: [DONE]\n", "data:[DONE]\r", "data: [DONE]\r\n"}) {
    Answer answer = chat({kHello, kStop});
    answer.body += last;
    answer.asked.form.include_usage = true;  // so that only [DONE] makes it complete
    EXPECT_EQ(reason_of(answer), NotStored::kNone) << last;
  }
  for (const char* last : {"data: [DONE", "data: [DONE]x", "data: [DONE]\ndata: ", "d", "data"}) {
    Answer answer = chat({kHello, kStop});
    answer.body += last;
    EXPECT_EQ(reason_of(answer), NotStored::kTruncated) << last;
  }
  Answer answer = chat({kHello});
  answer.body += "data: " + kStop + "\n";
  EXPECT_EQ(reason_of(answer), NotStored::kTruncated);
}

TEST(ChatStream, WhatFollowsDoneIsIgnored) {
  for (const char* after : {"data: {\"error\":{}}\n\n", "event: error\ndata: x\n\n",
                            "data: \xff\n\n", "\xff", "data: {"}) {
    Answer answer = chat({kHello, kStop, "[DONE]"});
    answer.body += after;
    EXPECT_EQ(reason_of(answer), NotStored::kNone) << after;
  }
}

TEST(ChatStream, EveryKindOfLineEndAndNoise) {
  Answer answer = chat({});
  answer.body =
      "\xEF\xBB\xBF: keep-alive\r\n\r\nid: 1\r\nevent: ping\r\n\r\nretry: 5\r\ndata:" + kHello +
      "\r\n\r\n:\rdata: " + kStop + "\r\rdata: [DONE]\r\n\n";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatStream, PayloadsMayTakeSeveralDataLines) {
  Answer answer = chat({kHello});
  answer.body += "data: {\"choices\":\ndata: [{\"index\":0,\"finish_reason\":\"stop\"}]}\n\n";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatStream, ErrorsFailIt) {
  for (
      const char* error :
      {R"({"error":{"message":"x"}})", R"({"error":{}})", R"({"error":"x"})", R"({"error":false})",
       R"({"object":"error","message":"x","code":400})",
       R"({"error":{"code":1},"choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}]})",
       R"({"choices":[{"index":0,"delta":{},"error":{"code":502},"finish_reason":null}]})"}) {
    EXPECT_EQ(reason_of(chat({kHello, kStop, error})), NotStored::kErrorEvent) << error;
    EXPECT_EQ(reason_of(chat({kHello, kStop, error, "[DONE]"})), NotStored::kErrorEvent) << error;
  }
  EXPECT_EQ(reason_of(chat({kHello, kStop, R"({"error":null,"choices":[]})", "[DONE]"})),
            NotStored::kNone);
}

TEST(ChatStream, AnEventNamedErrorFailsItWhateverItHolds) {
  for (const char* data : {"data: {\"message\":\"flat\"}", "data: oops", "data:", ": nothing"}) {
    Answer answer = chat({kHello, kStop});
    answer.body += std::string("event: error\n") + data + "\n\ndata: [DONE]\n\n";
    EXPECT_EQ(reason_of(answer), NotStored::kErrorEvent) << data;
  }
}

TEST(ChatStream, EveryPayloadIsAJsonObject) {
  for (const char* bad : {"[]",
                          "1",
                          "null",
                          "x",
                          "{\"a\":}",
                          "{}x",
                          "{} {}",
                          "{\"a\":NaN}",
                          "{\"a\":\"\t\"}",
                          "\xEF\xBB\xBF{}",
                          R"({"choices":{}})",
                          R"({"choices":[1]})",
                          R"({"choices":"x"})",
                          R"({"choices":[],"choices":[]})",
                          R"({"choices":[{"index":0,"delta":"x"}]})",
                          R"({"choices":[{"index":0,"finish_reason":1}]})",
                          R"({"choices":[{"index":-1}]})",
                          R"({"choices":[{"index":0.0}]})",
                          R"({"choices":[{"index":"0"}]})",
                          R"({"choices":[{"index":1}]})",
                          R"({"choices":[{"index":4294967296}]})",
                          R"({"choices":[{"index":0,"index":0}]})",
                          R"({"choices":[{},{}]})"}) {
    EXPECT_EQ(reason_of(chat({kHello, kStop, bad, "[DONE]"})), NotStored::kMalformed) << bad;
  }
  for (const char* fine : {"{}", " {} ", R"({"choices":null})", R"({"choices":[{"index":null}]})",
                           R"({"choices":[{"delta":null}]})", R"({"choices":[]})"}) {
    EXPECT_EQ(reason_of(chat({kHello, kStop, fine, "[DONE]"})), NotStored::kNone) << fine;
  }
  const std::string deep = "{\"a\":" + std::string(5000, '[') + std::string(5000, ']') + "}";
  const Answer answer = chat({kHello, kStop, deep, "[DONE]"});
  EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kMalformed);
}

TEST(ChatStream, InvalidUtf8FailsItInCommentsToo) {
  for (const char* bad : {"data: {\"a\":\"\xff\"}\n\n", ": \xc3\n\n", "junk: \xed\xa0\x80\n\n",
                          ": \xf0\x9f\x98\n\n", ": \xf8\x88\x80\x80\x80\n\n", ": \x80\n\n"}) {
    Answer answer = chat({kHello, kStop});
    answer.body += std::string(bad) + "data: [DONE]\n\n";
    EXPECT_EQ(reason_of(answer), NotStored::kInvalidUtf8) << bad;
  }
  Answer answer = chat({kHello, kStop});
  answer.body +=
      ": \xF0\x9F\x98\x80 \xC3\xA9\n\ndata: {\"a\":\"\xE2\x82\xAC\"}\n\ndata: [DONE]\n\n";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.body = sse({kHello, kStop}) + ": \xE2\x82";
  EXPECT_EQ(reason_of(answer), NotStored::kInvalidUtf8);
}

TEST(ChatStream, FinishReasons) {
  const auto finished = [](const std::string& reason) {
    return reason_of(chat({kHello, chunk(0, "{}", "\"" + reason + "\""), "[DONE]"}));
  };
  for (const char* fine : {"stop", "length", "tool_calls", "function_call", "STOP"}) {
    EXPECT_EQ(finished(fine), NotStored::kNone) << fine;
  }
  EXPECT_EQ(finished("error"), NotStored::kFinishError);
  EXPECT_EQ(finished("abort"), NotStored::kFinishError);
  EXPECT_EQ(finished("content_filter"), NotStored::kContentFilter);
  EXPECT_EQ(finished(""), NotStored::kNoFinish);
  EXPECT_EQ(reason_of(chat({kHello, "[DONE]"})), NotStored::kNoFinish);
}

TEST(ChatStream, ChunksMayFollowTheFinishingOne) {
  const Verdict verdict =
      judge(chat({kHello, kStop, chunk(0, "{}"), chunk(0, R"({"hidden_states":[1]})"), "[DONE]"}));
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.finish_reason, "stop");
}

TEST(ChatStream, AllChoicesMustComeAndFinish) {
  const auto say = [](int index) { return chunk(index, R"({"content":"x"})"); };
  const auto stop = [](int index) { return chunk(index, "{}", R"("stop")"); };
  Answer answer = chat({say(2), say(0), stop(0), say(1), stop(2), stop(1), "[DONE]"});
  answer.asked.choices = 3;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.asked.choices = 4;
  EXPECT_EQ(reason_of(answer), NotStored::kNoFinish);
  answer.asked.choices = 2;
  EXPECT_EQ(reason_of(answer), NotStored::kMalformed);
  answer.asked.choices = 3;
  answer.body = sse({say(0), say(1), say(2), stop(0), stop(1), "[DONE]"});
  EXPECT_EQ(reason_of(answer), NotStored::kNoFinish);
  answer.body = sse({say(0), say(1), stop(0), stop(1), stop(2), "[DONE]"});
  EXPECT_EQ(reason_of(answer), NotStored::kEmpty);
  answer.body = sse({say(0), stop(0), stop(0), stop(0), "[DONE]"});
  EXPECT_EQ(reason_of(answer), NotStored::kNoFinish);
}

TEST(ChatStream, AMissingIndexIsTheOnlyChoice) {
  EXPECT_EQ(reason_of(chat({R"({"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]})"})),
            NotStored::kNone);
}

TEST(ChatStream, EmptyAnswersAreNotStored) {
  EXPECT_EQ(reason_of(chat({"[DONE]"})), NotStored::kEmpty);
  EXPECT_EQ(reason_of(chat({})), NotStored::kEmpty);
  for (const char* empty :
       {"{}", R"({"role":"assistant"})", R"({"content":""})", R"({"content":null})",
        R"({"tool_calls":[]})", R"({"content":"","refusal":"","reasoning_content":null})"}) {
    EXPECT_EQ(reason_of(chat({chunk(0, empty), kStop, "[DONE]"})), NotStored::kEmpty) << empty;
  }
  for (const char* filled :
       {R"({"content":" "})", R"({"refusal":"no"})", R"({"reasoning_content":"hm"})",
        R"({"reasoning":"hm"})", R"({"thinking":"hm"})", R"({"tool_plan":"hm"})",
        R"({"tool_calls":[{"index":0}]})", R"({"function_call":{"name":"f"}})",
        R"({"reasoning_details":[{"type":"x"}]})", R"({"audio":{"id":"a"}})",
        R"({"content":[{"type":"thinking"}]})"}) {
    EXPECT_EQ(reason_of(chat({chunk(0, filled), kStop, "[DONE]"})), NotStored::kNone) << filled;
  }
}

TEST(ChatStream, TheFirstModelThatIsNamedCounts) {
  EXPECT_EQ(judge(chat({R"({"model":"","choices":[]})", R"({"model":"a"})", kHello, kStop})).model,
            "a");
}

TEST(ChatStream, RecordedAsAStreamThoughJsonWasAsked) {
  Answer answer = chat({kHello, kStop, "[DONE]"});
  answer.asked.form = {};
  Verdict verdict = judge(answer);
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.kind, AnswerKind::kSse);
  EXPECT_TRUE(verdict.form.stream);
  EXPECT_FALSE(verdict.form.include_usage);
  answer.body = sse({kHello, kStop, kUsageChunk, "[DONE]"});
  EXPECT_TRUE(judge(answer).form.include_usage);
}

TEST(CompletionsStream, TextFillsAChoice) {
  const std::string_view say =
      R"({"model":"m","choices":[{"index":0,"text":"x","finish_reason":null}]})";
  const std::string_view stop = R"({"choices":[{"index":0,"text":"","finish_reason":"length"}]})";
  EXPECT_EQ(reason_of(stream_answer(Route::kCompletions, sse({say, stop, "[DONE]"}))),
            NotStored::kNone);
  EXPECT_EQ(reason_of(stream_answer(Route::kCompletions, sse({stop, "[DONE]"}))),
            NotStored::kEmpty);
}

TEST(CompletionsStream, OneEventMayHoldTheWholeObject) {
  Answer answer = stream_answer(
      Route::kCompletions,
      sse({R"({"choices":[{"index":0,"text":"a","finish_reason":"stop"},)"
           R"({"index":1,"text":"b","finish_reason":"stop"}],"usage":{"prompt_tokens":1}})",
           "[DONE]"}));
  answer.asked.choices = 2;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(ChatJson, CompleteAnswers) {
  const Verdict verdict = judge(json_answer(
      Route::kChatCompletions,
      R"({"model":"gpt-x","choices":[{"index":0,"message":{"role":"assistant","content":"x"},)"
      R"("finish_reason":"length"}],"usage":{"prompt_tokens":1,"completion_tokens":2},"error":null})"));
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.kind, AnswerKind::kJson);
  EXPECT_FALSE(verdict.form.stream);
  EXPECT_EQ(verdict.model, "gpt-x");
  EXPECT_EQ(verdict.finish_reason, "length");
  EXPECT_EQ(verdict.usage, (Usage{true, 1, 2, 3}));
}

// A whole answer with these choices.
Answer whole(const std::string& choices, uint32_t expected = 1) {
  Answer answer = json_answer(Route::kChatCompletions, R"({"choices":[)" + choices + "]}");
  answer.asked.choices = expected;
  return answer;
}

TEST(ChatJson, TheRulesOfStreamsHold) {
  const std::string one = R"({"index":0,"message":{"content":"x"},"finish_reason":"stop"})";
  const std::string two = R"({"index":1,"message":{"content":"y"},"finish_reason":"stop"})";
  const std::string hollow = R"({"index":1,"message":{"content":""},"finish_reason":"stop"})";
  EXPECT_EQ(reason_of(whole(one)), NotStored::kNone);
  EXPECT_EQ(reason_of(whole(one + "," + two, 2)), NotStored::kNone);
  EXPECT_EQ(reason_of(whole(one + "," + hollow, 2)), NotStored::kEmpty);
  EXPECT_EQ(reason_of(whole(one, 2)), NotStored::kNoFinish);
  EXPECT_EQ(reason_of(whole(one + "," + one, 2)), NotStored::kNoFinish);
  EXPECT_EQ(reason_of(whole(one + "," + one, 1)), NotStored::kMalformed);
  EXPECT_EQ(reason_of(whole("")), NotStored::kEmpty);
  for (const auto& [finish, reason] :
       {std::pair("null", NotStored::kNoFinish), std::pair("\"error\"", NotStored::kFinishError),
        std::pair("\"abort\"", NotStored::kFinishError),
        std::pair("\"content_filter\"", NotStored::kContentFilter)}) {
    EXPECT_EQ(reason_of(whole(R"({"index":0,"message":{"content":"x"},"finish_reason":)" +
                              std::string(finish) + "}")),
              reason);
  }
  EXPECT_EQ(reason_of(json_answer(Route::kChatCompletions, R"({"error":{"message":"x"}})")),
            NotStored::kErrorEvent);
  EXPECT_EQ(reason_of(json_answer(Route::kChatCompletions, "{}")), NotStored::kEmpty);
}

TEST(ChatJson, TreatedAsJsonThoughAStreamWasAsked) {
  Answer answer = whole(R"({"index":0,"message":{"content":"x"},"finish_reason":"stop"})");
  answer.asked.form = {.stream = true, .include_usage = true};
  const Verdict verdict = judge(answer);
  EXPECT_EQ(verdict.reason, NotStored::kNone);
  EXPECT_EQ(verdict.kind, AnswerKind::kJson);
  EXPECT_FALSE(verdict.form.stream);
}

TEST(CompletionsJson, ManyPrompts) {
  std::string choices;
  for (int i = 0; i < 6; ++i) {
    choices += std::string(i == 0 ? "" : ",") + R"({"text":"x","finish_reason":"stop","index":)" +
               std::to_string(i) + "}";
  }
  Answer answer = json_answer(Route::kCompletions, R"({"choices":[)" + choices + "]}");
  answer.asked.choices = 6;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

}  // namespace
}  // namespace reprise::openai
