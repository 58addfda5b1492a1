// Forms beside everything else that a request or an operator may say: directives, limits, purges,
// drains.
#include <gtest/gtest.h>
#include <signal.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/forms.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

RawClient ask(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  return client;
}

RawClient begin(const Proxy& proxy, const std::string& request, const std::string& x_cache) {
  RawClient client = ask(proxy, request);
  EXPECT_EQ(client.read_head().fields.get("X-Cache"), x_cache);
  client.read_until("one");
  return client;
}

RawClient wait_with(const Proxy& proxy, const std::string& request, int in_flight) {
  RawClient client = ask(proxy, request);
  proxy.wait_for_metric("reprise_in_flight", in_flight);
  return client;
}

std::string content(const Response& response) {
  return json_at(response.body, "/choices/0/message/content");
}

TEST(FormsRequest, WhatIsNotStoredIsGivenToThoseWhoWaitForIt) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient leader = ask(proxy, ask_stream("X-Reprise-TTL: 0s\r\n"));
  EXPECT_EQ(leader.read_head().fields.get("Cache-Status"), "reprise; fwd=uri-miss");
  RawClient json = wait_with(proxy, ask_json(), 2);
  held.rest.release();
  EXPECT_EQ(leader.read_rest().body, two_words());
  const Response answer = json.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(answer.body, assembled("one two"));
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(proxy.ask(ask_json()), "MISS");
}

TEST(FormsRequest, NoCacheJoinsNoFormAndOthersJoinIt) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient stream = begin(proxy, ask_stream(), "MISS");
  RawClient own = begin(proxy, ask_json("Cache-Control: no-cache\r\n"), "MISS");
  EXPECT_EQ(upstream.requests(), 2U);
  RawClient third = wait_with(proxy, ask_stream(), 3);
  held.rest.release();
  EXPECT_EQ(stream.read_rest().body, two_words());
  EXPECT_EQ(own.read_rest().body, chat_answer("one two"));
  const Response streamed = third.read_response();
  expect_cache(streamed, "COALESCED");
  // Of the two it joined the one asked for later, which is JSON.
  EXPECT_TRUE(contains(streamed.body, R"({"role":"assistant","content":""})")) << streamed.body;
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(FormsRequest, OnlyIfCachedJoinsNoForm) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient stream = begin(proxy, ask_stream(), "MISS");
  expect_error(proxy.ask(ask_json("Cache-Control: only-if-cached\r\n")), 504, "not_cached");
  held.rest.release();
  EXPECT_TRUE(stream.read_rest().whole);
  expect_cache(proxy.ask(ask_json("Cache-Control: only-if-cached\r\n")), "HIT");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsRequest, WithCoalesceOffEveryFormAsks) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream, {"--coalesce", "off"});
  RawClient stream = begin(proxy, ask_stream(), "MISS");
  RawClient json = begin(proxy, ask_json(), "MISS");
  RawClient usage = begin(proxy, ask_usage(), "MISS");
  held.rest.release();
  EXPECT_EQ(stream.read_rest().body, two_words());
  EXPECT_EQ(json.read_rest().body, chat_answer("one two"));
  EXPECT_EQ(usage.read_rest().body, two_words(true));
  EXPECT_EQ(upstream.requests(), 3U);
}

TEST(FormsRequest, OtherCallersJoinNoForm) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient alice = begin(proxy, ask_stream(), "MISS");
  RawClient bob = begin(proxy, chat_request({.key = "sk-bob"}), "MISS");
  held.rest.release();
  EXPECT_TRUE(alice.read_rest().whole);
  EXPECT_EQ(bob.read_rest().body, chat_answer("one two"));
  EXPECT_EQ(upstream.requests(), 2U);
}

// What grows beyond what is kept still reaches whoever reads it, rebuilt or not.
TEST(FormsRequest, WhoReadsAnAnswerThatOutgrowsAnEntryGetsAllOfIt) {
  const std::string first = chat_event("one");
  std::string much;
  for (int i = 0; i < 3000; ++i) much += chat_event("more " + std::to_string(i));
  const std::string huge = chat_event(std::string(700'000, 'h'));
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(first));
    connection.wait(joined);
    connection.send(chunk(much) + chunk(huge) +
                    chunk(chat_finish() + chat_usage() + std::string(kDoneEvent)) +
                    std::string(kLastChunk));
    connection.wait_closed();
  });
  Proxy proxy(upstream, {"--max-object", "16KiB"});
  RawClient leader = begin(proxy, ask_usage(), "MISS");
  RawClient rebuilt = begin(proxy, ask_stream(), "COALESCED");
  joined.release();
  const Response all = leader.read_rest();
  EXPECT_TRUE(all.whole);
  const Response without = rebuilt.read_rest();
  EXPECT_TRUE(without.whole);
  EXPECT_TRUE(without.body == first + much + huge + chat_finish() + std::string(kDoneEvent));
  EXPECT_EQ(upstream.requests(), 1U);
}

std::vector<std::string> many_words(size_t count) {
  return std::vector<std::string>(count, " word");
}

class Pipelined : public testing::TestWithParam<size_t> {};

// Whatever stands behind a request whose answer is converted is answered behind it.
TEST_P(Pipelined, RequestsBehindAConvertedHitAreAnsweredInTurn) {
  const std::string stream = chat_stream(many_words(GetParam()));
  ScriptedUpstream upstream(each_request([&](const Request& request) {
    return wants_stream(request) ? stream_response(stream) : json_response(chat_answer("own"));
  }));
  Proxy proxy(upstream);
  expect_cache(proxy.ask(ask_stream()), "MISS");
  RawClient client = proxy.connect();
  const std::string other = chat_request({.prompt = "another"});
  client.send(ask_json() + other + ask_stream() + ask_json() + other);
  const Response first = client.read_response();
  expect_cache(first, "HIT");
  std::string text;
  for (const std::string& word : many_words(GetParam())) text += word;
  EXPECT_EQ(content(first), text);
  const Response second = client.read_response();
  expect_cache(second, "MISS");
  EXPECT_EQ(content(second), "own");
  EXPECT_TRUE(client.read_response().body == stream);
  EXPECT_EQ(client.read_response().body, first.body);
  expect_cache(client.read_response(), "HIT");
  EXPECT_EQ(upstream.requests(), 2U);
}

INSTANTIATE_TEST_SUITE_P(FormsRequest, Pipelined, testing::Values(2, 20'000));

TEST(FormsRequest, ADrainLetsThoseFinishWhoWait) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient stream = begin(proxy, ask_usage(), "MISS");
  RawClient rebuilt = begin(proxy, ask_stream(), "COALESCED");
  RawClient json = wait_with(proxy, ask_json(), 3);
  proxy.process().signal(SIGTERM);
  eventually("it drains", [&] { return contains(proxy.process().log(), "draining"); });
  held.rest.release();
  EXPECT_EQ(stream.read_rest().body, two_words(true));
  EXPECT_EQ(rebuilt.read_rest().body, two_words());
  const Response answer = json.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(content(answer), "one two");
  EXPECT_EQ(answer.get("Connection"), "close");
  EXPECT_EQ(proxy.process().wait_exit(), 0);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsRequest, ADrainThatEndsCutsThoseWhoWait) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream, {"--drain", "100ms", "--workers", "4"});
  RawClient stream = begin(proxy, ask_stream(), "MISS");
  std::deque<RawClient> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(wait_with(proxy, ask_json(), i + 2));
  EXPECT_EQ(proxy.stop(), 0);
  for (RawClient& client : waiting) {
    std::string bytes;
    client.read_to_end(&bytes);
    EXPECT_FALSE(contains(bytes, " 200 ")) << bytes;
  }
}

// A purge takes from nobody what he waits for, but it is asked for anew.
TEST(FormsRequest, WhoWaitsForWhatIsPurgedAsksAnew) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient stream = begin(proxy, ask_stream(), "MISS");
  RawClient json = wait_with(proxy, ask_json(), 2);
  EXPECT_EQ(proxy.ask_admin(post("/purge", R"({"all":true})")).status, 200);
  held.rest.release();
  EXPECT_EQ(stream.read_rest().body, two_words());
  const Response own = json.read_response();
  expect_cache(own, "MISS");
  EXPECT_EQ(own.body, chat_answer("one two"));
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(FormsRequest, WhatIsRemovedWhileItIsConvertedStaysAway) {
  const std::string stream = chat_stream(many_words(30'000));
  ScriptedUpstream upstream(always(stream_response(stream)));
  Proxy proxy(upstream);
  const std::string key = proxy.ask(ask_stream()).get("X-Reprise-Key");
  for (int round = 0; round < 10; ++round) {
    RawClient json = ask(proxy, ask_json());
    const Response removed = proxy.ask_admin(
        "DELETE /entries/" + key + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "DELETE");
    EXPECT_EQ(removed.status, 204);
    const Response converted = json.read_response();
    EXPECT_EQ(converted.status, 200);
    if (converted.x_cache() != "HIT") continue;  // it came too late, and was recorded anew
    expect_error(proxy.ask(ask_json("Cache-Control: only-if-cached\r\n")), 504, "not_cached");
    expect_cache(proxy.ask(ask_stream()), "MISS");
  }
  EXPECT_EQ(proxy.stop(), 0);
}

}  // namespace
}  // namespace reprise::e2e
