// Whatever way an answer takes, it tells every gateway's clients the same of it.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

const Proxy::Args kAll = {"--aliases", "helicone,cloudflare,portkey,openrouter"};
const char* const kNames[] = {"Helicone-Cache", "cf-aig-cache-status", "x-portkey-cache-status",
                              "X-OpenRouter-Cache-Status"};

// `fields` say `x_cache`, and each gateway's clients are told `status`, once.
void expect_told(const Fields& fields, const std::string& x_cache, const std::string& status) {
  EXPECT_EQ(fields.get("X-Cache"), x_cache);
  for (const char* name : kNames) {
    EXPECT_EQ(fields.get(name), status) << name;
    EXPECT_EQ(fields.count(name), status.empty() ? 0U : 1U) << name;
  }
  const bool hit = status == "HIT";
  for (const char* name :
       {"Helicone-Cache-Bucket-Idx", "Helicone-Cache-Latency", "X-OpenRouter-Cache-Age"}) {
    EXPECT_EQ(fields.count(name), hit ? 1U : 0U) << name;
  }
}

ScriptedUpstream::Script as_asked() {
  return each_request([](const Request& request) {
    // What a gateway behind this one says is not what its clients are told.
    const std::string theirs = "cf-aig-cache-status: HIT\r\nHelicone-Cache: HIT\r\n";
    if (!contains(request.body, R"("stream":true)")) {
      return json_response(chat_answer("yes"), theirs);
    }
    return stream_response(chat_stream({"yes"}), theirs);
  });
}

TEST(AliasHeads, OfMissesAndHitsInEveryForm) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream, kAll);
  for (const bool streamed : {false, true}) {
    const std::string prompt = streamed ? "Streamed first?" : "Whole first?";
    const Response miss = proxy.ask(chat_request({.prompt = prompt, .stream = streamed}));
    expect_told(miss.fields, "MISS", "MISS");
    EXPECT_EQ(miss.get("X-OpenRouter-Cache-TTL"), "86400");
    for (const bool stream : {streamed, !streamed}) {
      const Response hit = proxy.ask(chat_request({.prompt = prompt, .stream = stream}));
      expect_told(hit.fields, "HIT", "HIT");
      EXPECT_EQ(hit.get("X-OpenRouter-Cache-TTL"), std::to_string(ttl_of(hit)));
      EXPECT_EQ(hit.get("X-OpenRouter-Cache-Age"), hit.get("Age"));
    }
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(AliasHeads, OfStaleAnswers) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream, kAll);
  proxy.ask(chat_request({.headers = "X-Reprise-TTL: 1ms\r\n"}));
  Response response;
  eventually("the answer is stale", [&] {
    response = proxy.ask(chat_request({.headers = "Cache-Control: max-stale\r\n"}));
    return response.x_cache() == "STALE";
  });
  expect_told(response.fields, "STALE", "HIT");
  EXPECT_EQ(response.get("X-OpenRouter-Cache-TTL"), "0");
}

TEST(AliasHeads, OfRequestsInFlightThatAreShared) {
  HeldStreams streams;
  ScriptedUpstream upstream(streams.script());
  Proxy proxy(upstream, kAll);
  const std::string streamed = chat_request({.stream = true});
  RawClient first = follow(proxy, streamed, "MISS", HeldStreams::begun(1));
  RawClient joiner = proxy.connect();
  joiner.send(streamed);
  expect_told(joiner.read_head().fields, "COALESCED", "MISS");
  // Waits for the whole answer, which is then made JSON.
  RawClient whole = proxy.connect();
  whole.send(chat_request());
  proxy.wait_for_metric("reprise_in_flight", 3);
  streams.rest.release();
  const Response collapsed = whole.read_response();
  expect_told(collapsed.fields, "COALESCED", "MISS");
  EXPECT_EQ(collapsed.get("Content-Type"), "application/json");
  EXPECT_FALSE(collapsed.has("X-OpenRouter-Cache-TTL"));
  EXPECT_TRUE(first.read_rest().whole);
  EXPECT_TRUE(joiner.read_rest().whole);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(AliasHeads, OfBypassesAndErrors) {
  ScriptedUpstream upstream(always(error_response(500)));
  Proxy proxy(upstream, kAll);
  const Response failed = proxy.ask(chat_request());
  EXPECT_EQ(failed.status, 500);
  expect_told(failed.fields, "MISS", "MISS");
  EXPECT_FALSE(failed.has("X-OpenRouter-Cache-TTL")) << "nothing of it is stored";
  const Response uncached =
      proxy.ask(chat_request({.headers = "Cache-Control: only-if-cached\r\n"}));
  EXPECT_EQ(uncached.status, 504);
  expect_told(uncached.fields, "MISS", "MISS");
  const Response bypass = proxy.ask(chat_request({.headers = "Cache-Control: no-store\r\n"}));
  EXPECT_EQ(bypass.x_cache(), "BYPASS");
  EXPECT_EQ(bypass.get("x-portkey-cache-status"), "DISABLED");
  EXPECT_FALSE(bypass.has("Helicone-Cache") || bypass.has("cf-aig-cache-status") ||
               bypass.has("X-OpenRouter-Cache-Status"));
}

TEST(AliasHeads, OfAnEndpointThatCannotBeReached) {
  auto upstream = std::make_unique<ScriptedUpstream>([](UpstreamConnection&) {});
  Proxy proxy(*upstream, kAll);
  upstream.reset();
  const Response response = proxy.ask(chat_request());
  EXPECT_EQ(response.status, 502);
  expect_told(response.fields, "MISS", "MISS");
}

TEST(AliasHeads, OfAnswersFromMemcached) {
  ScriptedUpstream upstream(as_asked());
  Fleet fleet(upstream);
  Proxy& first = fleet.add(kAll);
  Proxy& second = fleet.add(kAll);
  expect_told(fleet.record(first, chat_request()).fields, "MISS", "MISS");
  const Response hit = second.ask(chat_request());
  expect_hit(hit, "memcached");
  expect_told(hit.fields, "HIT", "HIT");
}

}  // namespace
}  // namespace reprise::e2e
