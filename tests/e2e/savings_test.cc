// What answers that were not asked for again would have cost: in tokens, dollars and seconds.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/cassette.h"
#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/forms.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

// Two and five dollars per million tokens: an answer with 5 and 7 tokens costs 45 millionths.
const std::string kPrices = "[\"gpt-test-*\"]\ninput = 2\noutput = 5\n";
constexpr double kCost = 45e-6;
const std::string kStreamWithUsage =
    chat_request({.prompt = "Streamed",
                  .stream = true,
                  .members = R"(,"stream_options":{"include_usage":true})"});
const std::string kModel = "{model=\"gpt-test-2024\"}";

class Savings : public testing::Test {
 protected:
  Proxy::Args priced(const std::string& prices = kPrices) const {
    return {"--prices", directory_.write("prices.toml", prices)};
  }

  // Asks twice: the second one is a hit.
  static void record_and_hit(const Proxy& proxy, const std::string& request) {
    expect_cache(proxy.ask(request), "MISS");
    expect_cache(proxy.ask(request), "HIT");
  }

  static double stat(const Proxy& proxy, const std::string& name) {
    const std::string stats = proxy.ask_admin(get("/stats"), "GET").body;
    return std::stod(json_at(stats, "/saved/" + name));
  }

 private:
  TempDir directory_;
};

TEST_F(Savings, HitsOfStreamsAndWholeAnswersAreCountedByTheModelThatAnswered) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    if (!contains(request.body, "\"stream\":true")) return json_response(chat_answer("yes"));
    return stream_response(chat_event("yes") + chat_finish() + chat_usage() +
                           std::string(kDoneEvent));
  }));
  Proxy proxy(upstream, priced());
  record_and_hit(proxy, chat_request());
  record_and_hit(proxy, chat_request({.prompt = "streamed",
                                      .stream = true,
                                      .members = R"(,"stream_options":{"include_usage":true})"}));
  proxy.wait_for_metric("reprise_requests_total", 4);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 24);
  EXPECT_DOUBLE_EQ(proxy.metric("reprise_saved_usd_total" + kModel), 2 * kCost);
  EXPECT_EQ(proxy.metric("reprise_saved_usd_total"),
            proxy.metric("reprise_saved_usd_total" + kModel));
  EXPECT_EQ(stat(proxy, "prompt_tokens"), 10);
  EXPECT_EQ(stat(proxy, "completion_tokens"), 14);
  EXPECT_DOUBLE_EQ(stat(proxy, "usd"), 2 * kCost);
}

TEST_F(Savings, OfAnUnknownModelOnlyTokensAreCounted) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  for (const Proxy::Args& args : {priced("[\"gpt-test\"]\ninput = 2\n"), priced(""), {}}) {
    Proxy proxy(upstream, args);
    record_and_hit(proxy, chat_request());
    proxy.wait_for_metric("reprise_requests_total", 2);
    EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 12);
    EXPECT_EQ(proxy.metric("reprise_saved_usd_total"), 0);
    EXPECT_EQ(stat(proxy, "usd"), 0);
  }
}

TEST_F(Savings, TimeIsSavedByAnswersWithoutUsageToo) {
  HeldStreams streams;
  ScriptedUpstream upstream(streams.script());
  Proxy proxy(upstream, priced());
  const std::string request = chat_request({.stream = true});
  RawClient first = follow(proxy, request, "MISS", HeldStreams::begun(1));
  // The answer takes at least this long.
  proxy.wait_for_metric("reprise_uptime_seconds", proxy.metric("reprise_uptime_seconds") + 0.01);
  streams.rest.release();
  EXPECT_TRUE(first.read_rest().whole);
  expect_cache(proxy.ask(request), "HIT");
  proxy.wait_for_metric("reprise_requests_total", 2);
  EXPECT_GE(proxy.metric("reprise_saved_seconds_total" + kModel), 0.01);
  EXPECT_GE(stat(proxy, "seconds"), 0.01);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total"), 0);
  EXPECT_EQ(proxy.metric("reprise_saved_usd_total"), 0);
}

TEST_F(Savings, JoinersAreSparedARequestButNotTheWait) {
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("yes")));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + chat_usage() + std::string(kDoneEvent)) +
                    std::string(kLastChunk));
  });
  Proxy proxy(upstream, priced());
  std::deque<RawClient> clients;
  for (const char* x_cache : {"MISS", "COALESCED", "COALESCED", "COALESCED"}) {
    clients.push_back(follow(proxy, kStreamWithUsage, x_cache, chat_event("yes")));
  }
  rest.release();
  for (RawClient& client : clients) EXPECT_TRUE(client.read_rest().whole);
  proxy.wait_for_metric("reprise_requests_total", 4);
  EXPECT_EQ(proxy.metric("reprise_requests_total{route=\"chat/completions\",cache=\"coalesced\"}"),
            3);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 3 * 12);
  EXPECT_DOUBLE_EQ(proxy.metric("reprise_saved_usd_total" + kModel), 3 * kCost);
  EXPECT_EQ(proxy.metric("reprise_saved_seconds_total"), 0);
}

TEST_F(Savings, AStaleAnswerSavesWhatAHitSaves) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  Proxy proxy(upstream, priced());
  proxy.ask(chat_request({.headers = "X-Reprise-TTL: 1ms\r\n"}));
  int served = 0;
  eventually("the answer is stale", [&] {
    ++served;
    const Response response = proxy.ask(chat_request({.headers = "Cache-Control: max-stale\r\n"}));
    return response.get("X-Cache") == "STALE";
  });
  proxy.wait_for_metric("reprise_requests_total", 1 + served);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 12 * served);
  EXPECT_NEAR(proxy.metric("reprise_saved_usd_total" + kModel), kCost * served, 1e-12);
}

TEST_F(Savings, MissesAndBypassesSaveNothing) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  Proxy proxy(upstream, priced());
  proxy.ask(chat_request());
  proxy.ask(chat_request({.headers = "Cache-Control: no-store\r\n"}));
  proxy.ask(chat_request({.headers = "Cache-Control: no-cache\r\n"}));
  proxy.wait_for_metric("reprise_requests_total", 3);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total"), 0);
  EXPECT_EQ(proxy.metric("reprise_saved_usd_total"), 0);
}

TEST_F(Savings, WhatMemcachedHeldIsCountedToo) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add(priced());
  fleet.record(first, chat_request());
  for (const char* tier : {"memcached", "memory"}) expect_hit(second.ask(chat_request()), tier);
  second.wait_for_metric("reprise_requests_total", 2);
  EXPECT_EQ(second.metric("reprise_saved_tokens_total" + kModel), 24);
  EXPECT_DOUBLE_EQ(second.metric("reprise_saved_usd_total" + kModel), 2 * kCost);
}

TEST_F(Savings, WhatACassetteHeldIsCountedToo) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  const Cassette cassette;
  {
    const Proxy recording(upstream, cassette.args());
    cassette.record(recording, chat_request());
  }
  const Proxy proxy(upstream, cassette.args(priced()));
  expect_hit(proxy.ask(chat_request()), "cassette");
  proxy.wait_for_metric("reprise_requests_total", 1);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 12);
  EXPECT_DOUBLE_EQ(proxy.metric("reprise_saved_usd_total" + kModel), kCost);
}

TEST_F(Savings, JoinersOfAnotherFormAreCountedToo) {
  HeldForms forms;
  ScriptedUpstream upstream(forms.script());
  const Proxy proxy(upstream, priced());
  RawClient first = follow(proxy, ask_usage(), "MISS", chat_event("one"));
  RawClient whole = proxy.connect();
  whole.send(ask_json());
  proxy.wait_for_metric("reprise_in_flight", 2);
  forms.rest.release();
  expect_cache(whole.read_response(), "COALESCED");
  EXPECT_TRUE(first.read_rest().whole);
  proxy.wait_for_metric("reprise_requests_total", 2);
  EXPECT_EQ(proxy.metric("reprise_saved_tokens_total" + kModel), 12);
  EXPECT_DOUBLE_EQ(proxy.metric("reprise_saved_usd_total" + kModel), kCost);
  EXPECT_EQ(proxy.metric("reprise_saved_seconds_total"), 0);
}

TEST_F(Savings, ABadFileIsExitStatusTwoAndSaysWhere) {
  const Finished finished = run_reprise({priced("[\"m\"]\ninput = 1\n\ninptu = 2\n"), {}, 0});
  EXPECT_EQ(finished.status, 2);
  for (const char* told : {"--prices", "prices.toml", "line 4", "inptu", "expected input"}) {
    EXPECT_TRUE(contains(finished.log, told)) << told << " is not in: " << finished.log;
  }
  EXPECT_FALSE(contains(finished.log, " listening "));
}

}  // namespace
}  // namespace reprise::e2e
