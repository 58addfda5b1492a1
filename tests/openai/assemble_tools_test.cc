#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

std::string with_tools(std::string_view elements) {
  return R"("tool_calls":[)" + std::string(elements) + "]";
}

// The tool calls that deltas of these elements add up to.
std::string tools(std::initializer_list<std::string_view> deltas) {
  std::string stream;
  for (const std::string_view one : deltas) stream += "data: " + delta(with_tools(one)) + "\n\n";
  const std::string whole = chat(stream + stream_of({finish()}));
  constexpr std::string_view kBefore = "\"tool_calls\":";
  const size_t from = whole.find(kBefore);
  if (from == std::string::npos) return whole;
  const size_t to = whole.find("},\"logprobs\"", from);
  return whole.substr(from + kBefore.size(), to - from - kBefore.size());
}

TEST(AssembleTools, PiecesByIndex) {
  EXPECT_EQ(
      tools(
          {R"({"index":1,"id":"b","type":"function","function":{"name":"g","arguments":""}})",
           R"({"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x"}})",
           R"({"index":1,"function":{"arguments":"[]"}},{"index":0,"function":{"arguments":"\":1}"}})"}),
      R"([{"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},)"
      R"({"id":"b","type":"function","function":{"name":"g","arguments":"[]"}}])");
}

TEST(AssembleTools, RepeatsAreIgnoredAndContradictionsRefused) {
  EXPECT_EQ(tools({R"({"index":0,"id":"a","type":"function","function":{"name":"f"}})",
                   R"({"index":0,"id":"a","type":"function","function":{"name":"f"}})",
                   R"({"index":0,"id":"","type":null,"function":{"name":"","arguments":null}})",
                   R"({"index":0,"id":null,"function":null})"}),
            R"([{"id":"a","type":"function","function":{"name":"f","arguments":""}}])");
  EXPECT_EQ(tools({R"({"index":0,"id":"a"})", R"({"index":0,"id":"b"})"}), "refused: tool");
  EXPECT_EQ(
      tools({R"({"index":0,"function":{"name":"f"}})", R"({"index":0,"function":{"name":"g"}})"}),
      "refused: tool");
  EXPECT_EQ(tools({R"({"index":0,"type":"function"})", R"({"index":0,"type":"custom"})"}),
            "refused: tool");
  EXPECT_EQ(tools({R"({"index":0,"id":1})"}), "refused: tool");
}

TEST(AssembleTools, TheTypeFollowsFromWhatIsCalled) {
  EXPECT_EQ(tools({R"({"index":0,"id":"a","custom":{"name":"c","input":"x "}})",
                   R"({"index":0,"custom":{"input":"y"}},{"index":1,"function":{}})"}),
            R"([{"id":"a","type":"custom","custom":{"name":"c","input":"x y"}},)"
            R"({"type":"function","function":{"arguments":""}}])");
  EXPECT_EQ(tools({R"({"index":0,"id":"a","type":"mcp","mcp":{"x":1}})"}),
            R"([{"id":"a","type":"mcp","mcp":{"x":1}}])");
}

TEST(AssembleTools, OtherMembersGrow) {
  EXPECT_EQ(
      tools(
          {R"({"index":0,"id":"a","extra_content":{"google":{"sig":"s"}},"function":{"name":"f","z":1}})",
           R"({"index":0,"extra_content":{"google":{"sig":"s","n":[1]}},"function":{"z":2}})"}),
      R"([{"id":"a","type":"function","function":{"name":"f","arguments":"","z":2},)"
      R"("extra_content":{"google":{"sig":"s","n":[1]}}}])");
  EXPECT_EQ(tools({R"({"index":0,"x":"s"})", R"({"index":0,"x":"t"})"}), "refused: member");
}

TEST(AssembleTools, WithoutIndexANewIdIsANewCall) {
  EXPECT_EQ(tools({R"({"id":"a","function":{"name":"f","arguments":"1"}})",
                   R"({"id":"b","function":{"name":"f","arguments":"2"}})",
                   R"({"function":{"arguments":"3"}},{"id":"b","function":{"arguments":"4"}})"}),
            R"([{"id":"a","type":"function","function":{"name":"f","arguments":"1"}},)"
            R"({"id":"b","type":"function","function":{"name":"f","arguments":"234"}}])");
  EXPECT_EQ(tools({R"({"index":5,"id":"a"})", R"({"index":null,"id":"b"})"}),
            R"([{"id":"a"},{"id":"b"}])");
}

TEST(AssembleTools, WithoutIndexNobodyGuesses) {
  // Two whole calls whose ids were left out, not one call in two pieces.
  EXPECT_EQ(tools({R"({"id":"","function":{"name":"f","arguments":"{}"}})",
                   R"({"id":"","function":{"name":"f","arguments":"{}"}})"}),
            "refused: tool");
  EXPECT_EQ(tools({R"({"id":"a","function":{"name":"f"}})", R"({"custom":{"name":"f"}})"}),
            "refused: tool");
  EXPECT_EQ(tools({R"({"id":"a"},{"id":"b"},{"id":"a"})"}), "refused: tool");
  EXPECT_EQ(tools({R"({"index":4294967295,"id":"a"},{"id":"b"})"}), "refused: tool");
}

TEST(AssembleTools, NoContentBesideCallsIsNull) {
  const std::string call = with_tools(R"({"index":0,"id":"a"})");
  EXPECT_EQ(message({R"("content":"")", call}),
            R"({"role":"assistant","content":null,"refusal":null,"tool_calls":[{"id":"a"}]})");
  EXPECT_EQ(message({R"("content":"x")", call}),
            R"({"role":"assistant","content":"x","refusal":null,"tool_calls":[{"id":"a"}]})");
  EXPECT_EQ(message({R"("content":"","tool_calls":[])"}),
            R"({"role":"assistant","content":"","refusal":null,"tool_calls":[]})");
  EXPECT_EQ(message({R"("content":"","tool_calls":null)"}),
            R"({"role":"assistant","content":"","refusal":null,"tool_calls":null})");
}

TEST(AssembleTools, WhatIsNoCallIsRefused) {
  EXPECT_EQ(message({R"("tool_calls":{})"}), "refused: malformed");
  EXPECT_EQ(tools({"1"}), "refused: malformed");
  EXPECT_EQ(tools({R"({"index":-1})"}), "refused: malformed");
  EXPECT_EQ(tools({R"({"index":0,"function":"f"})"}), "refused: malformed");
  EXPECT_EQ(tools({R"({"index":0,"function":{"arguments":{"a":1}}})"}), "refused: content");
}

TEST(AssembleTools, TheirNumberIsBounded) {
  const auto calls = [](int count) {
    std::string all = R"({"index":0})";
    for (int i = 1; i < count; ++i) all += ",{\"index\":" + std::to_string(i * 1000) + "}";
    return all;
  };
  EXPECT_EQ(tools({calls(1024)}).substr(0, 6), "[{},{}");
  EXPECT_EQ(tools({calls(1025)}), "refused: too_large");
}

}  // namespace
}  // namespace reprise::openai
