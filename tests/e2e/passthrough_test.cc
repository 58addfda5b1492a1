// What is not cached passes through as if nothing stood between.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr const char* kCacheHeaders[] = {"X-Cache",       "Cache-Status",    "Age",
                                         "X-Reprise-Key", "X-Reprise-Model", "X-Reprise-Stored"};

TEST(Passthrough, ForwardsAGetAndItsAnswer) {
  ScriptedUpstream upstream(always(json_response(R"({"data":[]})", "X-One: 1\r\n")));
  Proxy proxy(upstream);
  const Response response = proxy.ask(get("/v1/models?x=1&y=%20"), "GET");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"data":[]})");
  EXPECT_EQ(response.get("X-One"), "1");
  const Request request = upstream.request(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/v1/models?x=1&y=%20");
  EXPECT_EQ(request.version, "HTTP/1.1");
  EXPECT_EQ(request.get("Host"), "127.0.0.1:" + std::to_string(upstream.port()));
  EXPECT_EQ(request.framing, Framing::kNone);
}

TEST(Passthrough, UncachedRoutesCarryNoCacheHeaders) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  for (const std::string& request :
       {get("/v1/models"), post("/v1/files", "{}"), post("/v1/images/generations", "{}"),
        get("/v1/chat/completions"), get("/"), post("/api/chat", "{}")}) {
    const Response response = proxy.ask(request);
    EXPECT_EQ(response.status, 200);
    for (const char* name : kCacheHeaders) EXPECT_FALSE(response.has(name)) << request << name;
  }
}

TEST(Passthrough, KeepsTheStatusAndItsReason) {
  ScriptedUpstream upstream(always("HTTP/1.1 299 Quite Fine, Thanks\r\nContent-Length: 0\r\n\r\n"));
  Proxy proxy(upstream);
  const Response response = proxy.ask(get("/v1/models"), "GET");
  EXPECT_EQ(response.status, 299);
  EXPECT_EQ(response.reason, "Quite Fine, Thanks");
}

TEST(Passthrough, KeepsHeadersCaseAndOrderBothWays) {
  const std::string fields =
      "X-b: 2\r\nx-A: 1\r\nSet-Cookie: c=1\r\nSET-COOKIE: d=2\r\n"
      "x-a: 3\r\nX-Empty: \r\n";
  ScriptedUpstream upstream(always("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n"));
  Proxy proxy(upstream);
  const Response response = proxy.ask(get("/v1/models", fields), "GET");
  const std::string expected =
      "X-b: 2\r\nx-A: 1\r\nSet-Cookie: c=1\r\nSET-COOKIE: d=2\r\nx-a: 3\r\n";
  EXPECT_TRUE(contains(response.raw_head, expected)) << response.raw_head;
  EXPECT_TRUE(contains(upstream.request(0).raw_head, expected)) << upstream.request(0).raw_head;
  EXPECT_TRUE(response.has("X-Empty"));
}

TEST(Passthrough, RemovesHopByHopFieldsAndThoseNamedInConnection) {
  const std::string fields =
      "Connection: X-Secret, keep-alive\r\nconnection: x-other\r\nx-secret: 1\r\nX-Other: 1\r\n"
      "Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nX-Kept: 1\r\n";
  ScriptedUpstream upstream(always("HTTP/1.1 200 OK\r\n" + fields + "Content-Length: 0\r\n\r\n"));
  Proxy proxy(upstream);
  const Response response =
      proxy.ask(get("/v1/models", fields + "TE: trailers\r\nUpgrade: h2c\r\n"), "GET");
  for (const char* name : {"X-Secret", "X-Other", "Keep-Alive", "Proxy-Connection"}) {
    EXPECT_FALSE(response.has(name)) << name;
    EXPECT_FALSE(upstream.request(0).has(name)) << name;
  }
  EXPECT_FALSE(upstream.request(0).has("Upgrade"));
  EXPECT_FALSE(contains(upstream.request(0).get("Connection"), "Secret"));
  EXPECT_TRUE(response.has("X-Kept"));
  EXPECT_TRUE(upstream.request(0).has("X-Kept"));
}

TEST(Passthrough, ConnectionCannotNameTheFramingAway) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  proxy.ask(post("/v1/files", "four", "Connection: Content-Length, Host\r\n"));
  EXPECT_EQ(upstream.request(0).body, "four");
  EXPECT_TRUE(upstream.request(0).has("Host"));
}

TEST(Passthrough, ControlHeadersNeverReachTheEndpoint) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  const std::string headers =
      "X-Reprise-TTL: 5s\r\nx-reprise-namespace: n\r\nX-REPRISE-KEY: k\r\n"
      "X-Reprise-Pace: instant\r\nX-Reprise-Anything: 1\r\n";
  proxy.ask(get("/v1/models", headers), "GET");
  proxy.ask(post("/v1/files", "x", headers));
  proxy.ask(chat_request({.headers = headers}));
  proxy.ask(chat_request({.members = R"(,"store":true)", .headers = headers}));
  upstream.wait_for_requests(4);
  for (size_t i = 0; i < 4; ++i) {
    const Request request = upstream.request(i);
    for (const Field& field : request.fields.all()) {
      EXPECT_FALSE(same_name(field.name.substr(0, 10), "x-reprise-")) << i << field.name;
    }
  }
}

TEST(Passthrough, CacheControlReachesTheEndpointOnUncachedRoutesOnly) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  proxy.ask(get("/v1/models", "Cache-Control: no-cache\r\n"), "GET");
  proxy.ask(chat_request({.headers = "Cache-Control: no-cache\r\n"}));
  EXPECT_EQ(upstream.request(0).get("Cache-Control"), "no-cache");
  EXPECT_FALSE(upstream.request(1).has("Cache-Control"));
}

TEST(Passthrough, KeepsRequestBodiesByteForByte) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  const std::string body = " {\"model\" : \"m\",\n\t\"messages\":[ ],\"a\":1.0e1 } \n";
  proxy.ask(post("/v1/chat/completions", body));
  EXPECT_EQ(upstream.request(0).body, body);
  std::string binary;
  for (int i = 0; i < 1024; ++i) binary += static_cast<char>(i);
  proxy.ask(post("/v1/audio/transcriptions", binary));
  EXPECT_EQ(upstream.request(1).body, binary);
  EXPECT_EQ(upstream.request(1).framing, Framing::kLength);
}

TEST(Passthrough, ForwardsEveryMethod) {
  ScriptedUpstream upstream(always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  Proxy proxy(upstream);
  size_t count = 0;
  for (const char* method : {"DELETE", "PUT", "PATCH", "OPTIONS", "PROPFIND", "PURGE"}) {
    const Response response = proxy.ask(std::string(method) +
                                        " /v1/chat/completions HTTP/1.1\r\nHost: x\r\n"
                                        "Content-Length: 0\r\n\r\n");
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(upstream.request(count++).method, method);
  }
}

TEST(Passthrough, RefusesConnect) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  expect_error(proxy.ask("CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n"),
               405, "method_not_allowed");
  EXPECT_EQ(upstream.connections(), 0U);
}

TEST(Passthrough, HeadHasALengthAndNoBody) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    return request.method == "HEAD" ? head : head + "hello";
  }));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send("HEAD /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.read_response("HEAD").get("Content-Length"), "5");
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").body, "hello");
  EXPECT_EQ(upstream.connections(), 1U);
}

class NoBodyStatus : public testing::TestWithParam<std::string> {};

TEST_P(NoBodyStatus, EndsAtItsHead) {
  ScriptedUpstream upstream(always("HTTP/1.1 " + GetParam() + "\r\n\r\n"));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(get("/v1/models"));
    const Response response = client.read_response("GET");
    EXPECT_EQ(response.status, std::atoi(GetParam().c_str()));
    EXPECT_FALSE(response.has("Transfer-Encoding"));
  }
  EXPECT_EQ(client.unread(), "");
  EXPECT_EQ(upstream.connections(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Passthrough, NoBodyStatus,
                         testing::Values("204 No Content", "304 Not Modified\r\nETag: \"x\"",
                                         "304 Not Modified\r\nContent-Length: 100"));

TEST(Passthrough, InterimAnswersReachHttp11ClientsOnly) {
  ScriptedUpstream upstream(
      always("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + json_response("{}")));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/models"));
  const Head early = client.read_head("GET");
  EXPECT_EQ(early.second, "103");
  EXPECT_EQ(early.fields.get("Link"), "</x>");
  EXPECT_EQ(client.read_response("GET").status, 200);
  RawClient old = proxy.connect();
  old.send("GET /v1/models HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_EQ(old.read_head("GET").second, "200");
}

TEST(Passthrough, InterimAnswersReachAskersOfCacheableRoutes) {
  ScriptedUpstream upstream(
      always("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request());
  EXPECT_EQ(client.read_head().second, "103");
  EXPECT_EQ(client.read_response().status, 200);
  RawClient again = proxy.connect();
  again.send(chat_request());
  EXPECT_EQ(again.read_head().second, "200");
}

TEST(Passthrough, AnswersExpectBeforeTheBody) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  for (const char* path : {"/v1/files", "/v1/chat/completions"}) {
    RawClient client = proxy.connect();
    const std::string request = post(path, chat_body({}), "Expect: 100-Continue\r\n");
    const size_t head_size = request.find("\r\n\r\n") + 4;
    client.send(request.substr(0, head_size));
    EXPECT_EQ(client.read_head().second, "100");
    client.send(request.substr(head_size));
    EXPECT_EQ(client.read_response().status, 200);
  }
  EXPECT_EQ(upstream.request(1).body, chat_body({}));
}

TEST(Passthrough, RefusesOtherExpectations) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  expect_error(proxy.ask(post("/v1/files", "x", "Expect: the-unexpected\r\n")), 417,
               "expectation_failed");
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST(Passthrough, ForwardsTrailersBothWays) {
  ScriptedUpstream upstream(
      always("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n" +
             chunk("abc") + "0\r\nX-Sum: 42\r\nx-Two: 2\r\n\r\n"));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(
      "POST /v1/files HTTP/1.1\r\nHost: x\r\nTE: trailers\r\nTrailer: X-Check\r\n"
      "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Check: 7\r\n\r\n");
  const Response response = client.read_response();
  EXPECT_EQ(response.trailers.get("X-Sum"), "42");
  EXPECT_EQ(response.trailers.get("X-Two"), "2");
  EXPECT_EQ(upstream.request(0).trailers.get("X-Check"), "7");
}

TEST(Passthrough, TrailersCannotCarryFramingOrControl) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(
      "POST /v1/files HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
      "0\r\nContent-Length: 9\r\nX-Reprise-Key: k\r\n\r\n");
  EXPECT_GT(client.read_response().status, 0);
  if (upstream.requests() == 0) return;  // refusing is as good
  EXPECT_FALSE(upstream.request(0).trailers.has("Content-Length"));
  EXPECT_FALSE(upstream.request(0).trailers.has("X-Reprise-Key"));
}

TEST(Passthrough, AnswersHttp10WithoutChunksAndCloses) {
  ScriptedUpstream upstream(
      always(stream_head() + chunk("one") + chunk("two") + std::string(kLastChunk)));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("GET /v1/models HTTP/1.0\r\nHost: x\r\n\r\n");
  const Response response = client.read_response("GET");
  EXPECT_EQ(response.framing, Framing::kUntilClose);
  EXPECT_EQ(response.body, "onetwo");
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(upstream.request(0).version, "HTTP/1.1");
}

TEST(Passthrough, ATornAnswerIsTornForHttp10Too) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk("one"));
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("GET /v1/models HTTP/1.0\r\nHost: x\r\n\r\n");
  // Without chunks only a reset can say so.
  EXPECT_EQ(client.read_response("GET").end, Arrival::kReset);
}

TEST(Passthrough, TakesAnAbsoluteTarget) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask("GET http://api.test/v1/models?x HTTP/1.1\r\nHost: api.test\r\n\r\n").status,
            200);
  EXPECT_EQ(upstream.request(0).target, "/v1/models?x");
}

}  // namespace
}  // namespace reprise::e2e
