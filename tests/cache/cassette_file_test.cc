// What a file looks like, and what becomes of edits.
#include "cache/cassette_file.h"

#include <gmock/gmock.h>

#include "cache/cassette_scene.h"

namespace reprise::cache {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kQuestion =
    R"({"messages":[{"role":"user","content":"Say \"hello\"."}],"model":"gpt-4o-mini"})";

struct Answer {
  std::string type = "application/json";
  std::string body;
  std::vector<recording::Mark> marks;
  std::string coding;
};

std::shared_ptr<const recording::Record> record_of(const Answer& answer) {
  http::ResponseHead head;
  head.status = 200;
  head.reason = "OK";
  head.fields.add("Content-Type", answer.type);
  head.fields.add("Set-Cookie", "session=secret");
  head.fields.add("x-request-id", "req_1");
  if (!answer.coding.empty()) head.fields.add("Content-Encoding", answer.coding);
  return std::make_shared<const recording::Record>(head, base::Bytes::copy_of(answer.body),
                                                   answer.marks);
}

Entry whole_entry(const Answer& answer) {
  Entry entry = *sample("q");
  entry.asked_at_us = 1'772'368'496'012'345;
  entry.recorded_at_us = 1'772'368'496'132'345;
  entry.duration_ms = 120;
  entry.ttl_ms = 86'400'000;
  entry.members = question_of(kQuestion).members;
  entry.model_asked = "gpt-4o-mini";
  entry.usage = {true, 10, 6, 16};
  entry.answer = record_of(answer);
  return entry;
}

Entry stream_entry(const std::string& body, std::vector<recording::Mark> marks) {
  Entry entry = whole_entry({"text/event-stream", body, std::move(marks), {}});
  entry.form = entry.asked_form = {true, true, false};
  return entry;
}

class CassetteFile : public CassetteFileTest {
 protected:
  std::string body_from(std::string_view text) { return body_of(entry_of(text)); }
};

TEST_F(CassetteFile, IsReadableAsAWhole) {
  const std::string body = R"({"id":"x","choices":[{"index":0,"message":{"content":"Hello."}}]})";
  const std::string text =
      file_of(whole_entry({"application/json", body, {{body.size(), 120}}, {}}), kQuestion);
  EXPECT_EQ(text, R"({
  "reprise_cassette": 1,
  "key": ")" + base::xxh3_128("q").hex() +
                      R"(",
  "proof": ")" + base::hex_of(base::sha256("q")) +
                      R"(",
  "question": {
    "route": "chat/completions",
    "namespace": "",
    "model": "gpt-4o-mini",
    "form": {"stream": false},
    "members": [
      ["messages", ")" +
                      base::hex_of(question_of(kQuestion).members[0].hash) + R"("],
      ["model", ")" + base::hex_of(question_of(kQuestion).members[1].hash) +
                      R"("]
    ],
    "body": {
      "messages": [
        {"role": "user", "content": "Say \"hello\"."}
      ],
      "model": "gpt-4o-mini"
    }
  },
  "recording": {
    "asked_at": "2026-03-01T12:34:56.012345Z",
    "recorded_at": "2026-03-01T12:34:56.132345Z",
    "duration_ms": 120,
    "ttl": "24h",
    "form": {"stream": false},
    "model": "gpt-4o-2024-08-06",
    "finish_reason": "stop",
    "usage": {"prompt_tokens": 10, "completion_tokens": 6, "total_tokens": 16}
  },
  "answer": {
    "status": 200,
    "reason": "OK",
    "headers": [
      ["Content-Type", "application/json"]
    ],
    "arrived_ms": 120,
    "layout": "compact",
    "json": {
      "id": "x",
      "choices": [
        {
          "index": 0,
          "message": {"content": "Hello."}
        }
      ]
    }
  }
}
)");
}

TEST_F(CassetteFile, HasOneLineForEachEvent) {
  const std::string body = ": hi\n\ndata: {\"a\":1}\r\n\r\nevent: x\ndata: é\n\ndata: [DONE]\n\n";
  // The second event came in two pieces, the last two in one.
  const std::string text = file_of(stream_entry(body, {{15, 5}, {27, 8}, {body.size(), 12}}));
  EXPECT_THAT(text, HasSubstr(R"(    "events": [
      [5, ": hi\n\n"],
      [8, "data: {\"a\":1}\r\n\r\n"],
      [12, "event: x\ndata: é\n\n"],
      [12, "data: [DONE]\n\n"]
    ]
)"));
  EXPECT_EQ(body_from(text), body);
}

TEST_F(CassetteFile, ShowsTheAnswerOfAPrettyPrinterAsJson) {
  const std::string body = "{\n  \"id\": \"x\",\n  \"choices\": [\n    1,\n    2\n  ]\n}\n";
  const std::string text = file_of(whole_entry({"application/json", body, {}, {}}));
  EXPECT_THAT(text,
              HasSubstr("\"layout\": \"expanded\",\n    \"behind\": \"\\n\",\n    \"json\": {"));
  EXPECT_EQ(body_from(text), body);
  EXPECT_EQ(body_from(edited(text, "\"x\"", "\"y\"")), edited(body, "\"x\"", "\"y\""));
}

TEST_F(CassetteFile, ShowsLinesOfTextThatIsNotToBeHadAsJson) {
  const std::string body = "{\"id\" :\n\"\\u00e9\"}";
  const std::string text = file_of(whole_entry({"application/json", body, {}, {}}));
  EXPECT_THAT(text, HasSubstr(R"("text": ["{\"id\" :\n", "\"\\u00e9\"}"])"));
  EXPECT_EQ(body_from(text), body);
}

TEST_F(CassetteFile, KeepsWhatIsNoText) {
  const std::string body("\xFF\x00\x01", 3);
  const std::string text = file_of(whole_entry({"application/json", body, {}, {}}));
  EXPECT_THAT(text, HasSubstr(R"("base64": "/wAB")"));
  EXPECT_EQ(body_from(text), body);
}

TEST_F(CassetteFile, UndoesContentCodings) {
  const std::string body = R"({"id":"x"})";
  const std::string text = file_of(whole_entry(
      {"application/json", fakes::gzip(body), {{fakes::gzip(body).size(), 5}}, "gzip"}));
  EXPECT_THAT(text, HasSubstr(R"("json": {"id": "x"})"));
  const auto back = entry_of(text);
  EXPECT_EQ(body_of(back), body);
  EXPECT_FALSE(back->answer->head().fields.find("Content-Encoding"));
  EXPECT_THAT(std::string(back->replay_head.view()), Not(HasSubstr("Content-Encoding")));
}

TEST_F(CassetteFile, RefusesACodingThatCannotBeUndone) {
  const std::string torn = fakes::gzip("{}").substr(0, 12);
  for (const Answer& answer :
       {Answer{"application/json", torn, {}, "gzip"}, Answer{"application/json", "{}", {}, "rot13"},
        Answer{"application/json", fakes::gzip(std::string(2 << 20, 'a')), {}, "gzip"}}) {
    const auto text = codec_.encode(whole_entry(answer), {});
    ASSERT_FALSE(text.has_value());
    EXPECT_EQ(text.error().detail, "its content coding cannot be undone");
  }
}

TEST_F(CassetteFile, LeavesOutWhatBelongsToOneExchange) {
  const std::string text = file_of(whole_entry({"application/json", "{}", {}, {}}), kQuestion);
  EXPECT_THAT(text, Not(HasSubstr("secret")));
  EXPECT_THAT(text, Not(HasSubstr("req_1")));
}

TEST_F(CassetteFile, AQuestionThatIsTooDeepIsText) {
  const auto nested = [](size_t depth) {
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  Entry entry = whole_entry({"application/json", "{}", {}, {}});
  for (const size_t depth : {2, 125, 126, 127, 128}) {
    const std::string question = nested(depth);
    entry.members = question_of(question).members;
    std::string asked;
    const std::string text = file_of(entry, question);
    EXPECT_NE(entry_of(text, &asked), nullptr);
    EXPECT_EQ(asked, question);
    EXPECT_EQ(text.find(R"("body": ")") != std::string::npos, depth > 126) << depth;
  }
}

TEST_F(CassetteFile, AQuestionThatIsTooLargeIsLeftOut) {
  const std::string question =
      R"({"input":")" + std::string(CassetteCodec::kQuestionBytesMax, 'x') + R"("})";
  Entry entry = whole_entry({"application/json", "{}", {}, {}});
  entry.members = question_of(question).members;
  std::string asked = "?";
  const std::string text = file_of(entry, question);
  EXPECT_LT(text.size(), 2000u);
  const auto back = entry_of(text, &asked);
  EXPECT_EQ(asked, "?");
  EXPECT_EQ(back->members[0].hash, entry.members[0].hash);
}

// Each level costs two blanks in every line.
TEST_F(CassetteFile, AQuestionThatWouldBeMostlyBlanksIsText) {
  std::string question = R"({"a":)";
  for (int i = 0; i < 120; ++i) question += '[';
  for (int i = 0; i < 60'000; ++i) question += "[],";
  question += "0";
  for (int i = 0; i < 120; ++i) question += ']';
  question += "}";
  Entry entry = whole_entry({"application/json", "{}", {}, {}});
  entry.members = question_of(question).members;
  std::string asked;
  const std::string text = file_of(entry, question);
  EXPECT_LT(text.size(), 2 * question.size());
  entry_of(text, &asked);
  EXPECT_EQ(asked, question);
}

TEST_F(CassetteFile, AnAnswerTooLargeForAFileIsNoFile) {
  Entry entry = whole_entry({"application/json", std::string(kBytesMax, '\x01'), {}, {}});
  EXPECT_TRUE(codec_.encode(entry, {}).has_value());
  CassetteCodec small(models_, 1);
  entry.answer = record_of({"application/json", std::string(30u << 20, 'a'), {}, {}});
  const auto text = small.encode(entry, {});
  ASSERT_FALSE(text.has_value());
  EXPECT_THAT(text.error().detail, HasSubstr("its file would have more than"));
}

TEST_F(CassetteFile, EditsAreServed) {
  const std::string stream = "data: {\"a\":\"Hello\"}\n\ndata: [DONE]\n\n";
  const std::string text = file_of(stream_entry(stream, {{21, 5}, {stream.size(), 9}}));
  const auto mended = entry_of(edited(text, "Hello", "Good evening, \\u00e9"));
  EXPECT_EQ(body_of(mended), "data: {\"a\":\"Good evening, é\"}\n\ndata: [DONE]\n\n");
  EXPECT_EQ(mended->answer->marks().front().end, mended->answer->body().view().find("data: [D"));
  EXPECT_EQ(mended->answer->marks().front().offset_ms, 5u);
  const auto longer = entry_of(edited(text, "      [9,", "      [6, \"data: 1\\n\\n\"],\n[9,"));
  EXPECT_EQ(longer->answer->marks().size(), 3u);
  EXPECT_EQ(entry_of(edited(text, "\"24h\"", "\"90s\""))->ttl_ms, 90'000);
  EXPECT_EQ(entry_of(edited(text, "\"status\": 200", "\"status\": 429"))->answer->head().status,
            429);
  EXPECT_EQ(entry_of(edited(text, "12:34:56.012345Z", "12:34:56Z"))->asked_at_us,
            1'772'368'496'000'000);
}

}  // namespace
}  // namespace reprise::cache
