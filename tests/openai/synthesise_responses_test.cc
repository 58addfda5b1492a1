#include "openai/synthesise_responses.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "openai/told_events.h"

namespace reprise::openai {
namespace {

using told::Event;

std::string response(const std::string& output, const std::string& status = "completed") {
  return R"({"id":"resp_1","object":"response","created_at":1.0,"status":")" + status +
         R"(","completed_at":2,"incomplete_details":{"reason":"max_output_tokens"},"model":"m",)"
         R"("output":)" +
         output + R"(,"usage":{"total_tokens":3},"output_text":"x","metadata":{"a":"b"}})";
}

std::string synthesised(const std::string& json) {
  return said(synthesise_responses(json, kRoomy));
}

// The payloads of the events of a response with this output but for the first two and the last,
// without type and sequence number, which are checked.
std::vector<std::string> told_output(const std::string& output) {
  const std::string stream = synthesised(response(output));
  if (stream.starts_with("refused")) return {stream};
  std::vector<std::string> payloads;
  size_t number = 0;
  for (const Event& one : told::events_of(stream)) {
    const std::string begin =
        "{\"type\":\"" + one.name + "\",\"sequence_number\":" + std::to_string(number++) + ",";
    EXPECT_TRUE(one.json.starts_with(begin)) << one.json;
    if (!one.json.starts_with(begin)) return {};
    const std::string name = one.name.substr(one.name.find('.') + 1);
    payloads.push_back(name + " " + one.json.substr(begin.size()));
  }
  EXPECT_GE(payloads.size(), 3u);
  if (payloads.size() < 3) return {};
  EXPECT_TRUE(payloads[0].starts_with("created "));
  EXPECT_TRUE(payloads[1].starts_with("in_progress "));
  EXPECT_TRUE(payloads.back().starts_with("completed "));
  return {payloads.begin() + 2, payloads.end() - 1};
}

using Told = std::vector<std::string>;

TEST(SynthesiseResponses, TheBeginningSaysNothingYet) {
  const std::string json = response(R"([{"id":"x"}])");
  const std::string begun =
      R"({"id":"resp_1","object":"response","created_at":1.0,"status":"in_progress",)"
      R"("completed_at":null,"incomplete_details":null,"model":"m","output":[],"usage":null,)"
      R"("output_text":"","metadata":{"a":"b"}})";
  EXPECT_EQ(synthesised(json),
            told::event("response.created", "\"sequence_number\":0,\"response\":" + begun) +
                told::event("response.in_progress", "\"sequence_number\":1,\"response\":" + begun) +
                told::event("response.output_item.added",
                            R"("sequence_number":2,"output_index":0,"item":{"id":"x"})") +
                told::event("response.output_item.done",
                            R"("sequence_number":3,"output_index":0,"item":{"id":"x"})") +
                told::event("response.completed", "\"sequence_number\":4,\"response\":" + json));
}

TEST(SynthesiseResponses, WhatTheAnswerDoesNotHaveIsNotMadeUp) {
  EXPECT_EQ(
      synthesised(R"({"status":"completed","output":[]})"),
      told::event("response.created",
                  R"("sequence_number":0,"response":{"status":"in_progress","output":[]})") +
          told::event("response.in_progress",
                      R"("sequence_number":1,"response":{"status":"in_progress","output":[]})") +
          told::event("response.completed",
                      R"("sequence_number":2,"response":{"status":"completed","output":[]})"));
}

TEST(SynthesiseResponses, AnAnswerCutByItsLimitEndsIncomplete) {
  const std::string stream = synthesised(response("[]", "incomplete"));
  EXPECT_EQ(told::order_of(stream), "response.created response.in_progress response.incomplete");
  EXPECT_NE(stream.find(response("[]", "incomplete")), std::string::npos);
}

TEST(SynthesiseResponses, Messages) {
  const std::string part =
      R"({"type":"output_text","annotations":[{"a":1.0},{}],"logprobs":[{"t":-0.10}],)"
      R"("text":"Hi, é"})";
  const std::string item = R"({"id":"msg_1","type":"message","status":"completed","content":[)" +
                           part + R"(,{"type":"refusal","refusal":"No no"}],"role":"assistant"})";
  const auto place = [](const std::string& name, const std::string& members) {
    return name + R"( "item_id":"msg_1","output_index":0,"content_index":)" + members + "}";
  };
  EXPECT_EQ(
      told_output("[" + item + "]"),
      (Told{
          R"(output_item.added "output_index":0,"item":{"id":"msg_1","type":"message",)"
          R"("status":"in_progress","content":[],"role":"assistant"}})",
          place("content_part.added",
                R"(0,"part":{"type":"output_text","annotations":[],"logprobs":[],"text":""})"),
          place("output_text.delta", R"(0,"delta":"Hi,","logprobs":[])"),
          place("output_text.delta", R"(0,"delta":" é","logprobs":[])"),
          place("output_text.annotation.added", R"(0,"annotation_index":0,"annotation":{"a":1.0})"),
          place("output_text.annotation.added", R"(0,"annotation_index":1,"annotation":{})"),
          place("output_text.done", R"(0,"text":"Hi, é","logprobs":[{"t":-0.10}])"),
          place("content_part.done", "0,\"part\":" + part),
          place("content_part.added", R"(1,"part":{"type":"refusal","refusal":""})"),
          place("refusal.delta", R"(1,"delta":"No")"),
          place("refusal.delta", R"(1,"delta":" no")"),
          place("refusal.done", R"(1,"refusal":"No no")"),
          place("content_part.done", R"(1,"part":{"type":"refusal","refusal":"No no"})"),
          "output_item.done \"output_index\":0,\"item\":" + item + "}",
      }));
}

TEST(SynthesiseResponses, PartsThatSayNothingOrAreNotKnown) {
  EXPECT_EQ(
      told_output(R"([{"type":"message","id":"m","content":[{"text":"","type":"output_text"},)"
                  R"({"type":"hologram","text":"x"}]}])"),
      (Told{
          R"(output_item.added "output_index":0,"item":{"type":"message","id":"m","content":[]}})",
          R"(content_part.added "item_id":"m","output_index":0,"content_index":0,"part":{"text":"","type":"output_text"}})",
          R"(output_text.done "item_id":"m","output_index":0,"content_index":0,"text":"","logprobs":[]})",
          R"(content_part.done "item_id":"m","output_index":0,"content_index":0,"part":{"text":"","type":"output_text"}})",
          R"(content_part.added "item_id":"m","output_index":0,"content_index":1,"part":{"type":"hologram","text":"x"}})",
          R"(content_part.done "item_id":"m","output_index":0,"content_index":1,"part":{"type":"hologram","text":"x"}})",
          R"(output_item.done "output_index":0,"item":{"type":"message","id":"m","content":[{"text":"","type":"output_text"},{"type":"hologram","text":"x"}]}})",
      }));
}

TEST(SynthesiseResponses, Reasoning) {
  const std::string item =
      R"({"id":"rs_1","type":"reasoning","summary":[{"type":"summary_text","text":"A b"}],)"
      R"("content":[{"type":"reasoning_text","text":"c"}],"encrypted_content":"gA"})";
  EXPECT_EQ(
      told_output("[" + item + "]"),
      (Told{
          R"(output_item.added "output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[],"content":[],"encrypted_content":"gA"}})",
          R"(reasoning_summary_part.added "item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":""}})",
          R"(reasoning_summary_text.delta "item_id":"rs_1","output_index":0,"summary_index":0,"delta":"A"})",
          R"(reasoning_summary_text.delta "item_id":"rs_1","output_index":0,"summary_index":0,"delta":" b"})",
          R"(reasoning_summary_text.done "item_id":"rs_1","output_index":0,"summary_index":0,"text":"A b"})",
          R"(reasoning_summary_part.done "item_id":"rs_1","output_index":0,"summary_index":0,"part":{"type":"summary_text","text":"A b"}})",
          R"(content_part.added "item_id":"rs_1","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":""}})",
          R"(reasoning_text.delta "item_id":"rs_1","output_index":0,"content_index":0,"delta":"c"})",
          R"(reasoning_text.done "item_id":"rs_1","output_index":0,"content_index":0,"text":"c"})",
          R"(content_part.done "item_id":"rs_1","output_index":0,"content_index":0,"part":{"type":"reasoning_text","text":"c"}})",
          "output_item.done \"output_index\":0,\"item\":" + item + "}",
      }));
  EXPECT_EQ(told_output(R"([{"id":"r","type":"reasoning","content":null,"summary":[]}])").size(),
            2u);
  EXPECT_EQ(told_output(R"([{"id":"r","type":"reasoning"}])").size(), 2u);
}

TEST(SynthesiseResponses, Calls) {
  EXPECT_EQ(
      told_output(
          R"([{"id":"fc","type":"function_call","status":"completed","arguments":"{\"a\": 1}","call_id":"c","name":"f"},)"
          R"({"id":"ct","type":"custom_tool_call","input":"x","call_id":"d","name":"g"}])"),
      (Told{
          R"(output_item.added "output_index":0,"item":{"id":"fc","type":"function_call","status":"in_progress","arguments":"","call_id":"c","name":"f"}})",
          R"(function_call_arguments.delta "item_id":"fc","output_index":0,"delta":"{\"a\":"})",
          R"(function_call_arguments.delta "item_id":"fc","output_index":0,"delta":" 1}"})",
          R"(function_call_arguments.done "item_id":"fc","output_index":0,"arguments":"{\"a\": 1}","name":"f"})",
          R"(output_item.done "output_index":0,"item":{"id":"fc","type":"function_call","status":"completed","arguments":"{\"a\": 1}","call_id":"c","name":"f"}})",
          R"(output_item.added "output_index":1,"item":{"id":"ct","type":"custom_tool_call","input":"","call_id":"d","name":"g"}})",
          R"(custom_tool_call_input.delta "item_id":"ct","output_index":1,"delta":"x"})",
          R"(custom_tool_call_input.done "item_id":"ct","output_index":1,"input":"x"})",
          R"(output_item.done "output_index":1,"item":{"id":"ct","type":"custom_tool_call","input":"x","call_id":"d","name":"g"}})",
      }));
}

// The id that the item `item` is told with; the test fails if it is not the same everywhere.
std::string id_told(const std::string& item) {
  const std::string stream = synthesised(R"({"status":"completed","output":[)" + item + "]}");
  std::vector<std::string> ids;
  for (const Event& one : told::events_of(stream)) {
    for (const std::string before :
         {R"("item":{"id":")", R"("item_id":")", R"("output":[{"id":")"}) {
      const size_t at = one.json.find(before);
      if (at == std::string::npos) continue;
      const size_t from = at + before.size();
      ids.push_back(one.json.substr(from, one.json.find('"', from) - from));
    }
  }
  EXPECT_GE(ids.size(), 3u) << stream;  // added, done and completed
  for (const std::string& id : ids) EXPECT_EQ(id, ids.front());
  return ids.empty() ? "" : ids.front();
}

TEST(SynthesiseResponses, ItemsWithoutAnIdGetOne) {
  const std::string rest = R"("type":"message","content":[{"type":"output_text","text":"x"}])";
  const std::string id = id_told("{" + rest + "}");
  EXPECT_TRUE(id.starts_with("msg_")) << id;
  EXPECT_EQ(id.size(), 36u);
  EXPECT_EQ(id_told("{" + rest + "}"), id);
  EXPECT_TRUE(id_told(R"({"id":null,)" + rest + "}").starts_with("msg_"));
  EXPECT_TRUE(id_told(R"({"id":"",)" + rest + "}").starts_with("msg_"));
  EXPECT_TRUE(id_told(R"({"type":"reasoning"})").starts_with("rs_"));
  EXPECT_TRUE(id_told(R"({"type":"function_call","arguments":""})").starts_with("fc_"));
  EXPECT_TRUE(id_told(R"({"type":"custom_tool_call","input":"x"})").starts_with("ctc_"));
  EXPECT_TRUE(id_told(R"({"type":"mystery"})").starts_with("item_"));
  EXPECT_TRUE(id_told("{}").starts_with("item_"));
  EXPECT_EQ(id_told(R"({"id":"kept",)" + rest + "}"), "kept");
}

TEST(SynthesiseResponses, TwoItemsAlikeGetTwoIds) {
  const std::string stream = synthesised(R"({"status":"completed","output":[{},{}]})");
  const auto events = told::events_of(stream);
  ASSERT_EQ(events.size(), 7u);
  EXPECT_NE(events[2].json.substr(events[2].json.find("\"item\"")),
            events[4].json.substr(events[4].json.find("\"item\"")));
}

TEST(SynthesiseResponses, WhatCannotBeToldIsRefused) {
  const auto refusal = [](const std::string& item) { return told_output("[" + item + "]"); };
  const Told content{"refused: content"};
  EXPECT_EQ(refusal(R"({"type":"message","content":"x"})"), content);
  EXPECT_EQ(refusal(R"({"type":"message","content":null})"), content);
  EXPECT_EQ(refusal(R"({"type":"message"})"), content);
  EXPECT_EQ(refusal(R"({"type":"message","content":["x"]})"), content);
  EXPECT_EQ(refusal(R"({"type":"message","content":[{"type":"output_text","text":null}]})"),
            content);
  EXPECT_EQ(refusal(R"({"type":"message","content":[{"type":"refusal","text":"x"}]})"), content);
  EXPECT_EQ(refusal(R"({"type":"message","content":[{"type":"reasoning_text","text":"x"}]})"),
            content);
  EXPECT_EQ(refusal(R"({"type":"reasoning","content":[{"type":"output_text","text":"x"}]})"),
            content);
  EXPECT_EQ(refusal(R"({"type":"reasoning","summary":"x"})"), content);
  EXPECT_EQ(refusal(R"({"type":"reasoning","summary":[{"type":"summary_text"}]})"), content);
  EXPECT_EQ(refusal(R"({"type":"function_call","arguments":{}})"), content);
  EXPECT_EQ(refusal(R"({"type":"custom_tool_call"})"), content);
  EXPECT_EQ(refusal("\"x\""), content);
  EXPECT_EQ(refusal(R"({"id":3})"), Told{"refused: member"});
  EXPECT_EQ(told_output("{}"), Told{"refused: malformed"});
  EXPECT_EQ(told_output("null"), Told{"refused: malformed"});
  EXPECT_EQ(synthesised(response("[]", "failed")), "refused: malformed");
  EXPECT_EQ(synthesised(R"({"output":[]})"), "refused: malformed");
  EXPECT_EQ(synthesised(R"({"status":"completed"})"), "refused: malformed");
  EXPECT_EQ(synthesised(""), "refused: malformed");
  EXPECT_EQ(synthesised(response("[]") + "x"), "refused: malformed");
}

TEST(SynthesiseResponses, KeepsToItsBound) {
  const std::string json = R"({"status":"completed","output":[{"type":"message","content":[)"
                           R"({"type":"output_text","text":"a b","annotations":[{}]}]},{}]})";
  const std::string whole = synthesised(json);
  for (size_t room = 0; room <= whole.size(); ++room) {
    const std::string bounded = said(synthesise_responses(json, room));
    EXPECT_EQ(bounded, room < whole.size() ? "refused: too_large" : whole) << room;
  }
}

}  // namespace
}  // namespace reprise::openai
