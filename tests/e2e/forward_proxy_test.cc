// A real forward proxy stands between reprise and its endpoints.
#include "e2e/support/forward_proxy.h"

#include <gtest/gtest.h>

#include <array>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

// Behind: whether TLS is spoken inside the tunnel.
enum class Behind { kPlain, kTls };

class RealForwardProxy : public testing::TestWithParam<Behind> {
 protected:
  SSL_CTX* tls() const { return GetParam() == Behind::kTls ? server_.get() : nullptr; }
  Proxy::Args through(const std::string& proxy) const {
    return {"--upstream-proxy", proxy, "--upstream-ca", ca_.file(), "--workers", "1"};
  }

  TestCa ca_;
  TlsContext server_ = ca_.server({});
};

TEST_P(RealForwardProxy, TunnelsToTheEndpoint) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))), tls());
  ForwardProxy way;
  Proxy proxy(upstream, through(way.address()));
  expect_cache(proxy.ask(chat_request({.stream = true})), "MISS");
  expect_cache(proxy.ask(chat_request({.stream = true})), "HIT");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(proxy.ask(chat_request({.prompt = unique_prompt(), .stream = true})).body,
              chat_stream({"x"}));
  }
  EXPECT_EQ(upstream.connections(), 1U);
  EXPECT_FALSE(upstream.request(0).has("Via"));
  const std::string host = tls() == nullptr ? "127.0.0.1:" : "localhost:";
  EXPECT_TRUE(
      contains(way.log(), "CONNECT " + host + std::to_string(upstream.port()) + " HTTP/1.1"))
      << way.log();
}

TEST_P(RealForwardProxy, TakesCredentials) {
  ScriptedUpstream upstream(always(json_response("{}")), tls());
  ForwardProxy way("BasicAuth user s3cret");
  Proxy proxy(upstream, through("http://user:s3cret@" + way.address()));
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
  const std::vector<std::pair<std::string, std::string>> strangers = {
      {"", "the proxy wants credentials: 407"}, {"user:other@", "the proxy answered 401"}};
  for (const auto& [who, told] : strangers) {
    Proxy stranger(upstream, through("http://" + who + way.address()));
    const Response refused = stranger.ask(get("/v1/models"), "GET");
    expect_error(refused, 502, "upstream_unreachable");
    EXPECT_TRUE(contains(refused.body, told)) << refused.body;
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_P(RealForwardProxy, EachPieceOfAStreamArrivesAtOnce) {
  std::array<Latch, 5> seen;
  ScriptedUpstream upstream(
      [&](UpstreamConnection& connection) {
        connection.read_request();
        connection.send(stream_head());
        for (Latch& latch : seen) {
          connection.send(chunk(chat_event("piece")));
          connection.wait(latch);
        }
        connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
      },
      tls());
  ForwardProxy way;
  Proxy proxy(upstream, through(way.address()));
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
  expect_cache(proxy.ask(chat_request({.stream = true})), "HIT");
}

TEST_P(RealForwardProxy, CarriesLargeBodiesBothWays) {
  const std::string body(4 << 20, 'b');
  ScriptedUpstream upstream(each_request([&](const Request& request) {
                              return json_response(request.body == body ? body : "another");
                            }),
                            tls());
  ForwardProxy way;
  Proxy proxy(upstream, through(way.address()));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(proxy.ask(post("/v1/files", body)).body == body);
}

TEST_P(RealForwardProxy, SaysThatAnEndpointIsNotThere) {
  ForwardProxy way;
  const std::string scheme = GetParam() == Behind::kTls ? "https" : "http";
  Proxy proxy(scheme + "://127.0.0.1:1", Launch{through(way.address()), {}, 0});
  const Response failed = proxy.ask(chat_request());
  expect_error(failed, 502, "upstream_unreachable");
  EXPECT_EQ(json_at(failed.body, "/error/message"),
            "127.0.0.1:1 by way of the proxy " + way.address() +
                ": the proxy answered 500 Unable to connect");
}

INSTANTIATE_TEST_SUITE_P(Each, RealForwardProxy, testing::Values(Behind::kPlain, Behind::kTls),
                         [](const auto& each) {
                           return each.param == Behind::kTls ? "WithTls" : "Plain";
                         });

}  // namespace
}  // namespace reprise::e2e
