// TLS to the endpoint is always verified, and an end that is not a proper one is no end.
#include <gtest/gtest.h>

#include <array>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

class UpstreamTls : public testing::Test {
 protected:
  Proxy::Args trusting(Proxy::Args more = {}) const {
    more.insert(more.end(), {"--upstream-ca", ca_.file(), "--workers", "1"});
    return more;
  }

  TestCa ca_;
  TlsContext server_ = ca_.server({});
};

TEST_F(UpstreamTls, AnswersAreCachedAsEver) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))), server_.get());
  Proxy proxy(upstream, trusting());
  expect_cache(proxy.ask(chat_request({.stream = true})), "MISS");
  const Response hit = proxy.ask(chat_request({.stream = true}));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, chat_stream({"x"}));
  EXPECT_EQ(upstream.request(0).get("Host"), "localhost:" + std::to_string(upstream.port()));
}

TEST_F(UpstreamTls, EachPieceArrivesAtOnce) {
  std::array<Latch, 3> seen;
  ScriptedUpstream upstream(
      [&](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(stream_head());
        for (Latch& latch : seen) {
          connection.send(chunk(chat_event("piece")));
          connection.wait(latch);
        }
        connection.send(kLastChunk);
      },
      server_.get());
  Proxy proxy(upstream, trusting());
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  std::string expected;
  for (Latch& latch : seen) {
    expected += chat_event("piece");
    EXPECT_EQ(client.read_until(expected), expected);
    latch.release();
  }
  EXPECT_TRUE(client.read_rest().whole);
}

TEST_F(UpstreamTls, ConnectionsAreUsedAgain) {
  ScriptedUpstream upstream(always(json_response("{}")), server_.get());
  Proxy proxy(upstream, trusting());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_EQ(upstream.connections(), 1U);
}

TEST_F(UpstreamTls, SessionsAreResumed) {
  ScriptedUpstream upstream(
      [](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(json_response("{}", "Connection: close\r\n"));
        connection.connection().close();
      },
      server_.get());
  Proxy proxy(upstream, trusting());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_FALSE(upstream.request(0).tls_resumed);
  EXPECT_TRUE(upstream.request(1).tls_resumed);
  EXPECT_TRUE(upstream.request(2).tls_resumed);
}

TEST_F(UpstreamTls, AnUnknownAuthorityIsRefused) {
  const TestCa another;
  ScriptedUpstream upstream(always(json_response("{}")), server_.get());
  Proxy proxy(upstream, {"--upstream-ca", another.file()});
  expect_error(proxy.ask(chat_request()), 502, "upstream_tls");
  Proxy with_system_store(upstream);
  expect_error(with_system_store.ask(get("/v1/models"), "GET"), 502, "upstream_tls");
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST_F(UpstreamTls, AnotherHostsCertificateIsRefused) {
  const TlsContext elsewhere = ca_.server({.host = "elsewhere.test", .ip = ""});
  ScriptedUpstream upstream(always(json_response("{}")), elsewhere.get());
  Proxy proxy(upstream, trusting());
  expect_error(proxy.ask(chat_request()), 502, "upstream_tls");
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST_F(UpstreamTls, AnExpiredCertificateIsRefused) {
  const TlsContext expired = ca_.server({.days = -1});
  ScriptedUpstream upstream(always(json_response("{}")), expired.get());
  Proxy proxy(upstream, trusting());
  expect_error(proxy.ask(chat_request()), 502, "upstream_tls");
}

TEST_F(UpstreamTls, AnAddressIsVerifiedAsAnAddress) {
  const TlsContext by_name_only = ca_.server({.ip = ""});
  for (SSL_CTX* context : {server_.get(), by_name_only.get()}) {
    ScriptedUpstream upstream(always(json_response("{}")), context);
    Proxy proxy("https://127.0.0.1:" + std::to_string(upstream.port()), {trusting(), {}, 0});
    const Response response = proxy.ask(get("/v1/models"), "GET");
    EXPECT_EQ(response.status, context == server_.get() ? 200 : 502) << response.body;
  }
}

TEST_F(UpstreamTls, APlainEndpointIsRefused) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    connection.wait_closed();
  });
  Proxy proxy("https://127.0.0.1:" + std::to_string(upstream.port()), {trusting(), {}, 0});
  expect_error(proxy.ask(get("/v1/models"), "GET"), 502, "upstream_tls");
}

TEST_F(UpstreamTls, AHandshakeThatHangsIsA504) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) { connection.wait_closed(); });
  Proxy proxy("https://127.0.0.1:" + std::to_string(upstream.port()),
              {trusting({"--connect-timeout", "300ms"}), {}, 0});
  expect_error(proxy.ask(chat_request()), 504, "upstream_timeout");
}

TEST_F(UpstreamTls, AMebibyteTheLastChunkAndTheEndAtOnceArriveWhole) {
  const std::string body = chat_stream({std::string(1 << 20, 'm')});
  ScriptedUpstream upstream(
      [&](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(stream_response(body));
        connection.connection().close();
      },
      server_.get());
  Proxy proxy(upstream, trusting());
  for (int i = 0; i < 5; ++i) {
    const Response response = proxy.ask(chat_request({.prompt = unique_prompt(), .stream = true}));
    ASSERT_TRUE(response.whole);
    ASSERT_TRUE(response.body == body);
  }
}

TEST_F(UpstreamTls, AnEndWithoutCloseNotifyInsideAnAnswerIsSeen) {
  ScriptedUpstream upstream(
      [](UpstreamConnection& connection) {
        connection.read_request();
        if (connection.number() == 0) {
          connection.send(stream_head() + chunk(chat_event("alpha") + chat_finish()));
          connection.connection().drop();
        } else {
          connection.send(stream_response(chat_stream({"good"})));
        }
      },
      server_.get());
  Proxy proxy(upstream, trusting());
  EXPECT_FALSE(proxy.ask(chat_request({.stream = true})).whole);
  const Response again = proxy.ask(chat_request({.stream = true}));
  expect_cache(again, "MISS");
  EXPECT_EQ(again.body, chat_stream({"good"}));
}

TEST_F(UpstreamTls, ACloseDelimitedAnswerIsWholeOnlyWithCloseNotify) {
  ScriptedUpstream upstream(
      [](UpstreamConnection& connection) {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" +
                        chat_stream({"x"}));
        if (connection.number() == 0) {
          connection.connection().close();
        } else {
          connection.connection().drop();
        }
      },
      server_.get());
  Proxy proxy(upstream, trusting());
  EXPECT_TRUE(proxy.ask(chat_request({.stream = true})).whole);
  const Response torn = proxy.ask(chat_request({.stream = true}));
  expect_cache(torn, "MISS");
  EXPECT_FALSE(torn.whole);
}

class ClientTls : public testing::Test {
 protected:
  Proxy::Args serving(Proxy::Args more = {}) const {
    more.insert(more.end(), {"--tls-cert", files_.certificate, "--tls-key", files_.key});
    return more;
  }
  RawClient connect(const Proxy& proxy) const {
    RawClient client = proxy.connect();
    if (!client.connection().connect_tls(trust_.get(), "localhost")) {
      throw HarnessError("the handshake failed");
    }
    return client;
  }

  TestCa ca_;
  CertificateFiles files_ = ca_.issue({});
  TlsContext trust_ = ca_.client();
};

TEST_F(ClientTls, ServesMissesAndHits) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))));
  Proxy proxy(upstream, serving());
  RawClient client = connect(proxy);
  for (const char* cache : {"MISS", "HIT", "HIT"}) {
    client.send(chat_request({.stream = true}));
    const Response response = client.read_response();
    expect_cache(response, cache);
    EXPECT_EQ(response.body, chat_stream({"x"}));
  }
  EXPECT_EQ(proxy.stop(), 0);
}

TEST_F(ClientTls, EachPieceArrivesAtOnce) {
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk("one"));
    connection.wait(seen);
    connection.send(chunk("two") + std::string(kLastChunk));
  });
  Proxy proxy(upstream, serving());
  RawClient client = connect(proxy);
  client.send(get("/v1/models"));
  client.read_head("GET");
  client.read_until("one");
  seen.release();
  EXPECT_EQ(client.read_rest().body, "onetwo");
}

TEST_F(ClientTls, EndsWithCloseNotify) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, serving());
  RawClient client = connect(proxy);
  client.send(get("/v1/models", "Connection: close\r\n"));
  EXPECT_EQ(client.read_response("GET").status, 200);
  EXPECT_EQ(client.read_to_end(), Arrival::kClosed);
}

TEST_F(ClientTls, ATornAnswerNeverEndsCleanly) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    connection.connection().reset();
  });
  Proxy proxy(upstream, serving());
  RawClient client = connect(proxy);
  client.send("GET /v1/models HTTP/1.0\r\nHost: x\r\n\r\n");
  try {
    const Response response = client.read_response("GET");
    EXPECT_TRUE(!response.whole || response.status == 502) << to_text(response.end);
  } catch (const HarnessError&) {
    // The reset may have overtaken the head.
  }
}

TEST_F(ClientTls, OneThatDoesNotSpeakTlsHarmsNobody) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, serving({"--header-timeout", "300ms", "--workers", "1"}));
  RawClient plain = proxy.connect();
  plain.send(get("/v1/models"));
  plain.read_to_end();
  RawClient silent = proxy.connect();
  silent.read_to_end();
  RawClient client = connect(proxy);
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").status, 200);
}

TEST_F(ClientTls, CarriesLargeBodiesBothWays) {
  ScriptedUpstream upstream(
      each_request([](const Request& request) { return json_response(request.body); }));
  Proxy proxy(upstream, serving());
  RawClient client = connect(proxy);
  std::string body(3 << 20, '\0');
  for (size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 1000);
  client.send(post("/v1/files", body));
  EXPECT_TRUE(client.read_response().body == body);
}

}  // namespace
}  // namespace reprise::e2e
