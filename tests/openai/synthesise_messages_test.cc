#include "openai/synthesise_messages.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "openai/told_events.h"

namespace reprise::openai {
namespace {

using told::event;

std::string message(const std::string& content, const std::string& more = "") {
  return R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":)" +
         content + R"(,"stop_reason":"end_turn","stop_sequence":null)" + more +
         R"(,"usage":{"input_tokens":9,"output_tokens":44,"service_tier":"standard"}})";
}

const std::string kStart = event(
    "message_start",
    R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],)"
    R"("stop_reason":null,"stop_sequence":null,)"
    R"("usage":{"input_tokens":9,"output_tokens":1,"service_tier":"standard"}})");
const std::string kEnd =
    event("message_delta",
          R"("delta":{"stop_reason":"end_turn","stop_sequence":null},)"
          R"("usage":{"input_tokens":9,"output_tokens":44,"service_tier":"standard"})") +
    event("message_stop");

std::string start(const std::string& block, int index = 0) {
  return event("content_block_start",
               "\"index\":" + std::to_string(index) + ",\"content_block\":" + block);
}
std::string delta(const std::string& type, const std::string& members, int index = 0) {
  return event("content_block_delta", "\"index\":" + std::to_string(index) +
                                          ",\"delta\":{\"type\":\"" + type + "\"," + members + "}");
}
std::string stop(int index = 0) {
  return event("content_block_stop", "\"index\":" + std::to_string(index));
}

std::string synthesised(const std::string& json) { return said(synthesise_messages(json, kRoomy)); }

// The events between kStart and kEnd of a message with this content.
std::string events_of_content(const std::string& content) {
  const std::string stream = synthesised(message(content));
  if (stream.starts_with("refused")) return stream;
  EXPECT_TRUE(stream.starts_with(kStart)) << stream;
  EXPECT_TRUE(stream.ends_with(kEnd)) << stream;
  if (stream.size() < kStart.size() + kEnd.size()) return stream;
  return stream.substr(kStart.size(), stream.size() - kStart.size() - kEnd.size());
}

TEST(SynthesiseMessages, TextComesInPieces) {
  EXPECT_EQ(events_of_content(R"([ {"type" : "text", "text":"Hi, \u00e9\n\u2028you"} ])"),
            start(R"({"type":"text","text":""})") + delta("text_delta", R"("text":"Hi,")") +
                delta("text_delta", R"("text":" é")") +
                delta("text_delta", R"("text":"\n\u2028you")") + stop());
  EXPECT_EQ(events_of_content(R"([{"type":"text","text":""}])"),
            start(R"({"type":"text","text":""})") + stop());
  EXPECT_EQ(events_of_content("[]"), "");
}

TEST(SynthesiseMessages, CitationsFollowTheText) {
  EXPECT_EQ(events_of_content(R"([{"citations":[{"n":1.0},{}],"type":"text","text":"x"}])"),
            start(R"({"citations":[],"type":"text","text":""})") +
                delta("text_delta", R"("text":"x")") +
                delta("citations_delta", R"("citation":{"n":1.0})") +
                delta("citations_delta", R"("citation":{})") + stop());
  EXPECT_EQ(events_of_content(R"([{"type":"text","text":"x","citations":null}])"),
            start(R"({"type":"text","text":"","citations":null})") +
                delta("text_delta", R"("text":"x")") + stop());
}

TEST(SynthesiseMessages, ThinkingIsSignedAtItsEnd) {
  EXPECT_EQ(events_of_content(R"([{"type":"thinking","thinking":"Hm hm","signature":"Eq=="},)"
                              R"({"type":"redacted_thinking","data":"zz"}])"),
            start(R"({"type":"thinking","thinking":"","signature":""})") +
                delta("thinking_delta", R"("thinking":"Hm")") +
                delta("thinking_delta", R"("thinking":" hm")") +
                delta("signature_delta", R"("signature":"Eq==")") + stop() +
                start(R"({"type":"redacted_thinking","data":"zz"})", 1) + stop(1));
  EXPECT_EQ(events_of_content(R"([{"type":"thinking","thinking":"","signature":""}])"),
            start(R"({"type":"thinking","thinking":"","signature":""})") + stop());
  EXPECT_EQ(events_of_content(R"([{"type":"thinking","thinking":"x","signature":null}])"),
            start(R"({"type":"thinking","thinking":"","signature":null})") +
                delta("thinking_delta", R"("thinking":"x")") + stop());
}

TEST(SynthesiseMessages, InputComesInPiecesOfItsText) {
  EXPECT_EQ(events_of_content(R"([{"type":"tool_use","id":"t","name":"f","input":{ "a b":1.50,)"
                              R"("c":"\u00e9\"\n"}}])"),
            start(R"({"type":"tool_use","id":"t","name":"f","input":{}})") +
                delta("input_json_delta", R"("partial_json":"{\"a")") +
                delta("input_json_delta", R"("partial_json":" b\":1.50,\"c\":\"é\\\"\\n\"}")") +
                stop());
  EXPECT_EQ(events_of_content(R"([{"type":"server_tool_use","id":"t","input":{}}])"),
            start(R"({"type":"server_tool_use","id":"t","input":{}})") + stop());
}

TEST(SynthesiseMessages, WhatHasNoDeltasComesWhole) {
  for (const char* block :
       {R"({"type":"web_search_tool_result","content":[{"text":"x"}]})",
        R"({"type":"mcp_tool_use","input":{"a":1}})", R"({"type":"tool_use","input":"odd"})",
        R"({"type":"hologram","text":"x"})", R"({"text":"x"})", "{}"}) {
    EXPECT_EQ(events_of_content("[" + std::string(block) + "]"), start(block) + stop());
  }
}

TEST(SynthesiseMessages, WhatTheEndSetsIsNullAtTheStart) {
  const std::string stream =
      synthesised(message("[]", R"(,"stop_details":{"a":1},"container":{})"));
  EXPECT_EQ(
      stream,
      event("message_start",
            R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x",)"
            R"("content":[],"stop_reason":null,"stop_sequence":null,"stop_details":null,)"
            R"("container":{},)"
            R"("usage":{"input_tokens":9,"output_tokens":1,"service_tier":"standard"}})") +
          event("message_delta",
                R"("delta":{"stop_reason":"end_turn","stop_sequence":null,)"
                R"("stop_details":{"a":1}},)"
                R"("usage":{"input_tokens":9,"output_tokens":44,"service_tier":"standard"})") +
          event("message_stop"));
}

TEST(SynthesiseMessages, TheStartCountsOneTokenAtMost) {
  const auto tokens = [](const std::string& usage) {
    const auto events = told::events_of(
        synthesised(R"({"content":[],"stop_reason":"end_turn","usage":)" + usage + "}"));
    return events.size() == 3 ? events[0].json.substr(events[0].json.find("\"usage\"")) +
                                    events[1].json.substr(events[1].json.find("\"usage\""))
                              : "";
  };
  EXPECT_EQ(tokens(R"({"output_tokens":0})"),
            R"("usage":{"output_tokens":0}}}"usage":{"output_tokens":0}})");
  EXPECT_EQ(tokens(R"({"output_tokens":1})"),
            R"("usage":{"output_tokens":1}}}"usage":{"output_tokens":1}})");
  EXPECT_EQ(tokens(R"({"output_tokens":20})"),
            R"("usage":{"output_tokens":1}}}"usage":{"output_tokens":20}})");
  EXPECT_EQ(tokens(R"({"output_tokens":null})"),
            R"("usage":{"output_tokens":null}}}"usage":{"output_tokens":null}})");
  EXPECT_EQ(tokens("{}"), R"("usage":{}}}"usage":{}})");
}

TEST(SynthesiseMessages, WhatCannotBeToldIsRefused) {
  EXPECT_EQ(events_of_content(R"([{"type":"text","text":null}])"), "refused: content");
  EXPECT_EQ(events_of_content(R"([{"type":"text","text":["x"]}])"), "refused: content");
  EXPECT_EQ(events_of_content(R"([{"type":"thinking"}])"), "refused: content");
  EXPECT_EQ(events_of_content(R"(["x"])"), "refused: content");
  EXPECT_EQ(events_of_content(R"("x")"), "refused: content");
  EXPECT_EQ(events_of_content("null"), "refused: content");
  EXPECT_EQ(synthesised(R"({"content":[],"stop_reason":null,"usage":{}})"), "refused: malformed");
  EXPECT_EQ(synthesised(R"({"content":[],"stop_reason":"x","usage":null})"), "refused: usage");
  EXPECT_EQ(synthesised(R"({"content":[],"stop_reason":"x"})"), "refused: usage");
  EXPECT_EQ(synthesised(R"({"content":[],"stop_reason":"x","usage":3})"), "refused: malformed");
  EXPECT_EQ(synthesised(R"({"content":[],"content":[]})"), "refused: malformed");
  EXPECT_EQ(synthesised(R"({"x":"\ud800"})"), "refused: malformed");
  EXPECT_EQ(synthesised("[]"), "refused: malformed");
  EXPECT_EQ(synthesised(""), "refused: malformed");
}

TEST(SynthesiseMessages, KeepsToItsBound) {
  const std::string json = message(
      R"([{"type":"text","text":"a b c","citations":[{}]},{"type":"tool_use","input":{"a":1}}])");
  const std::string whole = synthesised(json);
  for (size_t room = 0; room <= whole.size(); ++room) {
    const std::string bounded = said(synthesise_messages(json, room));
    EXPECT_EQ(bounded, room < whole.size() ? "refused: too_large" : whole) << room;
  }
}

}  // namespace
}  // namespace reprise::openai
