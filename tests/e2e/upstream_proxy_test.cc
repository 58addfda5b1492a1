// Endpoints are reached by way of an HTTP proxy that is asked for a tunnel, whatever it answers.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

const std::string kEstablished = "HTTP/1.1 200 Connection established\r\n\r\n";
// No resolver knows it: whoever reaches it asked the proxy.
const std::string kPlain = "http://endpoint.test:8080";
const std::string kTls = "https://endpoint.test";

// A proxy that answers CONNECT by `answer`, and then is the endpoint itself.
ScriptedUpstream::Script tunnel_to(ScriptedUpstream::Script endpoint,
                                   std::string answer = kEstablished) {
  return [=](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(answer);
    endpoint(connection);
  };
}

// The same with TLS behind the proxy's answer.
ScriptedUpstream::Script tls_tunnel_to(ScriptedUpstream::Script endpoint, SSL_CTX* tls) {
  return tunnel_to([=](UpstreamConnection& connection) {
    if (connection.connection().accept_tls(tls)) endpoint(connection);
  });
}

std::string address_of(const ScriptedUpstream& proxy) {
  return "127.0.0.1:" + std::to_string(proxy.port());
}

Proxy::Args through(const ScriptedUpstream& proxy, Proxy::Args more = {}) {
  more.insert(more.end(), {"--upstream-proxy", "http://" + address_of(proxy), "--workers", "1"});
  return more;
}

std::string message_of(const Response& response) {
  return json_at(response.body, "/error/message");
}

TEST(UpstreamProxy, IsAskedForATunnelToTheEndpoint) {
  ScriptedUpstream way(tunnel_to(always(json_response(chat_answer("x")))));
  Proxy proxy(kPlain + "/api", {through(way), {}, 0});
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_cache(proxy.ask(chat_request()), "HIT");
  const Request connect = way.request(0);
  EXPECT_EQ(connect.raw_head,
            "CONNECT endpoint.test:8080 HTTP/1.1\r\nHost: endpoint.test:8080\r\n\r\n");
  const Request inner = way.request(1);
  EXPECT_EQ(inner.target, "/api/v1/chat/completions");
  EXPECT_EQ(inner.get("Host"), "endpoint.test:8080");
  EXPECT_EQ(inner.get("Authorization"), "Bearer sk-alice");
}

TEST(UpstreamProxy, ATunnelIsUsedAgain) {
  ScriptedUpstream way(tunnel_to(always(json_response("{}"))));
  Proxy proxy(kPlain, {through(way), {}, 0});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_EQ(way.connections(), 1U);
}

TEST(UpstreamProxy, ATunnelThatProvesDeadIsReplaced) {
  ScriptedUpstream way(tunnel_to([](UpstreamConnection& connection) {
    for (int i = 0; i == 0 || connection.number() > 0; ++i) {
      connection.read_request();
      connection.send(json_response("{}"));
    }
    connection.read_request();
  }));
  Proxy proxy(kPlain, {through(way), {}, 0});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
  EXPECT_EQ(way.connections(), 2U);
}

TEST(UpstreamProxy, EachEndpointHasATunnelOfItsOwn) {
  ScriptedUpstream way(tunnel_to(always(json_response("{}"))));
  Proxy proxy(kPlain, {through(way, {"--upstream", kPlain, "--upstream", "v6=http://[::1]",
                                     "--upstream", "name=http://other.test"}),
                       {},
                       0});
  for (const char* path : {"/v1/models", "/v6/v1/models", "/name/v1/models", "/v1/models"}) {
    EXPECT_EQ(proxy.ask(get(path), "GET").body, "{}");
  }
  EXPECT_EQ(way.connections(), 3U);
  EXPECT_EQ(way.request(0).target, "endpoint.test:8080");
  EXPECT_EQ(way.request(2).target, "[::1]:80");
  EXPECT_EQ(way.request(3).get("Host"), "[::1]");
  EXPECT_EQ(way.request(4).target, "other.test:80");
  EXPECT_EQ(way.request(5).get("Host"), "other.test");
}

TEST(UpstreamProxy, WhatIsSaidOfABodyIsNotBelieved) {
  for (const std::string framing :
       {"Content-Length: 0\r\n", "Content-Length: 1000\r\n", "Transfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"}) {
    ScriptedUpstream way(tunnel_to(always(stream_response(chat_stream({"x"}))),
                                   "HTTP/1.1 200 OK\r\n" + framing + "\r\n"));
    Proxy proxy(kPlain, {through(way), {}, 0});
    EXPECT_EQ(proxy.ask(chat_request({.stream = true})).body, chat_stream({"x"})) << framing;
  }
}

TEST(UpstreamProxy, BytesBehindItsAnswerAreTheEndpoints) {
  const std::string answer = json_response(chat_answer("early"));
  ScriptedUpstream way(tunnel_to(
      [&](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(answer.substr(20));
      },
      kEstablished + answer.substr(0, 20)));
  Proxy proxy(kPlain, {through(way), {}, 0});
  EXPECT_EQ(proxy.ask(chat_request()).body, chat_answer("early"));
}

TEST(UpstreamProxy, AnAnswerThatIsThereBeforeTheQuestionIsWhole) {
  ScriptedUpstream way(tunnel_to([](UpstreamConnection& connection) { connection.wait_closed(); },
                                 kEstablished + json_response("{}", "Connection: close\r\n")));
  Proxy proxy(kPlain, {through(way), {}, 0});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
}

TEST(UpstreamProxy, UploadsAndWebSocketsPassThroughIt) {
  ScriptedUpstream way(tunnel_to([](UpstreamConnection& connection) {
    const Request upload = connection.read_request();
    connection.send(json_response(std::to_string(upload.body.size())));
    connection.read_request();
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    connection.send(connection.read_raw());
  }));
  Proxy proxy(kPlain, {through(way), {}, 0});
  EXPECT_EQ(proxy.ask(post("/v1/files", std::string(1 << 20, 'u'))).body, "1048576");
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_EQ(client.read_head("GET").second, "101");
  client.send("ping");
  EXPECT_EQ(client.read_raw(4), "ping");
}

// RefusedTunnel: what the proxy does instead of opening a tunnel, and what clients are told.
struct RefusedTunnel {
  std::string name;
  std::string answer;  // then it closes
  std::string told;
};
void PrintTo(const RefusedTunnel& r, std::ostream* out) { *out << r.name; }

class UpstreamProxyRefuses : public testing::TestWithParam<RefusedTunnel> {};

TEST_P(UpstreamProxyRefuses, IsAnUnreachableEndpoint) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(GetParam().answer);
  });
  for (const std::string& upstream : {kPlain, kTls}) {
    Proxy proxy(upstream, {through(way), {}, 0});
    const Response refused = proxy.ask(chat_request());
    expect_error(refused, 502, "upstream_unreachable");
    const std::string message = message_of(refused);
    EXPECT_EQ(message.find(upstream.substr(upstream.find("//") + 2) + " by way of the proxy " +
                           address_of(way) + ": " + GetParam().told),
              0U)
        << message;
    proxy.wait_for_metric(R"(reprise_upstream_requests_total{status="error"})", 1);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Each, UpstreamProxyRefuses,
    testing::Values(
        RefusedTunnel{"Forbidden", "HTTP/1.1 403 Filtered\r\nContent-Length: 6\r\n\r\nsecret",
                      "the proxy answered 403 Filtered"},
        RefusedTunnel{"WantsCredentials",
                      "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n",
                      "the proxy wants credentials: 407 Who?"},
        RefusedTunnel{"Redirects", "HTTP/1.1 302 F\r\nLocation: http://login.test/\r\n\r\n",
                      "the proxy answered 302 F"},
        RefusedTunnel{"SwitchesProtocols",
                      "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
                      "the proxy answered 101 S"},
        RefusedTunnel{"IsNone", "220 mail.test ESMTP\r\n", "the proxy's answer is malformed: "},
        RefusedTunnel{"SaysTooMuch", "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x') + "\r\n",
                      "the proxy's answer is malformed: "},
        RefusedTunnel{"SaysNothing", "", "the proxy closed the connection before its answer"},
        RefusedTunnel{"StopsInsideItsHead", "HTTP/1.1 200 OK\r\nServer: x\r\n",
                      "the proxy closed the connection before its answer"}),
    [](const auto& each) { return each.param.name; });

TEST(UpstreamProxy, ThatIsNotThereIsNamed) {
  Proxy proxy(kTls, Launch{{"--upstream-proxy", "127.0.0.1:1"}, {}, 0});
  const Response failed = proxy.ask(chat_request());
  expect_error(failed, 502, "upstream_unreachable");
  EXPECT_EQ(message_of(failed),
            "endpoint.test by way of the proxy 127.0.0.1:1: connection refused");
}

TEST(UpstreamProxy, ThatResetsIsAnUnreachableEndpoint) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    connection.connection().reset();
  });
  Proxy proxy(kPlain, {through(way), {}, 0});
  expect_error(proxy.ask(chat_request()), 502, "upstream_unreachable");
}

TEST(UpstreamProxy, ItsSilenceIsATimeout) {
  for (const std::string said : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
    ScriptedUpstream way([&](UpstreamConnection& connection) {
      connection.read_request();
      connection.send(said);
      connection.wait_closed();
    });
    Proxy proxy(kPlain, {through(way, {"--connect-timeout", "300ms"}), {}, 0});
    expect_error(proxy.ask(chat_request()), 504, "upstream_timeout");
    way.wait_for_open_connections(0);
  }
}

TEST(UpstreamProxy, ASilentEndpointBehindItIsATimeoutToo) {
  ScriptedUpstream way(tunnel_to([](UpstreamConnection& connection) { connection.wait_closed(); }));
  Proxy tls(kTls, {through(way, {"--connect-timeout", "300ms"}), {}, 0});
  expect_error(tls.ask(chat_request()), 504, "upstream_timeout");
  Proxy plain(kPlain, {through(way, {"--first-byte-timeout", "300ms"}), {}, 0});
  expect_error(plain.ask(chat_request()), 504, "upstream_timeout");
}

TEST(UpstreamProxy, WhoeverLeavesWhileItIsAskedTakesTheConnectionAlong) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait_closed();
  });
  Proxy proxy(kPlain, {through(way), {}, 0});
  {
    RawClient client = proxy.connect();
    client.send(chat_request());
    way.wait_for_requests(1);
  }
  way.wait_for_open_connections(0);
}

TEST(UpstreamProxy, ADrainCutsWhatItHasNotAnswered) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait_closed();
  });
  Proxy proxy(kPlain, {through(way, {"--drain", "0s"}), {}, 0});
  RawClient client = proxy.connect();
  client.send(chat_request());
  way.wait_for_requests(1);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(UpstreamProxy, ARefusalIsAFailureThatAStaleAnswerMayReplace) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    if (connection.number() > 0) return connection.send("HTTP/1.1 503 Busy\r\n\r\n");
    connection.send(kEstablished);
    connection.read_request();
    connection.send(json_response(chat_answer("old"), "Connection: close\r\n"));
  });
  Proxy proxy(kPlain, {through(way), {}, 0});
  expect_cache(proxy.ask(chat_request({.headers = "X-Reprise-TTL: 1ms\r\n"})), "MISS");
  const std::string request = chat_request({.headers = "Cache-Control: stale-if-error=60\r\n"});
  Response stale;
  eventually("the entry is stale", [&] {
    stale = proxy.ask(request);
    return stale.x_cache() == "STALE";
  });
  EXPECT_EQ(stale.body, chat_answer("old"));
  expect_error(proxy.ask(chat_request()), 502, "upstream_unreachable");
}

TEST(UpstreamProxy, CredentialsAreItsAloneAndNeverShown) {
  ScriptedUpstream way([](UpstreamConnection& connection) {
    connection.read_request();
    if (connection.number() > 0) return connection.send("HTTP/1.1 407 Wrong\r\n\r\n");
    connection.send(kEstablished);
    connection.read_request();
    connection.send(json_response("{}", "Connection: close\r\n"));
  });
  const std::string url = "http://Aladdin:open%20sesame@" + address_of(way);
  Proxy proxy(kPlain, Launch{{"--workers", "1", "--log-level", "debug", "--access-log"},
                             {"REPRISE_UPSTREAM_PROXY=" + url},
                             0});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_EQ(way.request(0).get("Proxy-Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  EXPECT_FALSE(way.request(1).has("Proxy-Authorization"));
  const Response refused = proxy.ask(get("/v1/models"), "GET");
  expect_error(refused, 502, "upstream_unreachable");
  EXPECT_TRUE(contains(message_of(refused), "the proxy does not take the credentials: 407 Wrong"));
  const std::string metrics = proxy.ask_admin(get("/metrics"), "GET").body;
  EXPECT_EQ(proxy.stop(), 0);
  const std::string shown =
      refused.body + metrics + proxy.process().log() + proxy.process().output();
  for (const char* secret : {"sesame", "Aladdin", "QWxhZGRp"}) {
    EXPECT_FALSE(contains(shown, secret)) << secret;
  }
}

TEST(UpstreamProxy, IsNotTakenFromTheUsualVariables) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream.url(), Launch{{},
                                     {"HTTP_PROXY=http://127.0.0.1:1", "http_proxy=127.0.0.1:1",
                                      "HTTPS_PROXY=127.0.0.1:1", "ALL_PROXY=127.0.0.1:1"},
                                     0});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
  // Nor is anything let past the one that is set.
  ScriptedUpstream way(tunnel_to(always(json_response("[]"))));
  Proxy by_way(upstream.url(), {through(way), {"NO_PROXY=*", "no_proxy=127.0.0.1"}, 0});
  EXPECT_EQ(by_way.ask(get("/v1/models"), "GET").body, "[]");
}

class UpstreamProxyWithTls : public testing::Test {
 protected:
  Proxy::Args trusting(const ScriptedUpstream& way) const {
    return through(way, {"--upstream-ca", ca_.file()});
  }

  TestCa ca_;
  TlsContext endpoint_ = ca_.server({.host = "endpoint.test", .ip = ""});
};

TEST_F(UpstreamProxyWithTls, CarriesTlsToTheEndpoint) {
  ScriptedUpstream way(tls_tunnel_to(always(stream_response(chat_stream({"x"}))), endpoint_.get()));
  Proxy proxy(kTls, {trusting(way), {}, 0});
  expect_cache(proxy.ask(chat_request({.stream = true})), "MISS");
  expect_cache(proxy.ask(chat_request({.stream = true})), "HIT");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(proxy.ask(chat_request({.prompt = unique_prompt(), .stream = true})).status, 200);
  }
  EXPECT_EQ(way.connections(), 1U);
  EXPECT_EQ(way.request(0).target, "endpoint.test:443");
  EXPECT_EQ(way.request(1).get("Host"), "endpoint.test");
}

TEST_F(UpstreamProxyWithTls, ResumesSessionsInAnotherTunnel) {
  ScriptedUpstream way(tls_tunnel_to(
      [](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(json_response("{}", "Connection: close\r\n"));
        connection.connection().close();
      },
      endpoint_.get()));
  Proxy proxy(kTls, {trusting(way), {}, 0});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_FALSE(way.request(1).tls_resumed);
  EXPECT_TRUE(way.request(3).tls_resumed);
}

TEST_F(UpstreamProxyWithTls, IsNoReasonToTrustAnotherName) {
  // For the proxy's own address, which is whom we are connected to.
  const TlsContext proxys = ca_.server({});
  ScriptedUpstream way(tls_tunnel_to(always(json_response("{}")), proxys.get()));
  Proxy proxy(kTls, {trusting(way), {}, 0});
  const Response refused = proxy.ask(chat_request());
  expect_error(refused, 502, "upstream_tls");
  EXPECT_TRUE(contains(message_of(refused), "certificate verify failed")) << refused.body;
}

TEST_F(UpstreamProxyWithTls, ClearTextBehindItsAnswerIsATlsFailure) {
  for (const std::string behind : {"", "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    ScriptedUpstream way(tunnel_to(
        [](UpstreamConnection& connection) {
          connection.read_some();
          connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
          connection.wait_closed();
        },
        kEstablished + behind));
    Proxy proxy(kTls, {trusting(way), {}, 0});
    expect_error(proxy.ask(chat_request()), 502, "upstream_tls");
  }
}

TEST_F(UpstreamProxyWithTls, ATunnelThatClosesInTheHandshakeIsATlsFailure) {
  ScriptedUpstream way(tunnel_to([](UpstreamConnection&) {}));
  Proxy proxy(kTls, {trusting(way), {}, 0});
  expect_error(proxy.ask(chat_request()), 502, "upstream_tls");
}

}  // namespace
}  // namespace reprise::e2e
