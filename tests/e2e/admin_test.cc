// The admin listener: what operators and probes ask.
#include <gtest/gtest.h>

#include <sstream>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

std::string remove(const std::string& path, const std::string& headers = "") {
  return "DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n";
}

class Admin : public testing::Test {
 protected:
  // Records a question; returns its key.
  std::string record(const Ask& ask = {}) {
    const Response response = proxy_.ask(chat_request(ask));
    EXPECT_EQ(response.x_cache(), "MISS");
    return response.get("X-Reprise-Key");
  }
  Response purge(const std::string& body) { return proxy_.ask_admin(post("/purge", body)); }
  std::string cache_of(const Ask& ask = {}) { return proxy_.ask(chat_request(ask)).x_cache(); }

  ScriptedUpstream upstream_{always(json_response(chat_answer("x")))};
  Proxy proxy_{upstream_};
};

TEST_F(Admin, ProbesAreAnswered) {
  EXPECT_EQ(proxy_.ask_admin(get("/healthz"), "GET").status, 200);
  EXPECT_EQ(proxy_.ask_admin(get("/readyz"), "GET").status, 200);
}

TEST_F(Admin, UnknownPathsAreA404) {
  expect_error(proxy_.ask_admin(get("/nothing/here"), "GET"), 404, "not_found");
  EXPECT_EQ(upstream_.connections(), 0U);
}

TEST_F(Admin, IsNotReachedThroughTheProxysOwnAddress) {
  proxy_.ask(get("/healthz"), "GET");
  EXPECT_EQ(upstream_.request(0).target, "/healthz");
}

TEST_F(Admin, KeepsItsConnections) {
  RawClient client = proxy_.connect_admin();
  for (int i = 0; i < 5; ++i) {
    client.send(get("/stats"));
    EXPECT_EQ(client.read_response("GET").status, 200);
  }
}

TEST_F(Admin, MetricsAreWellFormedAndCount) {
  record();
  for (int i = 0; i < 3; ++i) cache_of();
  proxy_.ask(chat_request({.members = R"(,"store":true)"}));
  proxy_.ask(get("/v1/models"), "GET");
  // An answer is counted once its last byte has left, which its reader may see first.
  proxy_.wait_for_metric("reprise_requests_total", 6);
  const Response metrics = proxy_.ask_admin(get("/metrics"), "GET");
  EXPECT_EQ(metrics.get("Content-Type").rfind("text/plain", 0), 0U);
  const std::string sample =
      R"re([a-zA-Z_:][a-zA-Z0-9_:]*([{][a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*,?[}])? [-+0-9.eInfNa]+)re";
  std::istringstream lines(metrics.body);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    EXPECT_TRUE(matches(line, sample)) << line;
  }
  const auto requests = [&](const std::string& route, const std::string& cache) {
    return proxy_.metric("reprise_requests_total{route=\"" + route + "\",cache=\"" + cache + "\"}");
  };
  EXPECT_EQ(requests("chat_completions", "hit") + requests("chat/completions", "hit"), 3);
  EXPECT_EQ(proxy_.metric("reprise_requests_total"), 6);
  EXPECT_EQ(proxy_.metric("reprise_upstream_requests_total{status=\"200\"}"), 3);
  EXPECT_EQ(proxy_.metric("reprise_memory_entries"), 1);
  EXPECT_GT(proxy_.metric("reprise_memory_bytes"), 100);
  EXPECT_EQ(proxy_.metric("reprise_bypass_total{reason=\"stateful\"}"), 1);
  EXPECT_EQ(proxy_.metric("reprise_request_seconds_count{cache=\"hit\"}"), 3);
  EXPECT_EQ(proxy_.metric("reprise_first_byte_seconds_count{cache=\"miss\"}"), 1);
  EXPECT_EQ(proxy_.metric("reprise_saved_tokens_total{model=\"gpt-test-2024\"}"), 36);
}

TEST_F(Admin, StatisticsHaveTheirShape) {
  record();
  cache_of();
  proxy_.ask(get("/v1/models"), "GET");
  // An answer is counted once its last byte has left, which its reader may see first.
  proxy_.wait_for_metric("reprise_requests_total", 3);
  const std::string stats = proxy_.ask_admin(get("/stats"), "GET").body;
  for (const char* number :
       {"/uptime_s", "/requests/coalesced", "/requests/stale", "/requests/bypass", "/memory/bytes",
        "/memory/evictions", "/memcached/hits", "/memcached/misses", "/memcached/timeouts",
        "/in_flight/streams", "/in_flight/recordings", "/in_flight/bytes", "/saved/usd",
        "/saved/seconds"}) {
    EXPECT_TRUE(matches(json_at(stats, number), "[0-9.e+-]+")) << number;
  }
  EXPECT_EQ(json_at(stats, "/requests/hit"), "1");
  EXPECT_EQ(json_at(stats, "/requests/miss"), "1");
  EXPECT_EQ(json_at(stats, "/requests/passed"), "1");
  EXPECT_EQ(json_at(stats, "/memory/entries"), "1");
  EXPECT_EQ(json_at(stats, "/memory/bytes_max"), std::to_string(256 << 20));
  EXPECT_EQ(json_at(stats, "/memcached/servers"), "[]");
  EXPECT_EQ(json_at(stats, "/saved/prompt_tokens"), "5");
  EXPECT_EQ(json_at(stats, "/saved/completion_tokens"), "7");
}

TEST_F(Admin, AnEntryIsDescribed) {
  const std::string key = record();
  const Response entry = proxy_.ask_admin(get("/entries/" + key), "GET");
  EXPECT_EQ(entry.status, 200);
  EXPECT_EQ(json_at(entry.body, "/key"), key);
  EXPECT_EQ(json_at(entry.body, "/form"), "json");
  EXPECT_EQ(json_at(entry.body, "/model"), "gpt-test-2024");
  EXPECT_EQ(json_at(entry.body, "/finish_reason"), "stop");
  EXPECT_EQ(json_at(entry.body, "/usage/total_tokens"), "12");
  EXPECT_EQ(json_at(entry.body, "/bytes"), std::to_string(chat_answer("x").size()));
  EXPECT_EQ(json_at(entry.body, "/tier"), "memory");
  for (const char* member : {"/route", "/stored", "/duration_ms", "/ttl"}) {
    EXPECT_NE(json_at(entry.body, member), "(none)") << member << entry.body;
  }
}

TEST_F(Admin, UnknownEntriesAreA404) {
  expect_error(proxy_.ask_admin(get("/entries/" + std::string(32, '0')), "GET"), 404, "not_found");
  EXPECT_EQ(proxy_.ask_admin(remove("/entries/" + std::string(32, '0'))).status, 404);
  const int bad = proxy_.ask_admin(get("/entries/nonsense"), "GET").status;
  EXPECT_TRUE(bad == 404 || bad == 400);
}

TEST_F(Admin, ADeletedEntryIsGone) {
  const std::string key = record();
  EXPECT_EQ(cache_of(), "HIT");
  EXPECT_EQ(proxy_.ask_admin(remove("/entries/" + key)).status, 204);
  EXPECT_EQ(proxy_.ask_admin(get("/entries/" + key), "GET").status, 404);
  EXPECT_EQ(cache_of(), "MISS");
  EXPECT_EQ(cache_of(), "HIT");
}

TEST_F(Admin, PurgingAllLeavesNothing) {
  record();
  record({.prompt = "other"});
  const Response purged = purge(R"({"all":true})");
  EXPECT_EQ(purged.status, 200);
  EXPECT_TRUE(is_json(purged.body));
  EXPECT_EQ(cache_of(), "MISS");
  EXPECT_EQ(cache_of({.prompt = "other"}), "MISS");
  EXPECT_EQ(cache_of(), "HIT");
}

TEST_F(Admin, PurgingANamespaceLeavesOthers) {
  const Ask elsewhere{.headers = "X-Reprise-Namespace: n1\r\n"};
  record();
  record(elsewhere);
  EXPECT_EQ(purge(R"({"namespace":"n1"})").status, 200);
  EXPECT_EQ(cache_of(), "HIT");
  EXPECT_EQ(cache_of(elsewhere), "MISS");
  EXPECT_EQ(purge(R"({"namespace":""})").status, 200);
  EXPECT_EQ(cache_of(elsewhere), "HIT");
  EXPECT_EQ(cache_of(), "MISS");
}

TEST_F(Admin, PurgingAModelMeansTheOneAskedForAndTheOneThatAnswered) {
  for (const char* model : {"gpt-test", "gpt-test-2024"}) {
    record();
    EXPECT_EQ(purge(R"({"model":"other"})").status, 200);
    EXPECT_EQ(cache_of(), "HIT");
    EXPECT_EQ(purge(R"({"model":")" + std::string(model) + "\"}").status, 200);
    EXPECT_EQ(cache_of(), "MISS");
    EXPECT_EQ(purge(R"({"all":true})").status, 200);
  }
}

TEST_F(Admin, ABadPurgeIsA400AndPurgesNothing) {
  record();
  for (const char* body :
       {"", "{}", "all", R"({"all":false})", R"({"all":1})", "[]", R"({"model":1})",
        R"({"everything":true})", R"({"all":true,"model":"m"})", R"({"all":true}x)"}) {
    expect_error(purge(body), 400, "bad_request");
  }
  EXPECT_EQ(cache_of(), "HIT");
  EXPECT_NE(proxy_.ask_admin(get("/purge"), "GET").status, 200);
}

TEST_F(Admin, PurgedAnswersAreNotStaleEither) {
  record();
  EXPECT_EQ(purge(R"({"all":true})").status, 200);
  expect_error(
      proxy_.ask(chat_request({.headers = "Cache-Control: only-if-cached, max-stale\r\n"})), 504,
      "not_cached");
}

TEST_F(Admin, ExplainSaysWhatWouldBeDone) {
  const auto explained = [&](Ask ask) {
    ask.path = "/explain/v1/chat/completions";
    return proxy_.ask_admin(chat_request(ask)).body;
  };
  std::string told = explained({});
  EXPECT_EQ(json_at(told, "/decision"), "miss") << told;
  const std::string key = json_at(told, "/key");
  EXPECT_EQ(upstream_.requests(), 0U);
  EXPECT_EQ(record(), key);
  told = explained({});
  EXPECT_EQ(json_at(told, "/decision"), "hit") << told;
  EXPECT_EQ(json_at(told, "/tier"), "memory");
  EXPECT_TRUE(contains(json_at(told, "/canonical"), "gpt-test")) << told;
  told = explained({.members = R"(,"store":true)"});
  EXPECT_EQ(json_at(told, "/decision"), "bypass");
  EXPECT_EQ(json_at(told, "/reason"), "stateful");
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(Admin, ExplainTellsInWhatTwoQuestionsDiffer) {
  const std::string key = record({.members = R"(,"seed":1)"});
  const Response told = proxy_.ask_admin(chat_request(
      {.members = R"(,"seed":2,"top_p":1)", .path = "/explain/v1/chat/completions?key=" + key}));
  EXPECT_EQ(told.status, 200) << told.body;
  EXPECT_EQ(json_at(told.body, "/differs"), R"(["seed","top_p"])") << told.body;
}

TEST_F(Admin, ForeignOriginsAndHostsAreRefused) {
  const auto asked = [&](const std::string& headers) {
    return proxy_.ask_admin("GET /stats HTTP/1.1\r\n" + headers + "\r\n", "GET");
  };
  const std::string port = std::to_string(proxy_.admin_port());
  const std::string own = "Host: 127.0.0.1:" + port + "\r\n";
  EXPECT_EQ(asked(own).status, 200);
  EXPECT_EQ(asked("Host: localhost:" + port + "\r\n").status, 200);
  EXPECT_EQ(asked(own + "Origin: http://127.0.0.1:" + port + "\r\n").status, 200);
  expect_error(asked(own + "Origin: http://evil.test\r\n"), 403, "forbidden");
  expect_error(asked(own + "Origin: null\r\n"), 403, "forbidden");
  expect_error(asked(own + "Origin: http://127.0.0.1:1\r\n"), 403, "forbidden");
  expect_error(asked("Host: evil.test\r\n"), 403, "forbidden");
  expect_error(asked("Host: 127.0.0.1.evil.test:" + port + "\r\n"), 403, "forbidden");
}

TEST_F(Admin, AForeignOriginCannotPurge) {
  record();
  expect_error(proxy_.ask_admin(post("/purge", R"({"all":true})", "Origin: http://evil.test\r\n")),
               403, "forbidden");
  EXPECT_EQ(cache_of(), "HIT");
}

TEST(AdminToken, IsRequiredForAllButProbesAndMetrics) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, {"--admin-token", "secret-token-for-tests"});
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(proxy.ask_admin(get(path), "GET").status, 200) << path;
  }
  const std::string key(32, '0');
  expect_error(proxy.ask_admin(get("/stats"), "GET"), 401, "unauthorized");
  expect_error(proxy.ask_admin(get("/entries/" + key), "GET"), 401, "unauthorized");
  expect_error(proxy.ask_admin(post("/purge", R"({"all":true})")), 401, "unauthorized");
  expect_error(proxy.ask_admin(get("/stats", "Authorization: Bearer wrong\r\n"), "GET"), 401,
               "unauthorized");
  EXPECT_EQ(
      proxy.ask_admin(get("/stats", "Authorization: Bearer secret-token-for-tests\r\n"), "GET")
          .status,
      200);
  EXPECT_EQ(
      proxy.ask_admin(get("/stats", "X-Reprise-Admin-Token: secret-token-for-tests\r\n"), "GET")
          .status,
      200);
  // On /explain, Authorization is the caller's.
  const Ask ask{.headers = "X-Reprise-Admin-Token: secret-token-for-tests\r\n",
                .path = "/explain/v1/chat/completions"};
  EXPECT_EQ(proxy.ask_admin(chat_request(ask)).status, 200);
  Ask by_authorization{.path = "/explain/v1/chat/completions"};
  by_authorization.key = "secret-token-for-tests";
  expect_error(proxy.ask_admin(chat_request(by_authorization)), 401, "unauthorized");
  EXPECT_FALSE(contains(proxy.process().log(), "secret-token-for-tests"));
}

TEST(AdminListener, CanBeOff) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--admin", "off"});
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
  EXPECT_FALSE(contains(proxy.process().log(), "admin listening"));
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(AdminListener, FloodsOfIdleConnectionsDoNotStopTheProxy) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(proxy.connect_admin());
  EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").status, 200);
}

}  // namespace
}  // namespace reprise::e2e
