// Upstream connections are used again, and one that had died costs nobody an answer.
#include <gtest/gtest.h>

#include <atomic>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

const Proxy::Args kOneWorker = {"--workers", "1"};

std::string unique_question() { return chat_request({.prompt = unique_prompt()}); }

TEST(Pool, ManyRequestsShareOneConnection) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, kOneWorker);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(proxy.ask(unique_question()).status, 200);
    EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
    EXPECT_EQ(proxy.ask(post("/v1/files", "abc")).status, 200);
  }
  EXPECT_EQ(upstream.connections(), 1U);
}

TEST(Pool, AConnectionThatTheEndpointClosesIsLeft) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(json_response("{}", "Connection: close\r\n"));
    connection.wait_closed();  // a second request here would not be answered
  });
  Proxy proxy(upstream, kOneWorker);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_EQ(upstream.connections(), 3U);
}

TEST(Pool, AnHttp10EndpointsConnectionIsLeft) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}");
    connection.wait_closed();
  });
  Proxy proxy(upstream, kOneWorker);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
}

TEST(Pool, AnIdleConnectionThatDiesIsForgotten) {
  std::array<Latch, 2> closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(json_response("{}"));
    if (connection.number() == 0) {
      connection.connection().shutdown_write();
      connection.wait_closed();  // the proxy has noticed
      closed[0].release();
    } else {
      connection.wait_closed();
    }
  });
  Proxy proxy(upstream, {"--workers", "1", "--retry-reused", "off"});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  closed[0].wait();
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
}

// How a used connection dies when the next request comes.
enum class Death { kClose, kReset };

// The first connection answers once and dies of its second request, before any byte of an answer
// or behind `partial`. Every other one answers.
class DyingConnection {
 public:
  explicit DyingConnection(Death death, std::string partial = "")
      : death_(death), partial_(std::move(partial)) {}

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (int i = 0;; ++i) {
        connection.read_request();
        if (connection.number() == 0 && i == 1) break;
        connection.send(json_response(chat_answer("alive")));
      }
      connection.send(partial_);
      if (death_ == Death::kReset) connection.connection().reset();
    };
  }

 private:
  Death death_;
  std::string partial_;
};

class ReusedConnection : public testing::TestWithParam<Death> {};

TEST_P(ReusedConnection, ThatProvesDeadCostsNobodyAnAnswer) {
  for (const std::string& request :
       {chat_request({.prompt = "second"}), get("/v1/models"), post("/v1/files", "small")}) {
    DyingConnection dying(GetParam());
    ScriptedUpstream upstream(dying.script());
    Proxy proxy(upstream, kOneWorker);
    EXPECT_EQ(proxy.ask(chat_request()).status, 200);
    const Response response = proxy.ask(request);
    EXPECT_EQ(response.status, 200) << request << response.body;
    EXPECT_EQ(upstream.requests(), 3U);
    EXPECT_EQ(upstream.request(1).raw_head, upstream.request(2).raw_head);
    EXPECT_EQ(upstream.request(1).body, upstream.request(2).body);
  }
}

TEST_P(ReusedConnection, IsA502WhenRetriesAreOff) {
  DyingConnection dying(GetParam());
  ScriptedUpstream upstream(dying.script());
  Proxy proxy(upstream, {"--workers", "1", "--retry-reused", "off"});
  EXPECT_EQ(proxy.ask(chat_request()).status, 200);
  expect_error(proxy.ask(unique_question()), 502, "upstream_protocol");
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST_P(ReusedConnection, IsNotTriedAgainBehindAByteOfAnAnswer) {
  DyingConnection dying(GetParam(), "H");
  ScriptedUpstream upstream(dying.script());
  Proxy proxy(upstream, kOneWorker);
  EXPECT_EQ(proxy.ask(chat_request()).status, 200);
  const Response response = proxy.ask(unique_question());
  // A reset may overtake the byte; then no byte of an answer ever came.
  if (GetParam() == Death::kReset && response.status == 200) return;
  expect_error(response, 502, "upstream_protocol");
  EXPECT_EQ(upstream.requests(), 2U);
}

INSTANTIATE_TEST_SUITE_P(Pool, ReusedConnection, testing::Values(Death::kClose, Death::kReset));

TEST(Pool, OneReplayAtMost) {
  std::atomic<int> asked{0};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    ++asked;
    if (connection.number() > 0) return;
    connection.send(json_response(chat_answer("x")));
    connection.read_request();
    ++asked;
  });
  Proxy proxy(upstream, kOneWorker);
  EXPECT_EQ(proxy.ask(chat_request()).status, 200);
  expect_error(proxy.ask(unique_question()), 502, "upstream_protocol");
  EXPECT_EQ(asked, 3);
}

TEST(Pool, AFreshConnectionIsNeverTriedAgain) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) { connection.read_request(); });
  Proxy proxy(upstream, kOneWorker);
  expect_error(proxy.ask(chat_request()), 502, "upstream_protocol");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Pool, ABodyThatStreamedAwayIsNotSentAgain) {
  Latch half_seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    if (connection.number() > 0) {
      connection.read_request();
      connection.send(json_response("{}"));
      return;
    }
    connection.read_request();
    connection.send(json_response("{}"));
    connection.read_head();
    connection.read_some();
    half_seen.release();
    connection.connection().reset();
  });
  Proxy proxy(upstream, kOneWorker);
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n");
  client.send(std::string(1'000'000, 'x'));
  half_seen.wait();
  expect_error(client.read_response(), 502, "upstream_protocol");
  EXPECT_EQ(upstream.connections(), 1U);
}

TEST(Pool, AConnectionWithAnUnfinishedAnswerIsNotUsedAgain) {
  Latch left;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    const Request request = connection.read_request();
    if (request.method == "GET") {
      connection.send(json_response("{}"));
      return;
    }
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
    left.release();
  });
  Proxy proxy(upstream, kOneWorker);
  {
    RawClient client = proxy.connect();
    client.send(chat_request({.stream = true}));
    client.read_head();
    client.read_until("one");
  }
  left.wait();
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
}

}  // namespace
}  // namespace reprise::e2e
