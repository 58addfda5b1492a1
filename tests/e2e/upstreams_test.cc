// Several endpoints: the first segment of a path that is the name of one leads to it.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

// Two endpoints, of which each says in its answers which it is.
class Upstreams : public testing::Test {
 protected:
  static ScriptedUpstream::Script saying(const std::string& name) {
    return always(json_response(chat_answer(name)));
  }
  Proxy::Args options(const std::vector<std::string>& upstreams, Proxy::Args more = {}) const {
    for (const std::string& upstream : upstreams) {
      more.insert(more.end(), {"--upstream", upstream});
    }
    more.insert(more.end(), {"--workers", "1"});
    return more;
  }
  // The first without a name, the second as "local".
  Proxy::Args both(Proxy::Args more = {}) const {
    return options({first_.url(), "local=" + second_.url()}, std::move(more));
  }
  static std::string host_of(const ScriptedUpstream& upstream) {
    return "127.0.0.1:" + std::to_string(upstream.port());
  }

  ScriptedUpstream first_{saying("first")};
  ScriptedUpstream second_{saying("second")};
};

TEST_F(Upstreams, ANameLeadsToItsEndpointAndIsRemoved) {
  Proxy proxy(first_, both());
  EXPECT_EQ(proxy.ask(get("/v1/models?limit=2"), "GET").body, chat_answer("first"));
  EXPECT_EQ(proxy.ask(get("/local/v1/models?limit=2"), "GET").body, chat_answer("second"));
  for (const ScriptedUpstream* upstream : {&first_, &second_}) {
    EXPECT_EQ(upstream->request(0).target, "/v1/models?limit=2");
    EXPECT_EQ(upstream->request(0).get("Host"), host_of(*upstream));
    EXPECT_EQ(upstream->requests(), 1U);
  }
}

TEST_F(Upstreams, OnlyTheWholeSegmentIsAName) {
  Proxy proxy(first_, both());
  const std::vector<std::string> targets = {
      "/locals/v1/models", "/Local/v1/models", "/%6cocal/v1/models", "//local/v1/models",
      "/v1/local/models",  "/local%2Fv1",      "/local;x/v1/models", "/?/local/"};
  for (const std::string& target : targets) {
    EXPECT_EQ(proxy.ask(get(target), "GET").body, chat_answer("first")) << target;
    EXPECT_EQ(first_.request(first_.requests() - 1).target, target);
  }
  EXPECT_EQ(second_.requests(), 0U);
}

TEST_F(Upstreams, WhatIsBehindANameIsForwardedAsItIs) {
  Proxy proxy(first_, both());
  const std::vector<std::pair<std::string, std::string>> targets = {
      {"/local", "/"},
      {"/local/", "/"},
      {"/local?x=/y", "/?x=/y"},
      {"/local/?x", "/?x"},
      {"/local//v1/%2e", "//v1/%2e"},
      {"/local/local/v1", "/local/v1"},
      {"http://any.test/local/v1/models", "/v1/models"},
      {"https://any.test/local", "/"}};
  for (const auto& [target, forwarded] : targets) {
    EXPECT_EQ(proxy.ask(get(target), "GET").body, chat_answer("second")) << target;
    EXPECT_EQ(second_.request(second_.requests() - 1).target, forwarded) << target;
  }
  EXPECT_EQ(first_.requests(), 0U);
}

TEST_F(Upstreams, EachHasAPrefixOfItsOwn) {
  Proxy proxy(first_, options({first_.url() + "/one", "local=" + second_.url() + "/two/v1"}));
  proxy.ask(get("/v1/models"), "GET");
  EXPECT_EQ(first_.request(0).target, "/one/v1/models");
  proxy.ask(get("/local/v1/models"), "GET");
  EXPECT_EQ(second_.request(0).target, "/two/v1/models");
  proxy.ask(get("/local?x"), "GET");
  EXPECT_EQ(second_.request(1).target, "/two/?x");
}

TEST_F(Upstreams, WithoutANamelessOneAnythingElseIsA404) {
  Proxy proxy(first_, options({"one=" + first_.url(), "two=" + second_.url()}));
  for (const char* target : {"/v1/models", "/", "/three/v1/models", "http://one/v1/models"}) {
    expect_error(proxy.ask(get(target), "GET"), 404, "not_found");
  }
  const std::string options_of_all = "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n";
  expect_error(proxy.ask(options_of_all, "OPTIONS"), 404, "not_found");
  EXPECT_EQ(proxy.ask(get("/two/v1/models"), "GET").body, chat_answer("second"));
  const Response refused = proxy.ask(chat_request({.headers = "Cache-Control: max-age=x\r\n"}));
  expect_error(refused, 404, "not_found");
  EXPECT_FALSE(refused.has("X-Cache"));
  EXPECT_FALSE(refused.has("Cache-Status"));
  EXPECT_EQ(first_.requests(), 0U);
  EXPECT_EQ(second_.requests(), 1U);
  proxy.wait_for_metric(R"(reprise_requests_total{route="other",cache="passed"})", 7);
}

TEST_F(Upstreams, ANameWinsOverARoute) {
  Proxy proxy(first_, options({first_.url(), "v1=" + second_.url()}));
  expect_cache(proxy.ask(chat_request()), "MISS");
  EXPECT_EQ(second_.request(0).target, "/chat/completions");
  expect_cache(proxy.ask(chat_request({.path = "/chat/completions"})), "MISS");
  EXPECT_EQ(first_.request(0).target, "/chat/completions");
}

TEST_F(Upstreams, ThePathBehindTheNameIsTheRoute) {
  Proxy proxy(first_, both());
  for (const char* path : {"/local/v1/chat/completions", "/local/chat/completions",
                           "/local/openai/deployments/d/chat/completions"}) {
    const std::string request = chat_request({.path = path});
    expect_cache(proxy.ask(request), "MISS");
    expect_cache(proxy.ask(request), "HIT");
  }
  const Response passed = proxy.ask(chat_request({.path = "/local/other/chat/completions"}));
  EXPECT_FALSE(passed.has("X-Cache"));
  expect_error(proxy.ask(chat_request(
                   {.headers = "X-Reprise-TTL: x\r\n", .path = "/local/v1/chat/completions"})),
               400, "bad_request");
}

TEST_F(Upstreams, TheSameQuestionToTwoEndpointsIsTwo) {
  Proxy proxy(first_, both({"--scope", "global"}));
  const Response first = proxy.ask(chat_request());
  const Response second = proxy.ask(chat_request({.path = "/local/v1/chat/completions"}));
  expect_cache(first, "MISS");
  expect_cache(second, "MISS");
  EXPECT_NE(first.get("X-Reprise-Key"), second.get("X-Reprise-Key"));
  const Response again = proxy.ask(chat_request({.path = "/local/v1/chat/completions"}));
  expect_cache(again, "HIT");
  EXPECT_EQ(again.body, chat_answer("second"));
  EXPECT_EQ(proxy.ask(chat_request()).body, chat_answer("first"));
}

TEST_F(Upstreams, TheSameQuestionByTwoNamesIsOne) {
  Proxy proxy(first_, options({first_.url(), "a=" + first_.url() + "/v1", "b=" + first_.url()}));
  const Response first = proxy.ask(chat_request({.path = "/a/v1/chat/completions"}));
  expect_cache(first, "MISS");
  for (const char* path : {"/b/v1/chat/completions", "/v1/chat/completions"}) {
    const Response again = proxy.ask(chat_request({.path = path}));
    expect_cache(again, "HIT");
    EXPECT_EQ(again.get("X-Reprise-Key"), first.get("X-Reprise-Key"));
  }
  EXPECT_EQ(first_.requests(), 1U);
}

TEST_F(Upstreams, EachKeepsItsOwnConnections) {
  Proxy proxy(first_, both());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, chat_answer("first"));
    EXPECT_EQ(proxy.ask(get("/local/v1/models"), "GET").body, chat_answer("second"));
    EXPECT_EQ(proxy.ask(post("/local/v1/files", "abc")).body, chat_answer("second"));
  }
  EXPECT_EQ(first_.connections(), 1U);
  EXPECT_EQ(second_.connections(), 1U);
}

TEST_F(Upstreams, ADeadConnectionIsReplacedByOneToTheSameEndpoint) {
  ScriptedUpstream dying([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(json_response(chat_answer("dying")));
    if (connection.number() == 0) connection.read_request();
  });
  Proxy proxy(first_, options({first_.url(), "dying=" + dying.url()}));
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(proxy.ask(get("/dying/v1/models"), "GET").body, chat_answer("dying"));
  }
  EXPECT_EQ(dying.connections(), 2U);
  EXPECT_EQ(first_.requests(), 1U);
}

TEST_F(Upstreams, ARefreshGoesWhereTheQuestionWent) {
  Proxy proxy(first_, both({"--stale", "1h"}));
  const auto request = [](const std::string& headers = "") {
    return chat_request({.headers = headers, .path = "/local/v1/chat/completions"});
  };
  expect_cache(proxy.ask(request("X-Reprise-TTL: 1ms\r\n")), "MISS");
  eventually("the entry is stale", [&] { return proxy.ask(request()).x_cache() == "STALE"; });
  second_.wait_for_requests(2);
  EXPECT_EQ(second_.request(1).target, "/v1/chat/completions");
  EXPECT_EQ(first_.requests(), 0U);
}

TEST_F(Upstreams, OneThatIsDownIsNamedAndHarmsNoOther) {
  Proxy proxy(first_, options({first_.url(), "down=http://127.0.0.1:1"}));
  const Response failed = proxy.ask(chat_request({.path = "/down/v1/chat/completions"}));
  expect_error(failed, 502, "upstream_unreachable");
  EXPECT_EQ(json_at(failed.body, "/error/message"), "127.0.0.1:1: connection refused");
  EXPECT_EQ(proxy.ask(chat_request()).body, chat_answer("first"));
}

TEST_F(Upstreams, ExplainGoesByTheSameRules) {
  Proxy proxy(first_, options({"local=" + first_.url()}));
  const Response recorded = proxy.ask(chat_request({.path = "/local/v1/chat/completions"}));
  const Response explained =
      proxy.ask_admin(chat_request({.path = "/explain/local/v1/chat/completions"}));
  EXPECT_EQ(json_at(explained.body, "/decision"), "hit");
  EXPECT_EQ(json_at(explained.body, "/key"), recorded.get("X-Reprise-Key"));
  const Response passed = proxy.ask_admin(chat_request({.path = "/explain/local/v1/files"}));
  EXPECT_EQ(json_at(passed.body, "/reason"), "route");
  expect_error(proxy.ask_admin(chat_request({.path = "/explain/v1/chat/completions"})), 404,
               "not_found");
}

TEST_F(Upstreams, AWebSocketReachesANamedOne) {
  ScriptedUpstream echo([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    connection.send(connection.read_raw());
  });
  Proxy proxy(first_, options({first_.url(), "echo=" + echo.url()}));
  RawClient client = proxy.connect();
  client.send(get("/echo/v1/realtime", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_EQ(client.read_head("GET").second, "101");
  client.send("ping");
  EXPECT_EQ(client.read_raw(4), "ping");
  EXPECT_EQ(echo.request(0).target, "/v1/realtime");
}

TEST_F(Upstreams, TheStartNamesThemAll) {
  Proxy proxy(first_, both());
  EXPECT_TRUE(contains(proxy.process().log(),
                       "upstream=\"" + first_.url() + ",local=" + second_.url() + "\""))
      << proxy.process().log();
}

TEST(UpstreamsInFlight, AreJoinedByNoQuestionToAnotherEndpoint) {
  HeldStreams first;
  HeldStreams second;
  ScriptedUpstream first_upstream(first.script());
  ScriptedUpstream second_upstream(second.script());
  Proxy proxy(first_upstream,
              {"--upstream", first_upstream.url(), "--upstream", "two=" + second_upstream.url(),
               "--upstream", "twin=" + first_upstream.url()});
  const auto request = [](const std::string& prefix) {
    return chat_request({.stream = true, .path = prefix + "/v1/chat/completions"});
  };
  RawClient leader = follow(proxy, request(""), "MISS", HeldStreams::begun(1));
  RawClient other = follow(proxy, request("/two"), "MISS", HeldStreams::begun(1));
  RawClient joiner = follow(proxy, request("/twin"), "COALESCED", HeldStreams::begun(1));
  first.rest.release();
  EXPECT_TRUE(leader.read_rest().whole);
  EXPECT_TRUE(joiner.read_rest().whole);
  second.rest.release();
  EXPECT_TRUE(other.read_rest().whole);
  EXPECT_EQ(first_upstream.requests(), 1U);
  EXPECT_EQ(second_upstream.requests(), 1U);
}

TEST(UpstreamsInAFleet, AreOneQuestionByAnyNameAndTwoToTwoEndpoints) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  ScriptedUpstream another(always(stream_response(chat_stream({"another"}))));
  Fleet fleet(upstream);
  Proxy& leading = fleet.add();
  Proxy& named = fleet.add({"--upstream", another.url(), "--upstream", "x=" + upstream.url()});
  RawClient leader = follow(leading, chat_request({.stream = true}), "MISS", HeldStreams::begun(1));
  RawClient follower =
      follow(named, chat_request({.stream = true, .path = "/x/v1/chat/completions"}), "COALESCED",
             HeldStreams::begun(1));
  const Response apart = named.ask(chat_request({.stream = true}));
  expect_cache(apart, "MISS");
  EXPECT_EQ(apart.body, chat_stream({"another"}));
  held.rest.release();
  EXPECT_TRUE(leader.read_rest().whole);
  EXPECT_EQ(follower.read_rest().body, HeldStreams::body(1));
  EXPECT_EQ(upstream.requests(), 1U);
}

class UpstreamsWithTls : public Upstreams {
 protected:
  TestCa ca_;
  TlsContext good_ = ca_.server({});
  TlsContext elsewhere_ = ca_.server({.host = "elsewhere.test", .ip = ""});
};

TEST_F(UpstreamsWithTls, AreVerifiedEachByItsOwnHost) {
  ScriptedUpstream good(saying("good"), good_.get());
  ScriptedUpstream bad(saying("bad"), elsewhere_.get());
  Proxy proxy(first_, options({first_.url(), "good=" + good.url(), "bad=" + bad.url()},
                              {"--upstream-ca", ca_.file()}));
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(proxy.ask(get("/good/v1/models"), "GET").body, chat_answer("good"));
    expect_error(proxy.ask(get("/bad/v1/models"), "GET"), 502, "upstream_tls");
    EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, chat_answer("first"));
  }
  EXPECT_EQ(good.request(0).get("Host"), "localhost:" + std::to_string(good.port()));
  EXPECT_EQ(good.connections(), 1U);
  EXPECT_EQ(bad.requests(), 0U);
}

}  // namespace
}  // namespace reprise::e2e
