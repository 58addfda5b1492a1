#include "openai/answer_reader.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "openai/judging.h"

namespace reprise::openai {
namespace {

using namespace std::string_literals;

const std::string kChat =
    R"({"model":"m","choices":[{"index":0,"message":{"content":"x"},"finish_reason":"stop"}]})";

Answer good() { return json_answer(Route::kChatCompletions, kChat); }

TEST(AnswerReader, OnlyStatus200IsStored) {
  for (int status : {201, 202, 203, 204, 206, 301, 400, 429, 500}) {
    Answer answer = good();
    answer.status = status;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kStatus) << status;
  }
}

TEST(AnswerReader, TheContentTypeDecidesHowTheBodyIsRead) {
  for (const char* type : {"application/json", "APPLICATION/JSON",
                           "application/json; charset=utf-8", "application/json ;charset=UTF-8"}) {
    Answer answer = good();
    answer.content_type = type;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kNone) << type;
  }
  for (const char* type :
       {"", "text/html", "text/plain", "application/x-ndjson", "application/jsonx",
        "application/problem+json", "application/json, text/html"}) {
    Answer answer = good();
    answer.content_type = type;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kContentType) << type;
  }
  Answer answer = stream_answer(Route::kEmbeddings, sse({"{}", "[DONE]"}));
  EXPECT_EQ(reason_of(answer), NotStored::kContentType);
  answer = stream_answer(
      Route::kChatCompletions,
      sse({R"({"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]})"}));
  answer.content_type = "Text/Event-Stream;charset=utf-8";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
}

TEST(AnswerReader, TwoContentTypesAreNone) {
  AnswerJson json;
  AnswerReader reader({.route = Route::kChatCompletions}, 1000, json);
  http::ResponseHead head;
  head.status = 200;
  head.framing = http::Framing::kChunked;
  head.fields.add("Content-Type", "application/json");
  head.fields.add("content-type", "application/json");
  reader.on_head(head);
  EXPECT_EQ(reader.reason(), NotStored::kContentType);
}

TEST(AnswerReader, AWholeJsonObjectAndNothingElse) {
  Answer answer = good();
  answer.body = "\n\n \r\n" + kChat + "\n";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  for (const std::string& bad :
       {kChat + "x", kChat + kChat, "[" + kChat + "]", "null"s, "\xEF\xBB\xBF" + kChat, " "s,
        R"({"choices":[],"choices":[]})"s, R"({"model":"\ud800x","a":})"s}) {
    answer.body = bad;
    EXPECT_EQ(reason_of(answer), NotStored::kMalformed) << bad;
  }
  answer.body = "{\"a\":\"\xff\"}";
  EXPECT_EQ(reason_of(answer), NotStored::kInvalidUtf8);
  answer.body = "";
  EXPECT_EQ(reason_of(answer), NotStored::kEmpty);
}

TEST(AnswerReader, EveryTruncationOfJsonIsSeen) {
  Answer answer = good();
  for (size_t size = 0; size <= kChat.size(); ++size) {
    answer.body = kChat.substr(0, size);
    answer.end = BodyEnd::kCut;
    EXPECT_FALSE(judge_pieces(answer, {answer.body}).storable()) << size;
    answer.end = BodyEnd::kIntact;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), size == kChat.size()) << size;
  }
}

TEST(AnswerReader, TooLargeIsNotStored) {
  Answer answer = good();
  answer.object_bytes_max = kChat.size();
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.object_bytes_max = kChat.size() - 1;
  EXPECT_EQ(reason_of(answer), NotStored::kTooLarge);
  answer.body = sse({R"({"choices":[]})", R"({"choices":[]})"});
  answer.content_type = "text/event-stream";
  answer.object_bytes_max = 30;
  EXPECT_EQ(reason_of(answer), NotStored::kTooLarge);
}

TEST(AnswerReader, ALengthBeyondTheLimitIsKnownAtTheHead) {
  AnswerJson json;
  AnswerReader reader({.route = Route::kChatCompletions}, 1000, json);
  http::ResponseHead head;
  head.status = 200;
  head.framing = http::Framing::kContentLength;
  head.content_length = 1001;
  head.fields.add("Content-Type", "application/json");
  reader.on_head(head);
  EXPECT_EQ(reader.reason(), NotStored::kTooLarge);
}

TEST(AnswerReader, TellsAsSoonAsAnAnswerIsLostOrDone) {
  AnswerJson json;
  http::ResponseHead head;
  head.status = 200;
  head.framing = http::Framing::kChunked;
  head.fields.add("Content-Type", "text/event-stream");
  AnswerReader lost({.route = Route::kChatCompletions, .form = {.stream = true}}, 1000, json);
  lost.on_head(head);
  EXPECT_EQ(lost.reason(), NotStored::kNone);
  lost.on_body("data: {\"error\":{}}\n\n");
  EXPECT_EQ(lost.reason(), NotStored::kErrorEvent);
  AnswerReader done({.route = Route::kChatCompletions, .form = {.stream = true}}, 1000, json);
  done.on_head(head);
  done.on_body("data: [DONE]\n");
  EXPECT_FALSE(done.done());
  done.on_body("\n");
  EXPECT_TRUE(done.done());
}

// gzip of `{"object":"list","data":[{"embedding":[1]}]}`.
const std::string kGzip =
    "\037\213\010\000\000\000\000\000\002\003\253\126\312\117\312\112\115\056\121\262\122"
    "\312\311\054\056\121\322\121\112\111\054\111\124\262\212\256\126\112\315\115\112\115"
    "\111\311\314\113\007\362\014\143\153\143\153\001\336\110\174\261\054\000\000\000"s;

TEST(AnswerReader, DecodesForItself) {
  Answer answer = json_answer(Route::kEmbeddings, kGzip);
  answer.coding = "gzip";
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.coding = "identity";
  EXPECT_EQ(judge_pieces(answer, {answer.body}).storable(), false);
  for (const char* unknown : {"aes128gcm", "gzip, gzip, gzip", "compress"}) {
    answer.coding = unknown;
    EXPECT_EQ(reason_of(answer), NotStored::kCoding) << unknown;
  }
}

TEST(AnswerReader, ATornCodingIsSeen) {
  Answer answer = json_answer(Route::kEmbeddings, kGzip);
  answer.coding = "gzip";
  for (size_t size = 0; size < kGzip.size(); ++size) {
    answer.body = kGzip.substr(0, size);
    answer.end = BodyEnd::kIntact;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kCoding) << size;
    answer.end = BodyEnd::kCut;
    EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kTruncated) << size;
  }
  answer.body = kGzip + "x";
  EXPECT_EQ(reason_of(answer), NotStored::kCoding);
}

// gzip of a million blanks and a `{`.
const std::string kBomb =
    "\037\213\010\000\000\000\000\000\002\003\355\301\001\001\000\000\000\001\240\053\176"
    "\072\157\210\052\001\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
    "\000\000\000\000\000\000\000\136\165\106\046\251\015\101\102\017\000"s;

TEST(AnswerReader, TheDecodedSizeIsBoundToo) {
  Answer answer = json_answer(Route::kEmbeddings, kBomb);
  answer.coding = "gzip";
  answer.object_bytes_max = 100'000;
  EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kTooLarge);
  answer.object_bytes_max = 2'000'000;
  EXPECT_EQ(judge_pieces(answer, {answer.body}).reason, NotStored::kMalformed);
}

// gzip of `data: [DONE]` and a blank line, after a complete chunk.
const std::string kGzipStream =
    "\037\213\010\000\000\000\000\000\002\003\035\314\061\012\200\060\014\106\341\275\247"
    "\220\177\356\340\234\131\127\075\200\210\004\033\261\040\251\330\014\205\322\273\053"
    "\256\357\203\027\330\230\272\212\375\114\161\227\014\132\052\242\006\051\240\336\043"
    "\310\145\014\372\070\251\211\032\010\005\315\343\210\032\363\271\075\302\071\351\027"
    "\263\245\033\155\155\316\205\377\267\014\363\064\256\316\275\272\134\122\115\136\000"
    "\000\000"s;

TEST(AnswerReader, ACodedBodyNeedsItsEndEvenAfterDone) {
  Answer answer = stream_answer(Route::kChatCompletions, kGzipStream);
  answer.coding = "gzip";
  answer.end = BodyEnd::kCut;
  EXPECT_EQ(reason_of(answer), NotStored::kNone);
  answer.body.pop_back();
  EXPECT_EQ(reason_of(answer), NotStored::kTruncated);
}

TEST(OpaqueAnswers, OneObjectWithoutAnError) {
  for (Route route : {Route::kEmbeddings, Route::kModerations, Route::kRerank, Route::kScore,
                      Route::kResponsesInputTokens, Route::kMessagesCountTokens}) {
    const std::string body =
        R"({"model":"m","data":[{"embedding":"AAAA"}],"results":[1],"usage":{"prompt_tokens":2,"total_tokens":2}})";
    const Verdict verdict = judge(json_answer(route, body));
    EXPECT_EQ(verdict.reason, NotStored::kNone) << route_name(route);
    EXPECT_EQ(verdict.model, "m");
    EXPECT_EQ(verdict.usage, (Usage{true, 2, 0, 2}));
    EXPECT_EQ(reason_of(json_answer(route, R"({"error":{"message":"x"},"data":[1]})")),
              NotStored::kErrorEvent);
    EXPECT_EQ(reason_of(json_answer(route, R"({"object":"error","message":"x"})")),
              NotStored::kErrorEvent);
    EXPECT_EQ(reason_of(json_answer(route, "[1]")), NotStored::kMalformed);
    EXPECT_EQ(reason_of(json_answer(route, "{}")), NotStored::kEmpty);
  }
  EXPECT_EQ(reason_of(json_answer(Route::kMessagesCountTokens, R"({"input_tokens":3})")),
            NotStored::kNone);
}

TEST(OpaqueAnswers, EmbeddingsWithoutEmbeddingsAreEmpty) {
  for (const char* body :
       {R"({"data":[]})", R"({"object":"list"})", R"({"data":null})",
        R"({"data":[{"embedding":[1]},{"embedding":[]}]})", R"({"data":[{"embedding":""}]})"}) {
    EXPECT_EQ(reason_of(json_answer(Route::kEmbeddings, body)), NotStored::kEmpty) << body;
  }
  EXPECT_EQ(reason_of(json_answer(Route::kRerank, R"({"results":[]})")), NotStored::kEmpty);
}

TEST(NotStoredNames, AreDistinctLabels) {
  std::set<std::string_view> names;
  for (size_t i = 1; i < kNotStoredCount; ++i) {
    const std::string_view name = not_stored_name(static_cast<NotStored>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kNotStoredCount - 1);
}

}  // namespace
}  // namespace reprise::openai
