// Within --stale an answer that is past its ttl is given at once, and refreshed behind.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

const Proxy::Args kStale{"--ttl", "1ms", "--stale", "1h"};

std::string with(const std::string& headers) { return chat_request({.headers = headers}); }

// Answers "answer 0" to the first request; later ones wait, then answer or fail.
class Refreshed {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        connection.read_request();
        const int number = count_++;
        if (number > 0) connection.wait(rest);
        const int status = number > 0 ? failing.load() : 0;
        connection.send(status != 0
                            ? error_response(status)
                            : json_response(chat_answer("answer " + std::to_string(number))));
      }
    };
  }
  Latch rest;
  std::atomic<int> failing{0};

 private:
  std::atomic<int> count_{0};
};

// Asks until the first answer is past its ttl and given as such.
Response ask_until_stale(const Proxy& proxy, const std::string& request = chat_request()) {
  const Deadline deadline;
  for (;;) {
    Response response = proxy.ask(request);
    if (response.x_cache() != "HIT") return response;
    if (deadline.passed()) throw HarnessError("the entry does not become stale");
  }
}

void expect_stale(const Response& response, const std::string& content) {
  expect_cache(response, "STALE");
  EXPECT_LT(ttl_of(response), 0);
  EXPECT_TRUE(contains(response.cache_status(), "; detail=stale")) << response.cache_status();
  EXPECT_EQ(content_of(response), content);
}

TEST(Stale, IsGivenAtOnceWhileExactlyOneRequestRefreshesIt) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_stale(ask_until_stale(proxy), "answer 0");
  for (int i = 0; i < 20; ++i) expect_stale(proxy.ask(chat_request()), "answer 0");
  upstream.wait_for_requests(2);
  upstream_answers.rest.release();
  eventually("the new answer is there",
             [&] { return content_of(proxy.ask(chat_request())) != "answer 0"; });
}

TEST(Stale, TheRefreshAsksWhatTheClientAsked) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  ask_until_stale(proxy, with("X-Mine: 1\r\nCache-Control: max-stale\r\n"));
  const Request refresh = upstream.request(1);
  EXPECT_EQ(refresh.body, chat_body({}));
  EXPECT_EQ(refresh.get("Authorization"), "Bearer sk-alice");
  EXPECT_EQ(refresh.get("X-Mine"), "1");
  EXPECT_FALSE(refresh.has("Cache-Control"));
  upstream_answers.rest.release();
}

TEST(Stale, TheRefreshGoesOnWhenItsClientHasLeft) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  ask_until_stale(proxy);  // on a connection of its own, which is closed by now
  upstream.wait_for_requests(2);
  upstream_answers.rest.release();
  eventually("the new answer is there",
             [&] { return content_of(proxy.ask(chat_request())) == "answer 1"; });
}

TEST(Stale, WhoInsistsOnAFreshOneJoinsTheRefresh) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  ask_until_stale(proxy);
  upstream.wait_for_requests(2);
  RawClient fresh = proxy.connect();
  fresh.send(with("Cache-Control: max-age=3600\r\n"));
  proxy.wait_for_metric("reprise_in_flight", 1);
  upstream_answers.rest.release();
  const Response response = fresh.read_response();
  expect_cache(response, "COALESCED");
  EXPECT_EQ(content_of(response), "answer 1");
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Stale, AFailedRefreshLeavesTheAnswerAndIsNotTriedAgainAtOnce) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  upstream_answers.failing = 503;
  upstream_answers.rest.release();
  expect_stale(ask_until_stale(proxy), "answer 0");
  proxy.wait_for_metric(R"(reprise_upstream_requests_total{status="503"})", 1);
  eventually("the failure is noted", [&] {
    expect_stale(proxy.ask(chat_request()), "answer 0");
    return proxy.metric("reprise_in_flight_recordings") == 0;
  });
  const size_t asked = upstream.requests();
  for (int i = 0; i < 20; ++i) expect_stale(proxy.ask(chat_request()), "answer 0");
  EXPECT_LE(upstream.requests(), asked + 1);
  // And after the pause it is.
  upstream_answers.failing = 0;
  eventually("it is tried again",
             [&] { return content_of(proxy.ask(chat_request())) != "answer 0"; });
}

TEST(Stale, OnlyIfCachedTakesItAndStartsNoRefresh) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  expect_stale(ask_until_stale(proxy, with("Cache-Control: only-if-cached\r\n")), "answer 0");
  EXPECT_EQ(proxy.metric("reprise_in_flight_recordings"), 0);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Stale, StandsInForAFailureUntilItIsTooOld) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, {"--ttl", "1ms", "--stale", "1ms"});
  proxy.ask(chat_request());
  upstream_answers.rest.release();
  upstream_answers.failing = 500;
  eventually("it is too old", [&] { return proxy.ask(chat_request()).status == 500; });
  const Response asked = proxy.ask(with("Cache-Control: stale-if-error=3600\r\n"));
  expect_cache(asked, "STALE");
  EXPECT_TRUE(contains(asked.cache_status(), "detail=stale-error"));
}

TEST(Stale, ComesInTheFormThatIsAskedFor) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  const Response stream = ask_until_stale(proxy, chat_request({.stream = true}));
  expect_cache(stream, "STALE");
  EXPECT_TRUE(stream.body.ends_with(kDoneEvent));
  upstream_answers.rest.release();
}

TEST(Stale, ExplainSaysSo) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  const std::string explained =
      post("/explain/v1/chat/completions", chat_body({}), "Authorization: Bearer sk-alice\r\n");
  eventually("it is stale",
             [&] { return json_at(proxy.ask_admin(explained).body, "/decision") == "stale"; });
  EXPECT_EQ(json_at(proxy.ask_admin(explained).body, "/reason"), "stale");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Stale, DrainingWaitsForTheRefresh) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Proxy proxy(upstream, kStale);
  proxy.ask(chat_request());
  ask_until_stale(proxy);
  upstream.wait_for_requests(2);
  proxy.process().signal(SIGTERM);
  upstream_answers.rest.release();
  EXPECT_EQ(proxy.process().wait_exit(), 0);
}

TEST(Stale, AFleetRefreshesOnce) {
  Refreshed upstream_answers;
  ScriptedUpstream upstream(upstream_answers.script());
  Fleet fleet(upstream);
  std::deque<Proxy*> proxies;
  for (int i = 0; i < 3; ++i) proxies.push_back(&fleet.add(kStale));
  fleet.record(*proxies[0], chat_request());
  for (int round = 0; round < 10; ++round) {
    for (Proxy* proxy : proxies) expect_stale(ask_until_stale(*proxy), "answer 0");
  }
  upstream.wait_for_requests(2);
  EXPECT_EQ(upstream.requests(), 2U);
  upstream_answers.rest.release();
  for (Proxy* proxy : proxies) {
    eventually("everybody has the new answer",
               [&] { return content_of(proxy->ask(chat_request())) != "answer 0"; });
  }
}

}  // namespace
}  // namespace reprise::e2e
