#include "openai/assemble_responses.h"

#include <gtest/gtest.h>

#include <string>

#include "openai/told_events.h"

namespace reprise::openai {
namespace {

using told::event;

const std::string kMessage =
    R"({"id":"msg_1","type":"message","content":[{"type":"output_text","text":"Hi"}]})";
const std::string kResponse = R"({"id":"resp_1","status":"completed","output":[)" + kMessage +
                              R"(],"usage":{"total_tokens":3.0},"metadata":{}})";

std::string ended(const std::string& response, const std::string& how = "completed") {
  return event("response." + how, "\"sequence_number\":9,\"response\":" + response);
}

const std::string kDelta =
    event("response.output_text.delta",
          R"("item_id":"msg_1","output_index":0,"delta":"Hi","obfuscation":"xyz")");
const std::string kBegin =
    event("response.created", R"("response":{"id":"resp_1","status":"in_progress","output":[]})") +
    kDelta;

std::string assembled(const std::string& stream) {
  return said(assemble_responses(stream, kRoomy));
}

TEST(AssembleResponses, TheLastEventHoldsTheAnswer) {
  EXPECT_EQ(assembled(kBegin + ended(kResponse)), kResponse);
  EXPECT_EQ(assembled(ended(kResponse)), kResponse);
  EXPECT_EQ(assembled(ended(R"({"output" : [ ], "n":1.50 ,"t":"\u00e9\/"})")),
            R"({"output":[],"n":1.50,"t":"é/"})");
  EXPECT_EQ(assembled(kBegin + ended(kResponse) + "data: [DONE]\n\n"), kResponse);
  EXPECT_EQ(assembled(kBegin + ended(kResponse) + "data: [DONE]"), kResponse);
  EXPECT_EQ(assembled(kBegin + ended(kResponse) + event("response.late")), kResponse);
}

TEST(AssembleResponses, AnAnswerCutByItsLimitIsWhole) {
  const std::string cut =
      R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[)" +
      kMessage + "]}";
  EXPECT_EQ(assembled(kBegin + ended(cut, "incomplete")), cut);
}

TEST(AssembleResponses, ThePayloadsTypeCountsAndElseTheEventLine) {
  EXPECT_EQ(assembled("event: response.failed\n" + ended(kResponse).substr(26)), kResponse);
  EXPECT_EQ(assembled("event: response.completed\ndata: {\"response\":" + kResponse + "}\n\n"),
            kResponse);
  EXPECT_EQ(assembled("event: response.completed\ndata: {\"type\":3,\"response\":{}}\n\n"),
            "refused: malformed");
}

TEST(AssembleResponses, EventsOfAnyKindAndPoorerOnesAreNoHindrance) {
  EXPECT_EQ(assembled("event: ping\n\n: comment\n\n" + event("keepalive") +
                      event("response.created", R"("response":{"id":"x"})") +
                      event("response.hologram", "\"delta\":\"x\"") + ended(kResponse)),
            kResponse);
}

TEST(AssembleResponses, AnEndThatLeavesOutWhatCameBeforeIsRefused) {
  for (const char* response : {R"({"status":"completed"})", R"({"output":[]})",
                               R"({"output":null})", R"({"output":{"x":1}})"}) {
    EXPECT_EQ(assembled(kBegin + ended(response)), "refused: member") << response;
    EXPECT_EQ(assembled(event("response.output_item.done", "\"item\":{}") + ended(response)),
              "refused: member")
        << response;
    EXPECT_EQ(assembled(event("response.x.delta", "\"delta\":\"\"") + ended(response)), response);
  }
}

TEST(AssembleResponses, WithoutOneEndItIsRefused) {
  EXPECT_EQ(assembled(""), "refused: malformed");
  EXPECT_EQ(assembled(kBegin), "refused: malformed");
  EXPECT_EQ(assembled(kBegin + "data: [DONE]\n\n" + ended(kResponse)), "refused: malformed");
  EXPECT_EQ(assembled(ended(kResponse) + ended(kResponse)), "refused: malformed");
  EXPECT_EQ(assembled(ended("[]")), "refused: malformed");
  EXPECT_EQ(assembled(event("response.completed")), "refused: malformed");
  EXPECT_EQ(assembled(ended(R"({"a":1,"a":2})")), "refused: malformed");
  EXPECT_EQ(assembled("data: x\n\n" + ended(kResponse)), "refused: malformed");
}

TEST(AssembleResponses, EveryTruncationIsRefused) {
  const std::string stream = kBegin + ended(kResponse);
  for (size_t size = 0; size < stream.size(); ++size) {
    EXPECT_EQ(assembled(stream.substr(0, size)), "refused: malformed") << size;
  }
}

TEST(AssembleResponses, KeepsToItsBound) {
  const std::string stream = kBegin + ended(kResponse);
  EXPECT_EQ(said(assemble_responses(stream, kResponse.size())), kResponse);
  EXPECT_EQ(said(assemble_responses(stream, kResponse.size() - 1)), "refused: too_large");
}

std::string bare(const std::string& stream) {
  return said(rebuild(Route::kResponses, stream, streamed(true, false), kRoomy));
}

std::string text_delta(const std::string& payload) {
  return "event: response.output_text.delta\ndata: " + payload + "\n\n";
}

const std::string kType = R"("type":"response.output_text.delta")";

TEST(RebuiltResponses, DeltasLoseTheirObfuscationAndNothingElse) {
  const auto lost = [](const std::string& payload) { return bare(text_delta(payload)); };
  EXPECT_EQ(lost("{" + kType + R"(,"delta":"H","obfuscation":"xyz"})"),
            text_delta("{" + kType + R"(,"delta":"H"})"));
  EXPECT_EQ(lost(R"({"obfuscation":"x,}\"y",)" + kType + R"(,"delta":"\u00e9\/","n":1.50})"),
            text_delta("{" + kType + R"(,"delta":"\u00e9\/","n":1.50})"));
  EXPECT_EQ(lost("{ " + kType + R"( , "obfuscat\u0069on" : {"a":[ "]" ]} , "n" : 1 })"),
            text_delta("{ " + kType + R"( , "n" : 1 })"));
  EXPECT_EQ(lost(R"({"obfuscation":12 })"), text_delta("{}"));
  EXPECT_EQ(lost(R"({ "obfuscation":"x", "delta":{"obfuscation":"kept"}})"),
            text_delta(R"({  "delta":{"obfuscation":"kept"}})"));
}

TEST(RebuiltResponses, OtherEventsAreKeptToTheByte) {
  const std::string others =
      event("response.created", R"("obfuscation":"x","response":{ "obfuscation" : "\u2028"})") +
      text_delta(R"({ "delta" : "x"})");
  EXPECT_EQ(bare(others), others);
  EXPECT_EQ(said(rebuild(Route::kResponses, kBegin + others, streamed(true), kRoomy)),
            kBegin + others);
  EXPECT_EQ(bare(kBegin + ended(kResponse)),
            kBegin.substr(0, kBegin.size() - 23) + "}\n\n" + ended(kResponse));
}

TEST(RebuiltResponses, FramesAreWrittenAnew) {
  EXPECT_EQ(bare("\xEF\xBB\xBF: comment\r\nid: 3\r\nevent:a\r\ndata:{\"x\":\r\ndata: 1}\r\n\r\n"
                 "event: ping\r\r"
                 "data: {}\r\rdata:[DONE]\r\rdata: odd\r\r"),
            "event: a\ndata: {\"x\":\ndata: 1}\n\ndata: {}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(bare("data: {}\n\ndata: [DONE]"), "data: {}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(bare("data: x\n\n"), "refused: malformed");
  EXPECT_EQ(bare("data: {}"), "refused: malformed");
}

TEST(RebuiltResponses, KeepsToItsBound) {
  const std::string stream = kBegin + ended(kResponse);
  const std::string whole = bare(stream);
  for (size_t room = 0; room <= whole.size(); ++room) {
    const std::string bounded =
        said(rebuild(Route::kResponses, stream, streamed(true, false), room));
    EXPECT_EQ(bounded, room < whole.size() ? "refused: too_large" : whole) << room;
  }
}

}  // namespace
}  // namespace reprise::openai
