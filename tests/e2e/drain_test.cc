// Being asked to end: what is under way is finished, what waits is let go, and it does end.
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

// A stream whose end the test releases, and any number of quick answers.
class HeldStream {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        if (connection.read_request().method == "GET") {
          connection.send(json_response("{}"));
          continue;
        }
        connection.send(stream_head() + chunk(chat_event("one")));
        connection.wait(rest);
        connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
      }
    };
  }
  Latch rest;
};

RawClient start_stream(const Proxy& proxy) {
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  client.read_until("one");
  return client;
}

// An idle connection is closed at once, so that it tells when the signal has arrived.
RawClient idle_connection(const Proxy& proxy) {
  RawClient client = proxy.connect();
  client.send(get("/v1/models"));
  client.read_response("GET");
  return client;
}

bool refuses_connections(const Proxy& proxy) {
  try {
    proxy.connect();
    return false;
  } catch (const HarnessError&) {
    return true;
  }
}

class Drain : public testing::TestWithParam<int> {};

TEST_P(Drain, StreamsFinishAndIdleConnectionsAreClosedAtOnce) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient streaming = start_stream(proxy);
  RawClient idle = idle_connection(proxy);
  RawClient silent = proxy.connect();
  proxy.process().signal(GetParam());
  std::string rest;
  EXPECT_EQ(idle.read_to_end(&rest), Arrival::kClosed);
  EXPECT_EQ(rest, "");
  silent.read_to_end();
  eventually("the listener is closed", [&] { return refuses_connections(proxy); });
  EXPECT_TRUE(proxy.process().running());
  stream.rest.release();
  const Response response = streaming.read_rest();
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, chat_stream({"one"}));
  EXPECT_EQ(streaming.read_to_end(), Arrival::kClosed);
  streaming.connection().close();
  EXPECT_EQ(proxy.process().wait_exit(), 0);
}

INSTANTIATE_TEST_SUITE_P(Signals, Drain, testing::Values(SIGTERM, SIGINT));

TEST(Drain, WithNothingToDoItEndsAtOnce) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--drain", "1h"});
  RawClient idle = idle_connection(proxy);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(Drain, AnswersThatBeginSayThatTheConnectionCloses) {
  Latch head;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    if (connection.read_request().method == "POST") connection.wait(head);
    connection.send(json_response(chat_answer("x")));
    connection.wait_closed();
  });
  // The idle one tells when the drain has reached the other.
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send(chat_request());
  upstream.wait_for_requests(1);
  RawClient idle = idle_connection(proxy);
  proxy.process().signal(SIGTERM);
  idle.read_to_end();
  head.release();
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(same_name(response.get("Connection"), "close"));
  EXPECT_EQ(client.read_to_end(), Arrival::kClosed);
  client.connection().close();
  EXPECT_EQ(proxy.process().wait_exit(), 0);
}

TEST(Drain, EndsAtItsDeadline) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream, {"--drain", "300ms"});
  RawClient streaming = start_stream(proxy);
  EXPECT_EQ(proxy.stop(), 0);
  const Response response = streaming.read_rest();
  EXPECT_FALSE(response.whole);
  EXPECT_EQ(response.body, chat_event("one"));
}

TEST(Drain, ASecondSignalEndsItAtOnce) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream, {"--drain", "1h"});
  RawClient streaming = start_stream(proxy);
  RawClient idle = idle_connection(proxy);
  proxy.process().signal(SIGTERM);
  idle.read_to_end();
  proxy.process().signal(SIGTERM);
  EXPECT_EQ(proxy.process().wait_exit(), 1);
  EXPECT_FALSE(streaming.read_rest().whole);
}

TEST(Drain, IsVisibleToWhoeverChecksReadiness) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask_admin(get("/readyz"), "GET").status, 200);
  RawClient streaming = start_stream(proxy);
  proxy.process().signal(SIGTERM);
  eventually("it is not ready any more",
             [&] { return proxy.ask_admin(get("/readyz"), "GET").status == 503; });
  EXPECT_EQ(proxy.ask_admin(get("/healthz"), "GET").status, 200);
  stream.rest.release();
  EXPECT_TRUE(streaming.read_rest().whole);
  streaming.connection().close();
  EXPECT_EQ(proxy.process().wait_exit(), 0);
}

TEST(Drain, ATunnelIsCutAtTheDeadline) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    connection.wait_closed();
  });
  Proxy proxy(upstream, {"--drain", "200ms"});
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", "Connection: Upgrade\r\nUpgrade: x\r\n"));
  EXPECT_EQ(client.read_head("GET").second, "101");
  EXPECT_EQ(proxy.stop(), 0);
  client.read_to_end();
}

TEST(Drain, AnUploadIsFinished) {
  ScriptedUpstream upstream(each_request(
      [](const Request& request) { return json_response(std::to_string(request.body.size())); }));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc");
  upstream.wait_for_open_connections(1);
  RawClient idle = idle_connection(proxy);
  proxy.process().signal(SIGTERM);
  idle.read_to_end();
  client.send("def");
  EXPECT_EQ(client.read_response().body, "6");
  client.connection().close();
  EXPECT_EQ(proxy.process().wait_exit(), 0);
}

}  // namespace
}  // namespace reprise::e2e
