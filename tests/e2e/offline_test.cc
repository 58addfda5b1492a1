// --mode offline: nothing is ever sent to the endpoint; what is not known is refused in words that
// help.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/messages.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

class Offline : public testing::Test {
 protected:
  // One process records, the other may only look.
  Offline() {
    key_ = fleet_.record(online_, chat_request()).get("X-Reprise-Key");
    recorded_ = upstream_.requests();
  }
  ~Offline() override { EXPECT_EQ(upstream_.requests(), recorded_); }

  std::string message_of(const std::string& request) {
    const Response response = offline_.ask(request);
    expect_error(response, 504, "not_cached");
    EXPECT_EQ(response.get("x-should-retry"), "false");
    return json_at(response.body, "/error/message");
  }

  ScriptedUpstream upstream_{always(json_response(chat_answer("known")))};
  Fleet fleet_{upstream_};
  Proxy& online_ = fleet_.add({"--ttl", "1ms"});
  Proxy& offline_ = fleet_.add({"--mode", "offline"});
  std::string key_;
  size_t recorded_ = 0;
};

TEST_F(Offline, KnownQuestionsAreAnsweredWhateverTheirAgeAndWhateverIsDemanded) {
  for (const char* demand : {"", "no-cache", "max-age=0", "max-age=1", "only-if-cached"}) {
    const Response hit =
        offline_.ask(chat_request({.headers = "Cache-Control: " + std::string(demand) + "\r\n"}));
    expect_cache(hit, "HIT");
    EXPECT_EQ(hit.body, chat_answer("known"));
  }
}

TEST_F(Offline, EveryFormIsKnown) {
  const Response stream = offline_.ask(chat_request({.stream = true}));
  expect_cache(stream, "HIT");
  EXPECT_TRUE(stream.body.ends_with(kDoneEvent));
}

TEST_F(Offline, AnUnknownQuestionNamesTheNearestAndWhatDiffers) {
  EXPECT_TRUE(contains(message_of(chat_request({.prompt = "other"})),
                       "no question of this route is known"));
  offline_.ask(chat_request());
  EXPECT_TRUE(contains(message_of(chat_request({.prompt = "other"})),
                       "the nearest known question is " + key_ + ", which differs in: messages"));
  EXPECT_TRUE(
      contains(message_of(chat_request({.prompt = "other", .members = R"(,"temperature":0)"})),
               "differs in: messages, temperature"));
  EXPECT_TRUE(contains(message_of(chat_request({.key = "sk-bob"})),
                       "differs in endpoint, path, query, namespace, headers or credentials"));
}

TEST(OfflineCassette, FilesAnswerWithoutEndpointAndAreLookedThroughForTheNearest) {
  TempDir directory;
  const std::string tape = directory.path("tape");
  std::string key;
  std::string url;
  {
    ScriptedUpstream upstream(always(stream_response(chat_stream({"known"}))));
    Proxy recording(upstream, {"--cassette", tape});
    key = recording.ask(chat_request({.stream = true})).get("X-Reprise-Key");
    EXPECT_EQ(recording.stop(), 0);
    url = upstream.url();
  }
  Proxy offline(url, Launch{{"--mode", "offline", "--cassette", tape}, {}, 0});
  // Without the key that it was recorded with, and whole: it needs neither key nor network.
  const Response unknown = offline.ask(chat_request({.prompt = "other"}));
  expect_error(unknown, 504, "not_cached");
  EXPECT_TRUE(contains(json_at(unknown.body, "/error/message"),
                       "the nearest known question is " + key + ", which differs in: messages"))
      << unknown.body;
  const Response hit = offline.ask(chat_request({.key = "sk-none"}));
  expect_cache(hit, "HIT");
  EXPECT_TRUE(contains(hit.cache_status(), "detail=cassette"));
  EXPECT_EQ(json_at(hit.body, "/choices/0/message/content"), "known");
  EXPECT_EQ(offline.stop(), 0);
}

TEST_F(Offline, WhatIsNeverCachedIsRefused) {
  EXPECT_TRUE(contains(message_of(chat_request({.members = R"(,"store":true)"})), "bypasses"));
  EXPECT_TRUE(
      contains(message_of(chat_request({.headers = "Cache-Control: no-store\r\n"})), "bypasses"));
  EXPECT_TRUE(contains(message_of(post("/v1/files", "{}")), "not cached"));
  const Response models = offline_.ask(get("/v1/models"), "GET");
  expect_error(models, 504, "not_cached");
  EXPECT_FALSE(models.has("X-Cache"));
}

TEST_F(Offline, ExplainTellsTheSame) {
  const auto explain = [&](const Ask& ask) {
    return offline_
        .ask_admin(post("/explain/v1/chat/completions", chat_body(ask),
                        "Authorization: Bearer sk-alice\r\n"))
        .body;
  };
  EXPECT_EQ(json_at(explain({}), "/decision"), "hit");
  EXPECT_EQ(json_at(explain({.prompt = "other"}), "/decision"), "miss");
}

}  // namespace
}  // namespace reprise::e2e
