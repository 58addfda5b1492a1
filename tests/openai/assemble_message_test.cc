#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

// A message with this content, and more.
std::string assistant(std::string_view content, std::string_view more = "") {
  return R"({"role":"assistant","content":)" + std::string(content) + R"(,"refusal":null)" +
         std::string(more) + "}";
}

TEST(AssembleMessage, TextIsJoined) {
  EXPECT_EQ(message({R"("role":"assistant","content":"")", R"("content":"a\"")",
                     R"("content":null)", R"("content":"\u00e9\ud83d\ude00","refusal":null)"}),
            assistant("\"a\\\"é😀\""));
  EXPECT_EQ(message({R"("content":null)"}), assistant("null"));
  EXPECT_EQ(message({R"("content":"")"}), assistant("\"\""));
  EXPECT_EQ(message({""}), assistant("null"));
  EXPECT_EQ(message({R"("content":null,"refusal":"No")", R"("refusal":".")"}),
            R"({"role":"assistant","content":null,"refusal":"No."})");
}

TEST(AssembleMessage, ReasoningIsJoinedUnderEachOfItsNames) {
  for (const std::string name : {"reasoning_content", "reasoning", "thinking", "tool_plan"}) {
    EXPECT_EQ(message({"\"" + name + "\":null", "\"" + name + "\":\"a\"", "\"" + name + "\":\"b\"",
                       R"("content":"x")", "\"" + name + "\":null"}),
              assistant("\"x\"", ",\"" + name + "\":\"ab\""));
    EXPECT_EQ(message({"\"" + name + "\":null"}), assistant("null", ",\"" + name + "\":null"));
    EXPECT_EQ(message({"\"" + name + "\":[]"}), "refused: content");
  }
}

TEST(AssembleMessage, ContentThatIsNoTextIsRefused) {
  EXPECT_EQ(message({R"("content":[{"type":"thinking","thinking":[]}])"}), "refused: content");
  EXPECT_EQ(message({R"("content":"a")", R"("content":{})"}), "refused: content");
  EXPECT_EQ(message({R"("refusal":false)"}), "refused: content");
}

TEST(AssembleMessage, TheRoleIsSaidOnceOrTheSame) {
  EXPECT_EQ(message({R"("role":"")", R"("role":"tool","content":"a")", R"("role":null)",
                     R"("role":"tool")"}),
            R"({"role":"tool","content":"a","refusal":null})");
  EXPECT_EQ(message({R"("role":"assistant")", R"("role":"tool")"}), "refused: role");
  EXPECT_EQ(message({R"("role":1)"}), "refused: role");
}

TEST(AssembleMessage, WhatNobodyKnowsGrowsByItsKind) {
  EXPECT_EQ(message({R"("a":[1],"s":"x","n":1,"o":{"p":[1],"q":null},"z":null,"content":"t")",
                     R"("o":{"r":true,"p":[2]},"n":2.0,"s":"x","a":[])",
                     R"("a":[{"b":1}],"o":{"q":"y"},"n":false,"s":"","z":null)"}),
            assistant("\"t\"", R"(,"a":[1,{"b":1}],"s":"x","n":false,)"
                               R"("o":{"p":[1,2],"q":"y","r":true},"z":null)"));
  EXPECT_EQ(message({R"("s":"")", R"("s":"x")"}), assistant("null", R"(,"s":"x")"));
  EXPECT_EQ(message({R"("annotations":[1])", R"("annotations":[2])"}),
            assistant("null", R"(,"annotations":[1,2])"));
  EXPECT_EQ(message({R"("s":"x")", R"("s":"y")"}), "refused: member");
  EXPECT_EQ(message({R"("s":"x")", R"("s":1)"}), "refused: member");
  EXPECT_EQ(message({R"("s":[])", R"("s":{})"}), "refused: member");
  EXPECT_EQ(message({R"("s":{"t":"x"})", R"("s":{"t":"y"})"}), "refused: member");
}

TEST(AssembleMessage, ReasoningDetailsAreMergedByIndexAndType) {
  EXPECT_EQ(message({R"("reasoning_details":[{"type":"t","index":0,"text":"a","signature":null}])",
                     R"("reasoning_details":[{"type":"t","index":0,"text":"b","signature":"s"},)"
                     R"({"type":"u","index":0,"data":"d"},{"type":"t","index":1,"summary":null}])",
                     R"("reasoning_details":[{"type":"t","index":0,"text":null,"signature":"x"},)"
                     R"({"type":"u","index":0,"data":"e"}])"}),
            assistant("null", R"(,"reasoning_details":[)"
                              R"({"type":"t","index":0,"signature":"s","text":"ab"},)"
                              R"({"type":"u","index":0,"data":"de"},)"
                              R"({"type":"t","index":1,"summary":null}])"));
  // Without an index nothing says that they belong together.
  EXPECT_EQ(message({R"("reasoning_details":[{"type":"t","text":"a"}])",
                     R"("reasoning_details":[{"type":"t","text":"b"}])"}),
            assistant("null", R"(,"reasoning_details":[{"type":"t","text":"a"},)"
                              R"({"type":"t","text":"b"}])"));
  EXPECT_EQ(message({R"("reasoning_details":null)"}),
            assistant("null", R"(,"reasoning_details":null)"));
  EXPECT_EQ(message({R"("reasoning_details":[1])"}), "refused: member");
  EXPECT_EQ(message({R"("reasoning_details":{})"}), "refused: member");
}

TEST(AssembleMessage, SoundIsJoinedAsBase64) {
  const auto sound = [](std::initializer_list<std::string_view> deltas) {
    const std::string whole = message(deltas);
    const size_t at = whole.find("\"audio\":");
    return at == std::string::npos ? whole : whole.substr(at + 8, whole.size() - at - 9);
  };
  EXPECT_EQ(sound({R"("audio":{"id":"a","transcript":"Hel","data":"QUJ"})",
                   R"("audio":{"id":"a","transcript":"lo","data":"DRA"})",
                   R"("audio":{"data":"==","expires_at":5})", R"("audio":{"expires_at":6})"}),
            R"({"id":"a","expires_at":6,"data":"QUJDRA==","transcript":"Hello"})");
  // Each piece a text of its own: "A", "BC", "D".
  EXPECT_EQ(sound({R"("audio":{"data":"QQ=="})", R"("audio":{"data":"QkM="})",
                   R"("audio":{"data":"RA==","x":[1]})"}),
            R"({"data":"QUJDRA==","x":[1]})");
  EXPECT_EQ(sound({R"("audio":{"data":"QQ=="})", R"("audio":{"data":"QUJD"})"}),
            R"({"data":"QUFCQw=="})");
  EXPECT_EQ(sound({R"("audio":null)"}), "null");
  EXPECT_EQ(sound({R"("audio":{"data":"Q=="})"}), "refused: member");
  EXPECT_EQ(sound({R"("audio":{"data":"QQ=="})", R"("audio":{"data":"Q"})"}), "refused: member");
  EXPECT_EQ(sound({R"("audio":{"data":1})"}), "refused: content");
  EXPECT_EQ(sound({R"("audio":[])"}), "refused: malformed");
}

TEST(AssembleMessage, AFunctionCall) {
  EXPECT_EQ(
      message({R"("content":"","function_call":{"name":"f","arguments":""})",
               R"("function_call":{"arguments":"{\"a\""})",
               R"("function_call":{"name":"f","arguments":":1}"})", R"("function_call":null)"}),
      assistant("null", R"(,"function_call":{"name":"f","arguments":"{\"a\":1}"})"));
  EXPECT_EQ(message({R"("function_call":null,"content":"")"}),
            assistant("\"\"", R"(,"function_call":null)"));
  EXPECT_EQ(message({R"("function_call":{"name":"f"})", R"("function_call":{"name":"g"})"}),
            "refused: tool");
  EXPECT_EQ(message({R"("function_call":{"arguments":{}})"}), "refused: content");
  EXPECT_EQ(message({R"("function_call":"f")"}), "refused: malformed");
}

// What hostile pieces of one object cost stays in proportion to them.
TEST(AssembleMessage, AWideObjectIsBounded) {
  std::string members;
  for (int i = 0; i < 70000; ++i) members += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
  const std::string once = R"("x":{)" + members + "}";
  EXPECT_EQ(message({once}), assistant("null", "," + once));
  EXPECT_EQ(message({once, R"("x":{"k1":2})"}), "refused: too_large");
}

TEST(AssembleMessage, ADeepObjectGrowsOnlySoDeep) {
  const auto deep = [](int depth) {
    std::string raw = "1";
    for (int i = 0; i < depth; ++i) raw.insert(0, R"({"x":)").append("}");
    return R"("x":)" + raw;
  };
  EXPECT_EQ(message({deep(100)}), assistant("null", "," + deep(100)));
  EXPECT_EQ(message({deep(16), deep(16)}), assistant("null", "," + deep(16)));
  EXPECT_EQ(message({deep(17), deep(17)}), "refused: too_large");
}

}  // namespace
}  // namespace reprise::openai
