#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

std::string text(std::string_view text, std::string_view more = "") {
  return R"({"choices":[{"index":0,"text":)" + std::string(text) + std::string(more) + "}]}";
}

std::string spoken(std::string_view json, const Form& wanted = streamed()) {
  return said(synthesise(Route::kCompletions, json, wanted, kRoomy));
}

constexpr std::string_view kStop = R"(,"finish_reason":"stop")";

TEST(AssembleCompletions, AWholeAnswerByteForByte) {
  EXPECT_EQ(
      completions(stream_of(
          {R"({"id":"x","object":"text_completion","created":9,"choices":[{"text":"He","index":0,)"
           R"("logprobs":null,"finish_reason":null}],"model":"m","usage":{"n":0}})",
           R"({"id":"x","object":"text_completion","created":9,"choices":[{"text":"y\n","index":0,)"
           R"("logprobs":null,"finish_reason":"length"}],"model":"m","usage":{"n":1}})"})),
      R"({"id":"x","object":"text_completion","created":9,"model":"m","choices":[)"
      R"({"text":"Hey\n","index":0,"logprobs":null,"finish_reason":"length"}],)"
      R"("usage":{"n":1}})");
}

TEST(AssembleCompletions, OneEventMayHoldTheWholeObject) {
  const std::string whole =
      R"({"id":"cmpl","object":"text_completion","created":9,"model":"m","choices":[)"
      R"({"text":"a","index":0,"logprobs":null,"finish_reason":"stop","stop_reason":null,)"
      R"("prompt_logprobs":null},{"text":"b","index":1,"logprobs":null,"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":1},"kv_transfer_params":null})";
  EXPECT_EQ(completions(stream_of({whole})), whole);
}

TEST(AssembleCompletions, LogprobsAreJoined) {
  const auto with = [](std::string_view logprobs) {
    return text("\"x\"", ",\"logprobs\":" + std::string(logprobs));
  };
  EXPECT_EQ(
      completions(stream_of(
          {with(
               R"({"tokens":["a"],"token_logprobs":[null],"top_logprobs":null,"text_offset":[0]})"),
           with(
               R"({"tokens":["b"],"token_logprobs":[-1.50],"top_logprobs":[{"b":-1.50}],"text_offset":[1]})"),
           with("null"), text("\"\"", kStop)})),
      R"({"object":"text_completion","choices":[{"text":"xxx","index":0,"logprobs":{)"
      R"("tokens":["a","b"],"token_logprobs":[null,-1.50],"top_logprobs":[{"b":-1.50}],)"
      R"("text_offset":[0,1]},"finish_reason":"stop"}]})");
}

TEST(AssembleCompletions, TextThatIsNoneIsRefused) {
  EXPECT_EQ(completions(stream_of({text("1", kStop)})), "refused: content");
  EXPECT_EQ(completions(stream_of({text("null", kStop)})),
            R"({"object":"text_completion","choices":[{"text":"","index":0,"logprobs":null,)"
            R"("finish_reason":"stop"}]})");
}

TEST(SynthesiseCompletions, AWholeStreamByteForByte) {
  const std::string json =
      R"({"id":"x","object":"text_completion","created":9,"model":"m","choices":[)"
      R"({"text":"b","index":1,"logprobs":null,"finish_reason":"stop"},)"
      R"({"text":"a c","index":0,"logprobs":{"tokens":["a"]},"finish_reason":"length","z":1}],)"
      R"("usage":{"n":1},"v":[2]})";
  const std::string head =
      R"(data: {"id":"x","object":"text_completion","created":9,"model":"m","choices":[)";
  const auto frame = [&](std::string_view choice, std::string_view after = "") {
    return head + std::string(choice) + "]" + std::string(after) + "}\n\n";
  };
  const auto stream = [&](std::string_view usage, std::string_view last) {
    return frame(R"({"text":"a","index":0,"logprobs":{"tokens":["a"]},"finish_reason":null})",
                 usage) +
           frame(R"({"text":" c","index":0,"logprobs":null,"finish_reason":null})", usage) +
           frame(R"({"text":"","index":0,"logprobs":null,"finish_reason":"length","z":1})", usage) +
           frame(R"({"text":"b","index":1,"logprobs":null,"finish_reason":null})", usage) +
           frame(R"({"text":"","index":1,"logprobs":null,"finish_reason":"stop"})",
                 std::string(usage) + std::string(last));
  };
  EXPECT_EQ(spoken(json), stream("", R"(,"v":[2])") + "data: [DONE]\n\n");
  EXPECT_EQ(spoken(json, streamed(true)), stream(R"(,"usage":null)", "") +
                                              frame("", R"(,"usage":{"n":1},"v":[2])") +
                                              "data: [DONE]\n\n");
}

TEST(SynthesiseCompletions, WhatIsNoAnswerIsRefused) {
  const auto with = [](std::string_view choice) {
    return spoken(R"({"choices":[{)" + std::string(choice) + "}]}");
  };
  EXPECT_EQ(with(R"("text":[],"finish_reason":"stop")"), "refused: content");
  EXPECT_EQ(with(R"("text":"x")"), "refused: malformed");
  EXPECT_EQ(with(R"("message":{},"finish_reason":"stop")"), "refused: malformed");
  EXPECT_EQ(spoken(text("\"x\"", kStop), streamed(true)), "refused: usage");
}

TEST(Conversion, OtherRoutesKnowNoOtherForm) {
  for (const Route route :
       {Route::kOther, Route::kEmbeddings, Route::kModerations, Route::kRerank, Route::kScore,
        Route::kResponsesInputTokens, Route::kMessagesCountTokens}) {
    EXPECT_EQ(said(assemble(route, stream_of({"{}"}), kRoomy)), "refused: route");
    EXPECT_EQ(said(synthesise(route, "{}", streamed(), kRoomy)), "refused: route");
    EXPECT_EQ(said(rebuild(route, stream_of({"{}"}), streamed(), kRoomy)), "refused: route");
  }
}

}  // namespace
}  // namespace reprise::openai
