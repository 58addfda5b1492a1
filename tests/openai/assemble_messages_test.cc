#include "openai/assemble_messages.h"

#include <gtest/gtest.h>

#include <string>

#include "openai/told_events.h"

namespace reprise::openai {
namespace {

using told::event;

const std::string kStart = event(
    "message_start",
    R"("message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[],)"
    R"("stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}})");
const std::string kEnd =
    event(
        "message_delta",
        R"("delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":4})") +
    event("message_stop");

std::string start(int index, const std::string& block) {
  return event("content_block_start",
               "\"index\":" + std::to_string(index) + ",\"content_block\":" + block);
}
std::string delta(int index, const std::string& type, const std::string& members) {
  return event("content_block_delta", "\"index\":" + std::to_string(index) +
                                          ",\"delta\":{\"type\":\"" + type + "\"," + members + "}");
}
std::string stop(int index) {
  return event("content_block_stop", "\"index\":" + std::to_string(index));
}

std::string text(int index, const std::string& piece) {
  return delta(index, "text_delta", "\"text\":" + piece);
}
std::string input(int index, const std::string& piece) {
  return delta(index, "input_json_delta", "\"partial_json\":" + piece);
}

std::string assembled(const std::string& stream) { return said(assemble_messages(stream, kRoomy)); }

// The message that kStart, `events` and kEnd build, which differs by its content alone.
std::string content_of(const std::string& events) {
  const std::string message = assembled(kStart + events + kEnd);
  if (message.starts_with("refused")) return message;
  static const std::string before =
      R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":)";
  static const std::string after =
      R"(,"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":4}})";
  EXPECT_TRUE(message.starts_with(before)) << message;
  EXPECT_TRUE(message.ends_with(after)) << message;
  if (message.size() < before.size() + after.size()) return message;
  return message.substr(before.size(), message.size() - before.size() - after.size());
}

const std::string kText = start(0, R"({"type":"text","text":""})");
const std::string kTool = start(0, R"({"type":"tool_use","id":"t","name":"f","input":{}})");
const std::string kThinking = start(0, R"({"type":"thinking","thinking":"","signature":""})");

TEST(AssembleMessages, TextIsJoined) {
  EXPECT_EQ(content_of(kText + text(0, R"("Hi")") + text(0, R"("")") + text(0, "null") +
                       text(0, R"(", \u00e9\n\"you\"")") + stop(0)),
            R"([{"type":"text","text":"Hi, é\n\"you\""}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"text","text":"He"})") + text(0, R"("llo")") + stop(0)),
            R"([{"type":"text","text":"Hello"}])");
  EXPECT_EQ(content_of(start(0, R"({"text":null,"type":"text"})") + text(0, R"("x")") + stop(0)),
            R"([{"text":"x","type":"text"}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"text"})") + text(0, R"("x")") + stop(0)),
            R"([{"type":"text","text":"x"}])");
}

TEST(AssembleMessages, ThinkingIsJoinedAndItsSignatureSet) {
  const auto signature = [](const std::string& value) {
    return delta(0, "signature_delta", "\"signature\":\"" + value + "\"");
  };
  EXPECT_EQ(content_of(kThinking + delta(0, "thinking_delta", R"("thinking":"H")") +
                       delta(0, "thinking_delta", R"("thinking":"m")") + signature("old") +
                       signature("Eq==") + stop(0)),
            R"([{"type":"thinking","thinking":"Hm","signature":"Eq=="}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"redacted_thinking","data":"x"})") + stop(0)),
            R"([{"type":"redacted_thinking","data":"x"}])");
}

TEST(AssembleMessages, InputIsReadFromItsPieces) {
  EXPECT_EQ(content_of(kTool + input(0, R"("")") + input(0, R"("{\"a\": ")") +
                       input(0, R"("1.50, \"b\": \"\\u00e")") +
                       input(0, R"("9\\\"\u2028\", \"c\":[ ] }")") + stop(0)),
            "[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\","
            "\"input\":{\"a\":1.50,\"b\":\"é\\\"\xE2\x80\xA8\",\"c\":[]}}]");
}

TEST(AssembleMessages, InputWithoutPiecesIsTheOneTheBlockStartedWith) {
  EXPECT_EQ(content_of(kTool + input(0, R"("")") + stop(0)),
            R"([{"type":"tool_use","id":"t","name":"f","input":{}}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"tool_use","input":{"a":1},"id":"t"})") + stop(0)),
            R"([{"type":"tool_use","input":{"a":1},"id":"t"}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"tool_use","input":null,"id":"t"})") + stop(0)),
            R"([{"type":"tool_use","input":{},"id":"t"}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"server_tool_use","id":"t"})") + stop(0)),
            R"([{"type":"server_tool_use","id":"t","input":{}}])");
}

TEST(AssembleMessages, InputThatIsNoObjectIsRefused) {
  for (const char* piece :
       {R"("{")", R"("[1]")", R"("{} x")", R"(" ")", R"("{\"a\":1,\"a\":2}")"}) {
    EXPECT_EQ(content_of(kTool + input(0, piece) + stop(0)), "refused: malformed") << piece;
  }
}

TEST(AssembleMessages, CitationsAreAppended) {
  const auto citation = [](const std::string& value) {
    return delta(0, "citations_delta", "\"citation\":" + value);
  };
  EXPECT_EQ(
      content_of(kText + citation(R"({"n":1.0})") + text(0, R"("x")") + citation("{}") + stop(0)),
      R"([{"type":"text","text":"x","citations":[{"n":1.0},{}]}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"text","citations":[{"a":0}],"text":""})") +
                       citation(R"({"b":0})") + stop(0)),
            R"([{"type":"text","citations":[{"a":0},{"b":0}],"text":""}])");
  EXPECT_EQ(content_of(start(0, R"({"type":"text","citations":null,"text":""})") +
                       citation(R"({"b":0})") + stop(0)),
            R"([{"type":"text","citations":[{"b":0}],"text":""}])");
}

TEST(AssembleMessages, BlocksAreOrderedByIndex) {
  EXPECT_EQ(
      content_of(start(7, R"({"type":"text","text":"c"})") +
                 start(0, R"({"type":"text","text":"a"})") + text(7, R"("C")") +
                 start(1, R"({"type":"text","text":"b"})") + text(0, R"("A")") + stop(0)),
      R"([{"type":"text","text":"aA"},{"type":"text","text":"b"},{"type":"text","text":"cC"}])");
}

TEST(AssembleMessages, PingsAndWhatFollowsTheEndAreIgnored) {
  const std::string hi = kText + text(0, R"("Hi")") + stop(0);
  const std::string expected = R"([{"type":"text","text":"Hi"}])";
  EXPECT_EQ(content_of(event("ping") + "event: ping\n\n: comment\n\n" + hi), expected);
  EXPECT_EQ(content_of(event("ping", R"("error":{"odd":1})") + hi), expected);
  const std::string whole = assembled(kStart + hi + kEnd);
  EXPECT_EQ(assembled(event("ping") + kStart + hi + kEnd + event("ping")), whole);
  EXPECT_EQ(assembled(kStart + hi + kEnd + "data: [DONE]\n\n"), whole);
  EXPECT_EQ(assembled(kStart + hi + kEnd + "data: [DONE]"), whole);
  EXPECT_EQ(assembled(kStart + hi + kEnd + "data: [DONE]\n\ndata: odd\n\n"), whole);
}

TEST(AssembleMessages, ThePayloadsTypeCountsAndElseTheEventLine) {
  const std::string whole = assembled(kStart + kText + kEnd);
  EXPECT_TRUE(whole.starts_with("{")) << whole;
  EXPECT_EQ(assembled(kStart + "event: x\n" + kText.substr(kText.find("data")) + kEnd), whole);
  EXPECT_EQ(assembled(kStart + kText +
                      R"(event: message_delta
data: {"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":4}}

event: message_stop
data: {"type":null}

)"),
            whole);
}

TEST(AssembleMessages, UnknownEventsAndDeltasAreRefused) {
  EXPECT_EQ(content_of(kText + event("content_block_pause", "\"index\":0")), "refused: event");
  EXPECT_EQ(content_of(kText + event("message_note")), "refused: event");
  EXPECT_EQ(content_of(kText + event("error", R"("error":{"type":"x"})")), "refused: event");
  EXPECT_EQ(content_of(kText + delta(0, "compaction_delta", R"("content":"x")")), "refused: event");
  EXPECT_EQ(content_of(kText + event("content_block_delta", R"("index":0,"delta":{"text":"x"})")),
            "refused: event");
}

TEST(AssembleMessages, DeltasThatDoNotFitTheirBlockAreRefused) {
  EXPECT_EQ(content_of(kTool + text(0, R"("x")")), "refused: member");
  EXPECT_EQ(content_of(kText + input(0, R"("{}")")), "refused: member");
  EXPECT_EQ(content_of(kText + delta(0, "thinking_delta", R"("thinking":"x")")), "refused: member");
  EXPECT_EQ(content_of(kText + delta(0, "text_delta", R"("text":"x","tone":"odd")")),
            "refused: member");
  EXPECT_EQ(content_of(kText + delta(0, "text_delta", R"("text":"x","tone":null)") + stop(0)),
            R"([{"type":"text","text":"x"}])");
  EXPECT_EQ(content_of(kText + text(0, "[]")), "refused: content");
  EXPECT_EQ(content_of(kText + text(0, "1")), "refused: content");
  EXPECT_EQ(content_of(start(0, R"({"type":"text","text":[]})") + text(0, R"("x")")),
            "refused: content");
}

TEST(AssembleMessages, EventsOutOfOrderAreRefused) {
  EXPECT_EQ(content_of(kText + kText), "refused: malformed");
  EXPECT_EQ(content_of(text(0, R"("x")")), "refused: malformed");
  EXPECT_EQ(content_of(kText + stop(1)), "refused: malformed");
  EXPECT_EQ(content_of(kStart), "refused: malformed");
  EXPECT_EQ(content_of(event("content_block_start", R"("content_block":{"type":"text"})")),
            "refused: malformed");
  EXPECT_EQ(content_of(start(-1, R"({"type":"text"})")), "refused: malformed");
  EXPECT_EQ(content_of(event("content_block_start", R"("index":0,"content_block":[])")),
            "refused: malformed");
  EXPECT_EQ(assembled(kText + kStart + kEnd), "refused: malformed");
  EXPECT_EQ(assembled(kStart + kEnd + kText), "refused: malformed");
  EXPECT_EQ(assembled(kStart + kEnd + event("message_stop")), "refused: malformed");
  EXPECT_EQ(assembled(event("message_start", R"("message":{"content":[{"type":"text"}]})") + kEnd),
            "refused: content");
  EXPECT_EQ(assembled("data: {\"type\":\"message_start\",\"type\":\"message_start\"}\n\n"),
            "refused: malformed");
  EXPECT_EQ(assembled(""), "refused: malformed");
}

TEST(AssembleMessages, UsageIsOverlaid) {
  const std::string message = assembled(
      event(
          "message_start",
          R"("message":{"usage":{"input_tokens":9,"cache":{"a":1},"tier":null,"output_tokens":1}})") +
      event("message_delta", R"("delta":{},"usage":{"output_tokens":5,"input_tokens":null})") +
      event(
          "message_delta",
          R"("delta":{"stop_reason":"end_turn"},"usage":{"cache":{"b":2.0},"tier":"x","new":1e3})") +
      event("message_stop"));
  EXPECT_EQ(
      message,
      R"({"usage":{"input_tokens":9,"cache":{"b":2.0},"tier":"x","output_tokens":5,"new":1e3},)"
      R"("content":[],"stop_reason":"end_turn"})");
  EXPECT_EQ(assembled(event("message_start", R"("message":{"usage":null})") + kEnd),
            R"({"usage":{"output_tokens":4},"content":[],"stop_reason":"end_turn",)"
            R"("stop_sequence":null})");
}

TEST(AssembleMessages, MembersOfTheEndAreTheMessages) {
  EXPECT_EQ(
      assembled(
          event("message_start", R"("message":{"model":"m","container":null},"provider":"p")") +
          event(
              "message_delta",
              R"("delta":{"stop_reason":"stop_sequence","stop_sequence":"END","container":{"id":"c"}},)"
              R"("context_management":{"x":1},"provider":"p")") +
          event("message_stop", R"("metrics":{"ms":1.0},"usage":null)")),
      R"({"model":"m","container":{"id":"c"},"content":[],"provider":"p",)"
      R"("stop_reason":"stop_sequence","stop_sequence":"END","context_management":{"x":1},)"
      R"("metrics":{"ms":1.0}})");
  EXPECT_EQ(assembled(kStart + event("message_delta", R"("id":"other","delta":{})") + kEnd),
            "refused: member");
  EXPECT_EQ(assembled(kStart + event("message_delta", R"("delta":{"content":["x"]})") + kEnd),
            "refused: member");
}

TEST(AssembleMessages, EveryTruncationIsRefused) {
  const std::string stream = kStart + kTool + input(0, R"("{\"a\":1}")") + stop(0) + kEnd;
  for (size_t size = 0; size < stream.size(); ++size) {
    EXPECT_EQ(assembled(stream.substr(0, size)), "refused: malformed") << size;
  }
}

TEST(AssembleMessages, KeepsToItsBound) {
  const std::string stream = kStart + kText + text(0, R"("Hello")") + stop(0) + kEnd;
  const std::string whole = assembled(stream);
  for (size_t room = 0; room <= whole.size(); ++room) {
    const std::string bounded = said(assemble_messages(stream, room));
    EXPECT_EQ(bounded, room < whole.size() ? "refused: too_large" : whole) << room;
  }
}

TEST(AssembleMessages, BlocksAreBounded) {
  std::string events;
  for (int index = 0; index < 70'000; ++index) events += start(index, "{}");
  EXPECT_EQ(content_of(events), "refused: too_large");
}

}  // namespace
}  // namespace reprise::openai
