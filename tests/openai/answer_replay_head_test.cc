#include <gtest/gtest.h>

#include <string>

#include "openai/replay_head.h"

namespace reprise::openai {
namespace {

http::ResponseHead recorded(const std::string& content_type) {
  http::ResponseHead head;
  head.status = 200;
  for (const auto& [name, value] :
       {std::pair("date", "now"), std::pair("Content-Type", content_type.c_str()),
        std::pair("OpenAI-Version", "2020-10-01"), std::pair("set-cookie", "a=b"),
        std::pair("openai-model", "gpt-x"), std::pair("openai-organization", "org"),
        std::pair("access-control-allow-origin", "*"), std::pair("x-request-id", "r"),
        std::pair("Access-Control-Expose-Headers", "X-Request-ID"),
        std::pair("access-control", "x"), std::pair("content-encoding", "br"),
        std::pair("content-length", "12"), std::pair("cache-control", "private"),
        std::pair("x-ratelimit-limit", "1")}) {
    head.fields.add(name, value);
  }
  return head;
}

std::string replayed(const std::string& content_type, AnswerKind kind, ReplayBody body) {
  std::string out;
  append_replay_fields(recorded(content_type), kind, body, &out);
  return out;
}

const std::string kAnswersOwn =
    "OpenAI-Version: 2020-10-01\r\nopenai-model: gpt-x\r\naccess-control-allow-origin: *\r\n"
    "Access-Control-Expose-Headers: X-Request-ID\r\n";
const std::string kStreams = "Cache-Control: no-cache\r\nX-Accel-Buffering: no\r\n";

TEST(ReplayHead, RepeatsWhatBelongsToTheAnswer) {
  EXPECT_EQ(replayed("application/json", AnswerKind::kJson, ReplayBody::kRecorded),
            "Content-Type: application/json\r\n" + kAnswersOwn + "content-encoding: br\r\n");
  EXPECT_EQ(
      replayed("text/event-stream", AnswerKind::kSse, ReplayBody::kRecorded),
      "Content-Type: text/event-stream\r\n" + kAnswersOwn + "content-encoding: br\r\n" + kStreams);
}

TEST(ReplayHead, ADecodedBodyHasNoCoding) {
  EXPECT_EQ(replayed("application/json; charset=utf-8", AnswerKind::kJson, ReplayBody::kDecoded),
            "Content-Type: application/json; charset=utf-8\r\n" + kAnswersOwn);
}

TEST(ReplayHead, AConvertedBodyHasItsOwnType) {
  EXPECT_EQ(replayed("application/json", AnswerKind::kSse, ReplayBody::kConverted),
            "Content-Type: text/event-stream; charset=utf-8\r\n" + kAnswersOwn + kStreams);
  EXPECT_EQ(replayed("text/event-stream", AnswerKind::kJson, ReplayBody::kConverted),
            "Content-Type: application/json\r\n" + kAnswersOwn);
}

TEST(SanitiseModel, IsAFieldValue) {
  EXPECT_EQ(sanitise_model("org/model-7b:free"), "org/model-7b:free");
  EXPECT_EQ(sanitise_model("a b\r\nc\x7f\xC3\xA9"), "a?b??c???");
  EXPECT_EQ(sanitise_model(std::string(200, 'x')), std::string(128, 'x'));
  EXPECT_EQ(sanitise_model(""), "");
}

}  // namespace
}  // namespace reprise::openai
