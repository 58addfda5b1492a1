#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

constexpr std::string_view kText = R"("role":"assistant","content":"hi","refusal":null)";

std::string text_message(std::string_view more = "") {
  return "{" + std::string(kText) + std::string(more) + "}";
}

// The one choice of the answer to "hi" that has `stream`'s other members.
std::string choice_of(const std::string& whole) {
  const size_t from = whole.find("\"logprobs\"");
  const size_t to = whole.rfind("}]");
  return from == std::string::npos ? whole : whole.substr(from, to - from);
}

TEST(AssembleChat, AWholeAnswerByteForByte) {
  const std::string head = R"("id":"c1","object":"chat.completion.chunk","created":17,"model":"m")";
  const std::string stream = stream_of(
      {"{" + head +
           R"(,"service_tier":"default","system_fingerprint":"fp","choices":[{"index":0,)"
           R"("delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,)"
           R"("finish_reason":null}],"usage":null,"obfuscation":"aX"})",
       "{" + head +
           R"(,"choices":[{"index":0,"delta":{"content":"Hel"},"logprobs":null,)"
           R"("finish_reason":null}],"usage":null,"obfuscation":"b"})",
       "{" + head +
           R"(,"choices":[{"index":0,"delta":{"content":"lo\n"},"logprobs":null,)"
           R"("finish_reason":null}],"usage":null})",
       "{" + head +
           R"(,"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"stop"}],)"
           R"("usage":null})",
       "{" + head + R"(,"choices":[],"usage":{"total_tokens":1.50e1}})"});
  EXPECT_EQ(chat(stream),
            R"({"id":"c1","object":"chat.completion","created":17,"model":"m","choices":[)"
            R"({"index":0,"message":{"role":"assistant","content":"Hello\n","refusal":null},)"
            R"("logprobs":null,"finish_reason":"stop"}],"usage":{"total_tokens":1.50e1},)"
            R"("service_tier":"default","system_fingerprint":"fp"})");
}

TEST(AssembleChat, TheFirstChunkMayBeEmptyAndTheTimeMayChange) {
  EXPECT_EQ(chat(stream_of({R"({"id":"","object":"","created":0,"model":"","choices":[],)"
                            R"("prompt_filter_results":[{"prompt_index":0}]})",
                            R"({"id":"a","created":5,"model":"m","choices":[]})",
                            R"({"id":"a","created":6,"model":"m2","choices":[]})",
                            delta(R"("content":"hi")"), finish()})),
            R"({"id":"a","object":"chat.completion","created":5,"model":"m","choices":[)"
            R"({"index":0,"message":)" +
                text_message() +
                R"(,"logprobs":null,"finish_reason":"stop"}],)"
                R"("prompt_filter_results":[{"prompt_index":0}]})");
  EXPECT_EQ(chat(stream_of({R"({"id":"","created":0.0e5})", delta(R"("content":"hi")"), finish()}))
                .substr(0, 54),
            R"({"id":"","object":"chat.completion","created":0.0e5,"c)");
}

TEST(AssembleChat, OfOtherMembersTheLastThatIsNotNullCounts) {
  const std::string whole = chat(
      stream_of({R"({"x":1,"timings":null,"y":null,"system_fingerprint":null})",
                 R"({"provider":"p","x":{"a":1},"service_tier":null})", delta(R"("content":"hi")"),
                 finish(), R"({"timings":{"n":2},"x":null,"error":null})"}));
  EXPECT_EQ(whole.substr(whole.rfind("}]")),
            R"(}],"service_tier":null,"x":{"a":1},"timings":{"n":2},"y":null,"provider":"p",)"
            R"("error":null})");
}

TEST(AssembleChat, ChunksThatBeginAlikeCountAsOftenAsTheyCome) {
  const auto with = [](std::string_view members) {
    return "{" + std::string(members) + "," + delta(R"("content":"hi")").substr(1);
  };
  const auto ends_with = [](const std::string& stream, const std::string& members) {
    EXPECT_TRUE(chat(stream).ends_with("]," + members + "}")) << chat(stream);
  };
  const std::string one = with(R"("x":1)");
  const std::string two = with(R"("x":2)");
  ends_with(stream_of({one, one, two, finish()}), R"("x":2)");
  ends_with(stream_of({one, two, one, finish()}), R"("x":1)");
  ends_with(stream_of({one, R"({"x":2})", one, finish()}), R"("x":1)");
  ends_with(stream_of({one, one, R"({"x":1,"y":2})", finish()}), R"("x":1,"y":2)");
  ends_with(stream_of({one, with(R"("x":1,"y":2)"), one, with(R"("x":1,"y":3)"), finish()}),
            R"("x":1,"y":3)");
  EXPECT_NE(chat(stream_of({one, one, finish()})).find("hihi"), std::string::npos);
}

TEST(AssembleChat, UsageIsTheLastWhereverItComes) {
  const auto usage_of = [](const std::string& whole) { return whole.substr(whole.rfind("}]")); };
  const std::string hi = delta(R"("content":"hi")");
  EXPECT_EQ(usage_of(chat(stream_of({R"({"usage":{"n":0}})", hi, finish(),
                                     R"({"choices":[],"usage":{"n":3}})", R"({"usage":null})"}))),
            R"(}],"usage":{"n":3}})");
  EXPECT_EQ(usage_of(chat(stream_of({hi, R"({"choices":[{"index":0,"finish_reason":"stop"}],)"
                                         R"("usage":{"n":4}})"}))),
            R"(}],"usage":{"n":4}})");
  // Never recorded, so not a member.
  EXPECT_EQ(usage_of(chat(stream_of({hi, R"({"usage":null})", finish()}))), "}]}");
  EXPECT_EQ(chat(stream_of({hi, finish(), R"({"usage":7})"})), "refused: malformed");
}

TEST(AssembleChat, ChoicesComeByIndex) {
  const auto one = [](int index, std::string_view members) {
    return R"({"choices":[{"index":)" + std::to_string(index) + "," + std::string(members) + "}]}";
  };
  const std::string whole = chat(stream_of(
      {one(2, R"("delta":{"content":"c"})"), one(0, R"("delta":{"content":"a"})"),
       R"({"choices":[{"index":0,"delta":{"content":"A"}},{"index":2,"delta":{"content":"C"}}]})",
       one(2, R"("finish_reason":"length")"), one(0, R"("delta":null,"finish_reason":"stop")")}));
  EXPECT_EQ(whole,
            R"({"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant",)"
            R"("content":"aA","refusal":null},"logprobs":null,"finish_reason":"stop"},{"index":2,)"
            R"("message":{"role":"assistant","content":"cC","refusal":null},"logprobs":null,)"
            R"("finish_reason":"length"}]})");
  EXPECT_EQ(chat(stream_of({R"({"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]})"})),
            chat(stream_of({delta(R"("content":"hi")"), finish()})));
}

TEST(AssembleChat, AReasonOnceGivenIsKept) {
  const std::string hi = delta(R"("content":"hi")");
  const std::string expected = chat(stream_of({hi, finish("length")}));
  EXPECT_EQ(
      chat(stream_of({hi, finish("length"), R"({"choices":[{"index":0,"finish_reason":null}]})",
                      R"({"choices":[{"index":0,"finish_reason":""}]})"})),
      expected);
  EXPECT_EQ(chat(stream_of({hi})), "refused: malformed");
  EXPECT_EQ(chat(stream_of({hi, R"({"choices":[{"index":0,"finish_reason":1}]})"})),
            "refused: malformed");
}

TEST(AssembleChat, LogprobsAreJoined) {
  const auto with = [](std::string_view logprobs) {
    return R"({"choices":[{"index":0,"delta":{},"logprobs":)" + std::string(logprobs) + "}]}";
  };
  const auto of = [&](std::initializer_list<std::string_view> all) {
    std::string stream;
    for (const std::string_view one : all) stream += "data: " + with(one) + "\n\n";
    return choice_of(chat(stream + stream_of({finish()})));
  };
  EXPECT_EQ(of({"null", R"({"content":[{"token":"a"}],"refusal":null})", "null"}),
            R"("logprobs":{"content":[{"token":"a"}],"refusal":null},"finish_reason":"stop")");
  EXPECT_EQ(of({R"({"content":null})", R"({"content":[1,2]})", R"({"content":[]})",
                R"({"content":[3],"refusal":[4]})"}),
            R"("logprobs":{"content":[1,2,3],"refusal":[4]},"finish_reason":"stop")");
  EXPECT_EQ(of({"null"}), R"("logprobs":null,"finish_reason":"stop")");
  EXPECT_EQ(of({"{}"}), R"("logprobs":{},"finish_reason":"stop")");
  EXPECT_EQ(of({R"({"content":[1]})", R"({"content":"x"})"}), "refused: member");
  EXPECT_EQ(of({"[1]"}), "refused: member");
}

TEST(AssembleChat, WhatElseAChoiceHas) {
  const auto with = [](std::string_view members) {
    return R"({"choices":[{"index":0,)" + std::string(members) + "}]}";
  };
  EXPECT_EQ(
      choice_of(chat(stream_of(
          {with(R"("stop_reason":null,"content_filter_results":{},"token_ids":[1,2],"z":null)"),
           with(R"("content_filter_results":{"hate":{"a":1},"x":1},"token_ids":null)"),
           finish("stop", R"(,"stop_reason":128009,"token_ids":[3])"),
           with(R"("content_filter_results":{"x":null,"hate":{"b":2}},"stop_reason":null)")}))),
      R"("logprobs":null,"finish_reason":"stop","token_ids":[1,2,3],"stop_reason":128009,)"
      R"("content_filter_results":{"hate":{"b":2},"x":1},"z":null)");
  EXPECT_EQ(
      choice_of(chat(stream_of({with(R"("a":{"b":1},"c":{"d":1})"), with(R"("a":"s","c":{"e":2})"),
                                with(R"("a":{"f":1})"), finish()}))),
      R"("logprobs":null,"finish_reason":"stop","a":{"f":1},"c":{"d":1,"e":2})");
}

TEST(AssembleChat, ChunksOfAnotherKindAreRefused) {
  EXPECT_EQ(chat(stream_of({R"({"choices":[{"index":0,"message":{"content":"hi"}}]})", finish()})),
            "refused: event");
  EXPECT_EQ(chat(stream_of({R"({"choices":[{"index":0,"error":{}}]})", finish()})),
            "refused: malformed");
  EXPECT_EQ(completions(stream_of({delta(R"("content":"hi")"), finish()})), "refused: event");
}

TEST(AssembleChat, MalformedStreamsAreRefused) {
  const std::string hi = delta(R"("content":"hi")");
  for (const char* bad : {"[]", "{", "{}x", "[DONE]x", R"({"a":1,"\u0061":2})", R"({"a":"\ud800"})",
                          "{\"a\":\"\xff\"}", R"({"choices":{}})", R"({"choices":[1]})",
                          R"({"choices":[{"index":-1}]})", R"({"choices":[{"index":0.0}]})",
                          R"({"choices":[{"index":"0"}]})", R"({"choices":[{"index":4294967296}]})",
                          R"({"choices":[{},{}]})", R"({"choices":[{"index":0,"delta":[]}]})",
                          R"({"error":{"message":"x"}})"}) {
    EXPECT_EQ(chat(stream_of({hi, bad, finish()})), "refused: malformed") << bad;
  }
  EXPECT_EQ(chat("event: error\n" + stream_of({hi, finish()})), "refused: malformed");
  EXPECT_EQ(chat(""), "refused: malformed");
  EXPECT_EQ(chat("data: [DONE]\n\n"), "refused: malformed");
}

TEST(AssembleChat, TheStreamEndsAtDoneOrBetweenEvents) {
  const std::string events = "data: " + delta(R"("content":"hi")") + "\n\ndata: " + finish();
  const std::string expected = chat(events + "\n\ndata: [DONE]\n\n");
  EXPECT_NE(expected.find(kText), std::string::npos);
  for (const char* end : {"\n\n", "\n\n: ping\n", "\n\ndata:[DONE]\r\r", "\n\ndata: [DONE]",
                          "\n\ndata: [DONE]\n\ndata: {\n\n"}) {
    EXPECT_EQ(chat(events + end), expected) << end;
  }
  EXPECT_EQ(chat(events), "refused: malformed");
  EXPECT_EQ(chat(events + "\n\ndata: {}"), "refused: malformed");
}

TEST(AssembleChat, LineEndsCommentsAndSpaceMakeNoDifference) {
  const std::string expected = chat(stream_of({delta(R"("content":"hi")"), finish()}));
  for (const char* line : {"\n", "\r", "\r\n"}) {
    const std::string end(line);
    const std::string stream = "\xEF\xBB\xBF: hello" + end + end + "event: ping" + end + end +
                               "id: 1" + end + "data: { \"choices\" :" + end +
                               R"(data: [{"index":0, "delta":{"content":"h\u0069"}}]})" + end +
                               end + "data:" + finish() + end + end + "data: [DONE]" + end + end;
    EXPECT_EQ(chat(stream), expected);
  }
}

TEST(AssembleChat, NothingIsLargerThanAllowed) {
  const std::string stream = stream_of({delta(R"("content":"hi")"), finish()});
  const size_t size = chat(stream).size();
  EXPECT_TRUE(assemble(Route::kChatCompletions, stream, size));
  EXPECT_EQ(said(assemble(Route::kChatCompletions, stream, size - 1)), "refused: too_large");
  EXPECT_EQ(said(assemble(Route::kChatCompletions, stream, 0)), "refused: too_large");
}

TEST(AssembleChat, ThereIsABoundOnParts) {
  std::string many;
  for (int i = 0; i < 9000; ++i) {
    many += R"(data: {"choices":[{"index":)" + std::to_string(i) + R"(,"finish_reason":"stop"}]})" +
            "\n\n";
  }
  EXPECT_EQ(chat(many), "refused: too_large");
  std::string names;
  for (int i = 0; i < 70000; ++i) names += "data: {\"x" + std::to_string(i) + "\":1}\n\n";
  EXPECT_EQ(chat(names + stream_of({finish()})), "refused: too_large");
}

}  // namespace
}  // namespace reprise::openai
