// What one process has recorded in files, another one gives, and so does one that has no endpoint.
#include "e2e/support/cassette.h"

#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

using fakes::gzip;

struct Route {
  std::string name;
  std::string request;
  std::string response;
  std::string body;
};

void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }

Route plain(const std::string& name, const std::string& request, const std::string& body) {
  return {name, request, json_response(body), body};
}

const std::string kEmbeddings =
    R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-1]}],)"
    R"("model":"embed-1","usage":{"prompt_tokens":5,"total_tokens":5}})";
const std::string kStream = ": first\n\n" + chat_stream({"one", "twö", "three"});
const std::string kPretty =
    "\n{\n  \"id\": \"x\",\n  \"choices\": [\n    {\n      \"index\": 0,\n"
    "      \"message\": {\n        \"role\": \"assistant\",\n"
    "        \"content\": \"x\"\n      },\n"
    "      \"finish_reason\": \"stop\"\n    }\n  ]\n}\n";

class TapedRoute : public testing::TestWithParam<Route> {};

TEST_P(TapedRoute, IsGivenAfterARestartAndThenFromMemory) {
  ScriptedUpstream upstream(always(GetParam().response));
  const Cassette cassette;
  Response own;
  {
    const Proxy first(upstream, cassette.args());
    cassette.record(first, GetParam().request);
    own = first.ask(GetParam().request);
    expect_hit(own, "memory");
  }
  const Proxy second(upstream, cassette.args());
  for (const char* tier : {"cassette", "memory"}) {
    const Response hit = second.ask(GetParam().request);
    expect_hit(hit, tier);
    EXPECT_EQ(hit.body, GetParam().body);
    for (const char* field :
         {"X-Reprise-Key", "X-Reprise-Model", "X-Reprise-Stored", "Content-Type"}) {
      EXPECT_EQ(hit.get(field), own.get(field)) << field;
    }
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Cassette, TapedRoute,
    testing::Values(plain("json", chat_request(), chat_answer("x")),
                    plain("pretty", chat_request(), kPretty),
                    Route{"stream", chat_request({.stream = true}), stream_response(kStream),
                          kStream},
                    plain("embeddings",
                          post("/v1/embeddings",
                               R"({"model":"embed-1","input":"text","encoding_format":"float"})"),
                          kEmbeddings)));

TEST(Cassette, AnswersWithoutAnEndpoint) {
  const Cassette cassette;
  std::string url;
  {
    ScriptedUpstream upstream(always(json_response(chat_answer("known"))));
    url = upstream.url();
    cassette.record(Proxy(upstream, cassette.args()), chat_request());
  }
  const Proxy offline(url, Launch{cassette.args({"--mode", "offline"}), {}, 0});
  for (const bool stream : {false, true}) {
    const Response hit = offline.ask(chat_request({.stream = stream}));
    expect_cache(hit, "HIT");
    EXPECT_TRUE(contains(hit.body, "known"));
  }
  EXPECT_EQ(offline.ask(chat_request({.prompt = "unknown"})).status, 504);
}

TEST(Cassette, IsReadable) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"Hello", "there"}))));
  const Cassette cassette;
  Proxy proxy(upstream, cassette.args());
  const std::string key =
      cassette.record(proxy, chat_request({.prompt = "Say hi.", .stream = true}))
          .get("X-Reprise-Key");
  const std::string text = cassette.text(key);
  EXPECT_TRUE(contains(text, R"("role": "user")")) << text;
  EXPECT_TRUE(contains(text, "Say hi.")) << text;
  EXPECT_TRUE(contains(text, R"(Hello)")) << text;
  EXPECT_TRUE(contains(text, "      [")) << text;
  EXPECT_TRUE(contains(text, R"("data: [DONE]\n\n"])")) << text;
  EXPECT_EQ(cassette.names(), std::vector<std::string>{key + ".json"});
}

TEST(Cassette, HoldsNoCredentials) {
  ScriptedUpstream upstream(
      always(json_response(chat_answer("x"),
                           "Set-Cookie: upstream-secret\r\nopenai-organization: "
                           "organisation-secret\r\nx-request-id: id-secret\r\n")));
  for (const char* scope : {"global", "key"}) {
    const Cassette cassette;
    Proxy proxy(upstream, cassette.args({"--scope", scope}));
    cassette.record(proxy, chat_request({.headers = "api-key: header-secret\r\n"
                                                    "Cookie: cookie-secret\r\n"
                                                    "OpenAI-Organization: org-secret\r\n",
                                         .key = "sk-secret",
                                         .path = "/v1/chat/completions?key=query-secret"}));
    EXPECT_FALSE(contains(cassette.everything(), "secret")) << cassette.everything();
    EXPECT_TRUE(contains(cassette.everything(), "chat/completions"));
  }
}

TEST(Cassette, IsEverybodysUnlessTheScopeIsGiven) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  const Cassette cassette;
  {
    Proxy proxy(upstream, cassette.args());
    cassette.record(proxy, chat_request());
    expect_hit(proxy.ask(chat_request({.key = "sk-bob"})), "memory");
    EXPECT_FALSE(contains(proxy.process().log(), "warn"));
  }
  Proxy proxy(upstream, cassette.args({"--scope", "key"}));
  cassette.record(proxy, chat_request());
  expect_cache(proxy.ask(chat_request({.key = "sk-bob"})), "MISS");
  EXPECT_TRUE(contains(proxy.process().log(), "hashes that cover the callers' credentials"));
}

TEST(Cassette, GivesWhatSomebodyHasMadeOfAFile) {
  ScriptedUpstream upstream(always(json_response(chat_answer("original"))));
  const Cassette cassette;
  const std::string key =
      cassette.record(Proxy(upstream, cassette.args()), chat_request()).get("X-Reprise-Key");
  cassette.edit(key, "original", "mended by hand");
  Proxy proxy(upstream, cassette.args());
  const Response hit = proxy.ask(chat_request());
  expect_hit(hit, "cassette");
  EXPECT_EQ(hit.body, chat_answer("mended by hand"));
  EXPECT_TRUE(contains(proxy.ask(chat_request({.stream = true})).body, "mended"));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Cassette, NamesADamagedFileAndWritesOverIt) {
  Counting endpoint;
  ScriptedUpstream upstream(endpoint.script());
  const Cassette cassette;
  const std::string key =
      cassette.record(Proxy(upstream, cassette.args()), chat_request()).get("X-Reprise-Key");
  cassette.edit(key, "\"ttl\"", "\"tll\"");
  Proxy proxy(upstream, cassette.args());
  const Response anew = cassette.record(proxy, chat_request());
  EXPECT_EQ(anew.body, chat_answer("answer 2"));
  EXPECT_TRUE(contains(proxy.process().log(), "file=" + cassette.file(key)));
  EXPECT_TRUE(contains(proxy.process().log(), "recording.ttl: missing"));
  EXPECT_EQ(proxy.metric(R"(reprise_cassette_lookups_total{result="damaged"})"), 1);
  const Response hit = Proxy(upstream, cassette.args()).ask(chat_request());
  expect_hit(hit, "cassette");
  EXPECT_EQ(hit.body, chat_answer("answer 2"));
}

TEST(Cassette, ACodedAnswerIsKeptPlain) {
  const std::string text = chat_answer("text that is coded");
  ScriptedUpstream upstream(always(json_response(gzip(text), "Content-Encoding: gzip\r\n")));
  const Cassette cassette;
  const Ask taking{.headers = "Accept-Encoding: gzip\r\n"};
  const std::string key =
      cassette.record(Proxy(upstream, cassette.args()), chat_request(taking)).get("X-Reprise-Key");
  EXPECT_TRUE(contains(cassette.text(key), "text that is coded"));
  Proxy proxy(upstream, cassette.args({"--memory", "0"}));
  for (const Ask& ask : {taking, Ask{}}) {
    const Response hit = proxy.ask(chat_request(ask));
    expect_hit(hit, "cassette");
    EXPECT_FALSE(hit.has("Content-Encoding"));
    EXPECT_EQ(hit.body, text);
  }
}

TEST(Cassette, WithoutMemoryEveryHitIsOfAFile) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  const Cassette cassette;
  Proxy proxy(upstream, cassette.args({"--memory", "0"}));
  const Response recorded = cassette.record(proxy, chat_request());
  EXPECT_TRUE(contains(recorded.cache_status(), "stored"));
  for (int i = 0; i < 3; ++i) expect_hit(proxy.ask(chat_request()), "cassette");
  EXPECT_TRUE(is_cached(proxy));
  EXPECT_FALSE(is_cached(proxy, {.prompt = "other"}));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Cassette, ACrowdCostsOneLookup) {
  constexpr size_t kCrowd = 100;
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  const Cassette cassette;
  cassette.record(Proxy(upstream, cassette.args()), chat_request());
  Proxy proxy(upstream, cassette.args());
  std::deque<RawClient> clients;
  for (size_t i = 0; i < kCrowd; ++i) clients.push_back(proxy.connect());
  for (RawClient& client : clients) client.send(chat_request());
  for (RawClient& client : clients) {
    const Response hit = client.read_response();
    expect_cache(hit, "HIT");
    EXPECT_EQ(hit.body, chat_answer("x"));
  }
  EXPECT_LT(proxy.metric(R"(reprise_cassette_lookups_total{result="hit"})"), kCrowd / 2);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Cassette, ANewAnswerReplacesTheFile) {
  Counting endpoint;
  ScriptedUpstream upstream(endpoint.script());
  const Cassette cassette;
  {
    Proxy proxy(upstream, cassette.args());
    cassette.record(proxy, chat_request());
    cassette.record(proxy, chat_request({.headers = "Cache-Control: no-cache\r\n"}));
  }
  Proxy proxy(upstream, cassette.args());
  EXPECT_EQ(proxy.ask(chat_request()).body, chat_answer("answer 2"));
  EXPECT_EQ(cassette.names().size(), 1U);
}

TEST(Cassette, WhatIsPastItsTtlIsAskedAnewOrRefreshedBehind) {
  Counting endpoint;
  ScriptedUpstream upstream(endpoint.script());
  const Cassette cassette;
  cassette.record(Proxy(upstream, cassette.args({"--ttl", "1ms"})), chat_request());
  {
    const Proxy lenient(upstream, cassette.args({"--stale", "1h"}));
    const Response stale = lenient.ask(chat_request());
    expect_cache(stale, "STALE");
    EXPECT_EQ(stale.body, chat_answer("answer 1"));
    lenient.wait_for_metric(R"(reprise_cassette_stores_total{result="stored"})", 1);
  }
  const Response refreshed = Proxy(upstream, cassette.args()).ask(chat_request());
  expect_hit(refreshed, "cassette");
  EXPECT_EQ(refreshed.body, chat_answer("answer 2"));
}

TEST(Cassette, StandsInForAnEndpointThatFails) {
  Counting endpoint;
  ScriptedUpstream upstream(endpoint.script());
  const Cassette cassette;
  cassette.record(Proxy(upstream, cassette.args({"--ttl", "1ms"})), chat_request());
  endpoint.failing = 500;
  Proxy proxy(upstream, cassette.args());
  EXPECT_EQ(proxy.ask(chat_request()).status, 500);
  const Response stale =
      proxy.ask(chat_request({.headers = "Cache-Control: stale-if-error=60\r\n"}));
  expect_cache(stale, "STALE");
  EXPECT_EQ(detail_of(stale), "stale-error");
  EXPECT_EQ(stale.body, chat_answer("answer 1"));
}

TEST(Cassette, IsAskedBeforeMemcachedAndKeepsWhatThatHolds) {
  Counting endpoint;
  ScriptedUpstream upstream(endpoint.script());
  Fleet fleet(upstream);
  const Cassette cassette;
  Proxy& first = fleet.add({"--scope", "global"});
  Proxy& second = fleet.add(cassette.args());
  const std::string key = fleet.record(first, chat_request()).get("X-Reprise-Key");
  expect_hit(second.ask(chat_request()), "memcached");
  second.wait_for_metric(R"(reprise_cassette_stores_total{result="stored"})", 1);
  EXPECT_TRUE(contains(cassette.text(key), "\"body\""));
  cassette.edit(key, "answer 1", "mended");
  const Response hit = fleet.add(cassette.args()).ask(chat_request());
  expect_hit(hit, "cassette");
  EXPECT_EQ(hit.body, chat_answer("mended"));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Cassette, WritesWhatWaitsBeforeItEnds) {
  constexpr int kQuestions = 200;
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  const Cassette cassette;
  {
    Proxy proxy(upstream, cassette.args());
    RawClient client = proxy.connect();
    for (int i = 0; i < kQuestions; ++i) {
      client.send(chat_request({.prompt = std::to_string(i)}));
      client.read_response();
    }
    EXPECT_EQ(proxy.stop(), 0);
  }
  EXPECT_EQ(cassette.names().size(), static_cast<size_t>(kQuestions));
}

}  // namespace
}  // namespace reprise::e2e
