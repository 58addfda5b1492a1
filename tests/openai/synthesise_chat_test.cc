#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

std::string spoken(std::string_view json, const Form& wanted = streamed()) {
  return said(synthesise(Route::kChatCompletions, json, wanted, kRoomy));
}

// The answer whose one choice has this message.
std::string saying(std::string_view message, std::string_view more = "") {
  return R"({"choices":[{"index":0,"message":)" + std::string(message) +
         R"(,"finish_reason":"stop")" + std::string(more) + "}]}";
}

// The deltas in which `message` is spoken, one per line, without the last, empty one.
std::string deltas(std::string_view message) {
  const std::string stream = spoken(saying(message));
  constexpr std::string_view kBefore =
      R"(data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{)";
  constexpr std::string_view kAfter = "},\"logprobs\":null,\"finish_reason\":null}]}\n\n";
  const std::string end = std::string(kBefore) +
                          "},\"logprobs\":null,\"finish_reason\":\"stop\"}]}\n\n" +
                          "data: [DONE]\n\n";
  if (!stream.ends_with(end)) return stream;
  std::string all;
  for (size_t at = 0; at < stream.size() - end.size();) {
    const size_t stop = stream.find(kAfter, at);
    if (!stream.substr(at).starts_with(kBefore) || stop == std::string::npos) return stream;
    all += stream.substr(at + kBefore.size(), stop - at - kBefore.size()) + "\n";
    at = stop + kAfter.size();
  }
  return all;
}

constexpr std::string_view kRole = "\"role\":\"assistant\",\"content\":\"\"\n";
constexpr std::string_view kRoleOnly = "\"role\":\"assistant\",\"content\":null\n";

constexpr std::string_view kAnswer =
    R"({"id":"c1","object":"chat.completion","created":17,"model":"m","choices":[{"index":0,)"
    R"("message":{"role":"assistant","content":"Hi you","refusal":null},)"
    R"("logprobs":{"content":[{"token":"Hi"}]},"finish_reason":"length","stop_reason":3}],)"
    R"("usage":{"total_tokens":1.50},"service_tier":"flex","system_fingerprint":"fp",)"
    R"("provider":"p","timings":null})";

constexpr std::string_view kHead =
    R"(data: {"id":"c1","object":"chat.completion.chunk","created":17,"model":"m",)"
    R"("service_tier":"flex","system_fingerprint":"fp","choices":[)";

TEST(SynthesiseChat, AWholeStreamByteForByte) {
  const std::string head(kHead);
  EXPECT_EQ(spoken(kAnswer),
            head +
                R"({"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,)"
                R"("finish_reason":null}]})"
                "\n\n" +
                head +
                R"({"index":0,"delta":{"content":"Hi"},)"
                R"("logprobs":{"content":[{"token":"Hi"}]},"finish_reason":null}]})"
                "\n\n" +
                head +
                R"({"index":0,"delta":{"content":" you"},"logprobs":null,)"
                R"("finish_reason":null}]})"
                "\n\n" +
                head +
                R"({"index":0,"delta":{},"logprobs":null,"finish_reason":"length",)"
                R"("stop_reason":3}],"provider":"p","timings":null})"
                "\n\ndata: [DONE]\n\n");
}

TEST(SynthesiseChat, UsageOnlyWhenAskedFor) {
  const std::string head(kHead);
  const std::string stream = spoken(kAnswer, streamed(true));
  EXPECT_EQ(stream.substr(stream.rfind("data: {")),
            head + R"(],"usage":{"total_tokens":1.50},"provider":"p","timings":null})"
                   "\n\ndata: [DONE]\n\n");
  size_t nulls = 0;
  for (size_t at = 0; (at = stream.find(R"(}],"usage":null})", at)) != std::string::npos; ++at) {
    ++nulls;
  }
  EXPECT_EQ(nulls, 4U);
  EXPECT_EQ(spoken(kAnswer).find("usage"), std::string::npos);
  EXPECT_EQ(spoken(saying(R"({"content":"x"})"), streamed(true)), "refused: usage");
  EXPECT_EQ(spoken(R"({"usage":null,)" + saying(R"({"content":"x"})").substr(1), streamed(true)),
            "refused: usage");
}

TEST(SynthesiseChat, ReasoningContentAndRefusalInPieces) {
  EXPECT_EQ(deltas(R"({"role":"bot","refusal":"No way","content":"a b","tool_plan":"p",)"
                   R"("reasoning":"r s","reasoning_content":"q"})"),
            "\"role\":\"bot\",\"content\":\"\"\n"
            "\"reasoning_content\":\"q\"\n\"reasoning\":\"r\"\n\"reasoning\":\" s\"\n"
            "\"tool_plan\":\"p\"\n\"content\":\"a\"\n\"content\":\" b\"\n"
            "\"refusal\":\"No\"\n\"refusal\":\" way\"\n");
}

TEST(SynthesiseChat, NothingComesInNoPieces) {
  EXPECT_EQ(deltas(R"({"role":"","content":""})"), kRole);
  EXPECT_EQ(deltas(R"({"content":null,"refusal":null})"), kRoleOnly);
  EXPECT_EQ(deltas("{}"), kRoleOnly);
  EXPECT_EQ(deltas(R"({"content":"","refusal":"","thinking":"","reasoning":null})"),
            std::string(kRole) + R"("refusal":"","thinking":"","reasoning":null)" + "\n");
}

TEST(SynthesiseChat, TwoToolsAndNoContent) {
  EXPECT_EQ(
      deltas(R"({"content":null,"tool_calls":[)"
             R"({"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\": 1}"}},)"
             R"({"index":7,"id":"b","type":"custom","custom":{"name":"c","input":"i"}}]})"),
      std::string(kRoleOnly) + R"("tool_calls":[{"index":0,"id":"a","type":"function",)"
                               R"("function":{"name":"f","arguments":""}}])"
                               "\n"
                               R"("tool_calls":[{"index":0,"function":{"arguments":"{\"x\":"}}])"
                               "\n"
                               R"("tool_calls":[{"index":0,"function":{"arguments":" 1}"}}])"
                               "\n"
                               R"("tool_calls":[{"index":1,"id":"b","type":"custom",)"
                               R"("custom":{"name":"c","input":""}}])"
                               "\n"
                               R"("tool_calls":[{"index":1,"custom":{"input":"i"}}])"
                               "\n");
}

TEST(SynthesiseChat, WhatElseACallHasComesWithItsHeader) {
  EXPECT_EQ(
      deltas(R"({"tool_calls":[{"function":{"arguments":"","name":"f","z":1},"extra":{"a":2},)"
             R"("id":null}]})"),
      std::string(kRoleOnly) + R"("tool_calls":[{"index":0,"function":{"name":"f",)"
                               R"("arguments":"","z":1},"extra":{"a":2}}])"
                               "\n");
  EXPECT_EQ(deltas(R"({"function_call":{"name":"f","arguments":"[1, 2]"}})"),
            std::string(kRoleOnly) + R"("function_call":{"name":"f","arguments":""})"
                                     "\n"
                                     R"("function_call":{"arguments":"[1,"})"
                                     "\n"
                                     R"("function_call":{"arguments":" 2]"})"
                                     "\n");
}

TEST(SynthesiseChat, OtherMembersComeInOneDelta) {
  EXPECT_EQ(deltas(R"({"x":{"y":[1.0]},"content":"a","annotations":[],"tool_calls":[],)"
                   R"("function_call":null,"audio":{"id":"a"}})"),
            std::string(kRole) + "\"content\":\"a\"\n" +
                R"("x":{"y":[1.0]},"annotations":[],"tool_calls":[],"function_call":null,)"
                R"("audio":{"id":"a"})"
                "\n");
}

TEST(SynthesiseChat, ChoicesByIndexAndRolesFirst) {
  const std::string stream =
      spoken(R"({"choices":[{"index":2,"message":{"content":"c"},"finish_reason":"stop"},)"
             R"({"index":0,"message":{"content":"a"},"finish_reason":"length"}]})");
  std::string order;
  for (size_t at = 0; (at = stream.find("\"index\":", at)) != std::string::npos; ++at) {
    order += stream[at + 8];
    if (stream.substr(at + 10).starts_with(R"("delta":{"role")")) order += "r";
  }
  EXPECT_EQ(order, "0r2r0022");
}

TEST(SynthesiseChat, LogprobsRideOnTheFirstOfWhateverComes) {
  const std::string logprobs = R"(,"logprobs":{"content":[]})";
  const std::string stream =
      spoken(saying(R"({"content":null,"function_call":{"name":"f"}})", logprobs));
  EXPECT_NE(stream.find(R"("arguments":""}})" + logprobs), std::string::npos) << stream;
  const std::string bare = spoken(saying(R"({"content":""})", logprobs));
  EXPECT_NE(bare.find(R"("delta":{})" + logprobs + R"(,"finish_reason":"stop")"),
            std::string::npos);
}

TEST(SynthesiseChat, SeparatorsThatReadersSplitAtAreEscaped) {
  EXPECT_EQ(deltas("{\"content\":\"a\xE2\x80\xA8\xC2\x85\"}"), std::string(kRole) +
                                                                   R"("content":"a\u2028\u0085")"
                                                                   "\n");
}

TEST(SynthesiseChat, NoMemberIsSaidTwice) {
  EXPECT_EQ(spoken(saying("{}", R"(,"delta":null,"error":null)")), spoken(saying("{}")));
}

TEST(SynthesiseChat, LeadingBlankLinesAreNoPartOfIt) {
  EXPECT_EQ(spoken("\n\n\r\n " + std::string(kAnswer) + "\n"), spoken(kAnswer));
}

TEST(SynthesiseChat, WhatIsNoAnswerIsRefused) {
  const auto with = [](std::string_view choices) {
    return spoken(R"({"choices":)" + std::string(choices) + "}");
  };
  const std::string fine = R"({"message":{"content":"x"},"finish_reason":"stop"})";
  EXPECT_EQ(with("[" + fine + "]").substr(0, 6), "data: ");
  for (const std::string& bad :
       {std::string("[]"), std::string("{}"), std::string("null"), std::string("[1]"),
        "[" + fine + "," + fine + "]", std::string(R"([{"finish_reason":"stop"}])"),
        std::string(R"([{"message":{"content":"x"}}])"),
        std::string(R"([{"message":{"content":"x"},"finish_reason":null}])"),
        std::string(R"([{"index":"0","message":{"content":"x"},"finish_reason":"stop"}])"),
        std::string(R"([{"message":{},"delta":{},"finish_reason":"stop"}])"),
        std::string(R"([{"message":[],"finish_reason":"stop"}])")}) {
    EXPECT_EQ(with(bad), "refused: malformed") << bad;
  }
  for (const char* bad :
       {"", "[]", "{} x", R"({"a":1,"a":2})", "{}", R"({"choices":[],"error":{}})"}) {
    EXPECT_EQ(spoken(bad), "refused: malformed") << bad;
  }
  EXPECT_EQ(spoken(saying(R"({"content":"x"})", R"(,"logprobs":[1])")), "refused: member");
}

TEST(SynthesiseChat, WhatHasNoPiecesIsRefused) {
  EXPECT_EQ(deltas(R"({"content":[{"type":"text"}]})"), "refused: content");
  EXPECT_EQ(deltas(R"({"reasoning":{}})"), "refused: content");
  EXPECT_EQ(deltas(R"({"role":1})"), "refused: role");
  EXPECT_EQ(deltas(R"({"tool_calls":[{"id":1}]})"), "refused: tool");
  EXPECT_EQ(deltas(R"({"tool_calls":[{"function":{"name":1}}]})"), "refused: tool");
  EXPECT_EQ(deltas(R"({"tool_calls":[{"function":{"arguments":{}}}]})"), "refused: content");
  EXPECT_EQ(deltas(R"({"tool_calls":[1]})"), "refused: malformed");
  EXPECT_EQ(deltas(R"({"tool_calls":{}})"), "refused: malformed");
  EXPECT_EQ(deltas(R"({"function_call":"f"})"), "refused: malformed");
}

TEST(SynthesiseChat, NothingIsLargerThanAllowed) {
  const size_t size = spoken(kAnswer).size();
  for (const size_t room : {size_t{0}, size_t{10}, size - 1}) {
    EXPECT_EQ(said(synthesise(Route::kChatCompletions, kAnswer, streamed(), room)),
              "refused: too_large");
  }
  EXPECT_TRUE(synthesise(Route::kChatCompletions, kAnswer, streamed(), size));
}

}  // namespace
}  // namespace reprise::openai
