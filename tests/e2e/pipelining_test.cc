// Requests that come before their predecessor is answered, and clients that leave halfway.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

ScriptedUpstream::Script echo_target() {
  return each_request([](const Request& request) {
    return json_response(chat_answer(request.method + " " + request.target));
  });
}

std::string content_of(const Response& response) {
  return json_at(response.body, "/choices/0/message/content");
}

TEST(Pipelining, AnswersComeInOrder) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  std::string requests;
  for (int i = 0; i < 30; ++i) requests += get("/v1/models/" + std::to_string(i));
  client.send(requests);
  for (int i = 0; i < 30; ++i) {
    EXPECT_EQ(content_of(client.read_response("GET")), "GET /v1/models/" + std::to_string(i));
  }
}

TEST(Pipelining, MixesHitsMissesAndPassedOnes) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request() + get("/a") + chat_request() + post("/b", "xyz") + chat_request());
  EXPECT_EQ(client.read_response().x_cache(), "MISS");
  EXPECT_EQ(content_of(client.read_response()), "GET /a");
  EXPECT_EQ(client.read_response().x_cache(), "HIT");
  EXPECT_EQ(content_of(client.read_response()), "POST /b");
  EXPECT_EQ(client.read_response().x_cache(), "HIT");
  EXPECT_EQ(upstream.requests(), 3U);
}

TEST(Pipelining, TheRequestBehindAHitIsParsedAtTheRightByte) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  const std::string requests = chat_request() + get("/next");
  for (size_t cut = 1; cut < requests.size(); cut += 7) {
    RawClient client = proxy.connect();
    client.send_pieces({requests.substr(0, cut), requests.substr(cut)});
    ASSERT_EQ(client.read_response().x_cache(), "HIT") << cut;
    ASSERT_EQ(content_of(client.read_response("GET")), "GET /next") << cut;
  }
}

TEST(Pipelining, ABodyThatReprisesOwnErrorLeavesUnreadIsNoRequest) {
  // The refusal comes before the body; the body looks like a request.
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  const std::string body = get("/smuggled");
  client.send(post("/v1/chat/completions", body, "X-Reprise-TTL: bogus\r\n") + get("/next"));
  EXPECT_EQ(client.read_response().status, 400);
  std::string rest;
  client.connection().shutdown_write();
  client.read_to_end(&rest);
  EXPECT_FALSE(contains(upstream.received(), "smuggled"));
}

TEST(Pipelining, ABodyThatTheEndpointLeavesUnreadIsNoRequest) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    const Request request = connection.read_head();
    connection.send(json_response(request.target, "Connection: close\r\n"));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  const std::string body = get("/smuggled") + std::string(200 * 1024, 'x');
  const std::string request = post("/v1/files", body);
  client.send(request.substr(0, request.size() - 100));
  EXPECT_EQ(client.read_response().body, "/v1/files");
  // Either the connection is over or the rest of the body is swallowed.
  if (client.connection().send(request.substr(request.size() - 100) + get("/next"))) {
    std::string rest;
    client.connection().shutdown_write();
    client.read_to_end(&rest);
    EXPECT_FALSE(contains(rest, "smuggled")) << rest;
  }
}

TEST(Pipelining, AStreamEndsBeforeTheNextAnswerBegins) {
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      if (connection.read_request().method == "GET") {
        connection.send(json_response("{}"));
        continue;
      }
      connection.send(stream_head() + chunk(chat_event("one")));
      connection.wait(rest);
      connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
    }
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  client.read_until("one");
  client.send(get("/v1/models"));
  rest.release();
  EXPECT_EQ(client.read_rest().body, chat_stream({"one"}));
  EXPECT_EQ(client.read_response("GET").body, "{}");
}

TEST(Pipelining, EmptyLinesBeforeARequestAreSkipped) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("\r\n" + get("/a"));
  EXPECT_EQ(content_of(client.read_response("GET")), "GET /a");
}

TEST(KeepAlive, FollowsTheClientsWish) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  RawClient closing = proxy.connect();
  closing.send(get("/a", "Connection: close\r\n"));
  EXPECT_TRUE(same_name(closing.read_response("GET").get("Connection"), "close"));
  EXPECT_EQ(closing.read_to_end(), Arrival::kClosed);

  RawClient old = proxy.connect();
  old.send("GET /a HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_EQ(old.read_response("GET").status, 200);
  EXPECT_EQ(old.read_to_end(), Arrival::kClosed);

  RawClient keeping = proxy.connect();
  for (int i = 0; i < 2; ++i) {
    keeping.send("GET /a HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
    const Response response = keeping.read_response("GET");
    EXPECT_EQ(response.framing, Framing::kLength);
    if (i == 0 && !same_name(response.get("Connection"), "keep-alive")) return;
  }
}

TEST(KeepAlive, AnEndpointsCloseIsNotTheClients) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(json_response("{}", "Connection: close\r\n"));
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/v1/models"));
    EXPECT_EQ(client.read_response("GET").body, "{}");
  }
}

TEST(HalfClose, CutsAStreamAndItsUpstream) {
  Latch upstream_closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
    upstream_closed.release();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  client.read_until("one");
  client.connection().shutdown_write();
  EXPECT_FALSE(client.read_rest().whole);
  upstream_closed.wait();
}

TEST(HalfClose, BeforeTheAnswerCutsToo) {
  Latch upstream_closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait_closed();
    upstream_closed.release();
  });
  Proxy proxy(upstream);
  size_t asked = 0;
  for (const std::string& request : {chat_request(), get("/v1/models")}) {
    RawClient client = proxy.connect();
    client.send(request);
    upstream.wait_for_requests(++asked);
    client.connection().shutdown_write();
    std::string rest;
    client.read_to_end(&rest);
    EXPECT_EQ(rest, "");
    upstream_closed.wait();
    upstream.wait_for_open_connections(0);
  }
}

TEST(HalfClose, InsideARequestEndsItQuietly) {
  ScriptedUpstream upstream(echo_target());
  Proxy proxy(upstream);
  const std::string request = chat_request();
  RawClient client = proxy.connect();
  client.send(request.substr(0, request.size() - 1));
  client.connection().shutdown_write();
  client.read_to_end();
  EXPECT_EQ(proxy.ask(chat_request()).x_cache(), "MISS");
  EXPECT_EQ(upstream.requests(), 1U);
}

}  // namespace
}  // namespace reprise::e2e
