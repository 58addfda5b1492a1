// When a shared request fails, nobody is left hanging, and nobody gets what is not his.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr size_t kAskers = 12;

// Sends the same question on so many connections that are all waiting when this returns.
std::deque<RawClient> crowd(const Proxy& proxy, const std::string& request) {
  std::deque<RawClient> clients;
  for (size_t i = 0; i < kAskers; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(request);
  }
  proxy.wait_for_metric("reprise_in_flight", kAskers);
  return clients;
}

TEST(FailedFlight, WithinScopeKeyAnErrorAnswerGoesToEveryJoiner) {
  Latch crowd_waits;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(crowd_waits);
    connection.send(error_response(429, "Retry-After: 7\r\n"));
  });
  Proxy proxy(upstream);
  auto clients = crowd(proxy, chat_request());
  crowd_waits.release();
  for (RawClient& client : clients) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.get("Retry-After"), "7");
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FailedFlight, WithinScopeKeyAFailureBeforeTheHeadGoesToEveryJoiner) {
  Latch crowd_waits;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(crowd_waits);
  });
  Proxy proxy(upstream);
  auto clients = crowd(proxy, chat_request({.stream = true}));
  crowd_waits.release();
  for (RawClient& client : clients) expect_error(client.read_response(), 502, "upstream_protocol");
  EXPECT_EQ(upstream.requests(), 1U);
}

// The first request fails by `first`; each further one is answered only once all of them are
// there, so that joiners who queue up one behind the other would never be answered.
class AllAtOnce {
 public:
  explicit AllAtOnce(std::function<void(UpstreamConnection&)> first) : first_(std::move(first)) {}

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      connection.read_request();
      if (asked_++ == 0) {
        connection.wait(crowd_waits);
        first_(connection);
        return;
      }
      if (asked_ == kAskers) all_here_.release();
      connection.wait(all_here_);
      connection.send(json_response(chat_answer("own")));
    };
  }

  Latch crowd_waits;

 private:
  std::function<void(UpstreamConnection&)> first_;
  std::atomic<size_t> asked_{0};
  Latch all_here_;
};

TEST(FailedFlight, InScopeGlobalJoinersAskForThemselvesAllAtOnce) {
  AllAtOnce flights([](UpstreamConnection& connection) { connection.send(error_response(401)); });
  ScriptedUpstream upstream(flights.script());
  Proxy proxy(upstream, {"--scope", "global", "--workers", "1"});
  auto clients = crowd(proxy, chat_request());
  flights.crowd_waits.release();
  size_t refused = 0;
  for (RawClient& client : clients) refused += client.read_response().status == 401 ? 1 : 0;
  EXPECT_EQ(refused, 1U);
  EXPECT_EQ(upstream.requests(), kAskers);
}

TEST(FailedFlight, InScopeGlobalAFailureBeforeTheHeadIsTheLeadersAlone) {
  AllAtOnce flights([](UpstreamConnection& connection) { connection.connection().reset(); });
  ScriptedUpstream upstream(flights.script());
  Proxy proxy(upstream, {"--scope", "global", "--workers", "1"});
  auto clients = crowd(proxy, chat_request());
  flights.crowd_waits.release();
  size_t failed = 0;
  for (RawClient& client : clients) failed += client.read_response().status == 502 ? 1 : 0;
  EXPECT_EQ(failed, 1U);
  EXPECT_EQ(upstream.requests(), kAskers);
}

TEST(FailedFlight, WhoHasBeenSentBytesIsCut) {
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(joined);
    connection.connection().reset();
  });
  Proxy proxy(upstream);
  std::deque<RawClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(chat_request({.stream = true}));
    clients.back().read_head();
    clients.back().read_until("one");
  }
  joined.release();
  for (RawClient& client : clients) {
    const Response response = client.read_rest();
    EXPECT_FALSE(response.whole);
    EXPECT_EQ(response.body, chat_event("one"));
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FailedFlight, OneThatOutgrowsAnEntryTakesNoMoreJoiners) {
  const std::string much = chat_event(std::string(64 * 1024, 'm'));
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")) + chunk(much));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
  });
  Proxy proxy(upstream, {"--max-object", "16KiB"});
  RawClient first = proxy.connect();
  first.send(chat_request({.stream = true}));
  first.read_head();
  first.read_until(much);
  RawClient second = proxy.connect();
  second.send(chat_request({.stream = true}));
  EXPECT_EQ(second.read_head().fields.get("X-Cache"), "MISS");
  rest.release();
  const std::string all = chat_event("one") + much + chat_finish() + std::string(kDoneEvent);
  EXPECT_TRUE(first.read_rest().body == all);
  EXPECT_TRUE(second.read_rest().body == all);
  EXPECT_EQ(upstream.requests(), 2U);
}

class OutgrownFlight : public testing::TestWithParam<size_t> {};

TEST_P(OutgrownFlight, PresentReadersFinish) {
  const std::string much = chat_event(std::string(GetParam(), 'm'));
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(joined);
    connection.send(chunk(much) + chunk(chat_finish() + std::string(kDoneEvent)) +
                    std::string(kLastChunk));
  });
  Proxy proxy(upstream, {"--max-object", "16KiB"});
  std::deque<RawClient> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(chat_request({.stream = true}));
    clients.back().read_head();
    clients.back().read_until("one");
  }
  joined.release();
  const std::string all = chat_event("one") + much + chat_finish() + std::string(kDoneEvent);
  for (RawClient& client : clients) {
    const Response response = client.read_rest();
    EXPECT_TRUE(response.whole);
    EXPECT_TRUE(response.body == all);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(FailedFlight, OutgrownFlight,
                         testing::Values(100 * 1024, 500 * 1024, 5 * 1024 * 1024));

TEST(FailedFlight, TheNextAskerStartsAFreshOne) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    if (connection.number() == 0) {
      connection.send(error_response(500));
    } else {
      connection.send(json_response(chat_answer("x")));
    }
  });
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request()).status, 500);
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_cache(proxy.ask(chat_request()), "HIT");
}

}  // namespace
}  // namespace reprise::e2e
