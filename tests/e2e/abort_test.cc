// A client leaves: what nobody waits for any more is not paid for any longer.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

// Sends a head and one event, and waits to be left.
class Abandoned {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      connection.read_request();
      connection.send(stream_head() + chunk(chat_event("one")));
      connection.wait_closed();
      closed.release();
    };
  }
  Latch closed;
};

RawClient ask_and_see(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  client.read_head();
  client.read_until("one");
  return client;
}

class Abort : public testing::TestWithParam<std::string> {};

TEST_P(Abort, ByCloseClosesTheUpstreamConnection) {
  Abandoned abandoned;
  ScriptedUpstream upstream(abandoned.script());
  Proxy proxy(upstream);
  ask_and_see(proxy, GetParam()).connection().close();
  abandoned.closed.wait();
}

TEST_P(Abort, ByResetClosesTheUpstreamConnection) {
  Abandoned abandoned;
  ScriptedUpstream upstream(abandoned.script());
  Proxy proxy(upstream);
  ask_and_see(proxy, GetParam()).connection().reset();
  abandoned.closed.wait();
}

TEST_P(Abort, BeforeTheHeadClosesTheUpstreamConnection) {
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait_closed();
    closed.release();
  });
  Proxy proxy(upstream);
  {
    RawClient client = proxy.connect();
    client.send(GetParam());
    upstream.wait_for_requests(1);
  }
  closed.wait();
}

INSTANTIATE_TEST_SUITE_P(Routes, Abort,
                         testing::Values(chat_request({.stream = true}), get("/v1/models"),
                                         chat_request({.stream = true,
                                                       .members = R"(,"store":true)"})));

TEST(Abort, OfAnUploadClosesTheUpstreamConnection) {
  Latch arrived;
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_head();
    EXPECT_EQ(connection.read_some(), "half");
    arrived.release();
    connection.wait_closed();
    closed.release();
  });
  Proxy proxy(upstream);
  {
    RawClient client = proxy.connect();
    client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
    arrived.wait();
  }
  closed.wait();
  // A body that broke off must never have looked whole.
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST(Abort, TheLastOfManyAskersClosesTheUpstreamConnection) {
  Abandoned abandoned;
  ScriptedUpstream upstream(abandoned.script());
  Proxy proxy(upstream);
  std::deque<RawClient> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(ask_and_see(proxy, chat_request({.stream = true})));
  }
  while (clients.size() > 1) clients.pop_front();
  EXPECT_FALSE(abandoned.closed.released());
  clients.clear();
  abandoned.closed.wait();
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Abort, AnAbandonedAnswerIsNotStored) {
  std::atomic<int> count{0};
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    if (count++ > 0) {
      connection.send(stream_response(chat_stream({"whole"})));
      return;
    }
    connection.send(stream_head() + chunk(chat_event("one") + chat_finish()));
    connection.wait_closed();
    closed.release();
  });
  Proxy proxy(upstream);
  ask_and_see(proxy, chat_request({.stream = true})).connection().close();
  closed.wait();
  const Response again = proxy.ask(chat_request({.stream = true}));
  expect_cache(again, "MISS");
  EXPECT_EQ(again.body, chat_stream({"whole"}));
}

TEST(OnAbort, FinishRecordsWhatNobodyWaitsFor) {
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
    connection.wait_closed();
  });
  Proxy proxy(upstream, {"--on-abort", "finish"});
  ask_and_see(proxy, chat_request({.stream = true})).connection().reset();
  eventually("the client is gone", [&] { return proxy.metric("reprise_in_flight") == 0; });
  rest.release();
  // Until it is finished this joins it; either way nobody else is asked.
  EXPECT_EQ(proxy.ask(chat_request({.stream = true})).body, chat_stream({"one"}));
  expect_cache(proxy.ask(chat_request({.stream = true})), "HIT");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Abort, TwoThousandLeaveNothingBehind) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  const auto abort_some = [&](int count) {
    for (int i = 0; i < count; ++i) {
      RawClient client = proxy.connect();
      client.send(chat_request({.prompt = unique_prompt(), .stream = true}));
      client.read_head();
      if (i % 2 == 0) client.connection().reset();
    }
    upstream.wait_for_open_connections(0);
  };
  abort_some(200);
  const size_t descriptors = proxy.process().open_descriptors();
  const size_t memory = proxy.process().resident_bytes();
  abort_some(2000);
  eventually("no descriptor is left behind",
             [&] { return proxy.process().open_descriptors() <= descriptors + 4; });
  if (kMemoryTells) {
    EXPECT_LT(proxy.process().resident_bytes(), memory + (12 << 20));
  }
  EXPECT_EQ(proxy.metric("reprise_in_flight"), 0);
  EXPECT_EQ(proxy.stop(), 0);
}

}  // namespace
}  // namespace reprise::e2e
