// What one process has recorded, another one gives, by way of a Memcached that they share.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

struct Route {
  std::string name;
  std::string request;
  std::string response;
  std::string body;
};

void PrintTo(const Route& route, std::ostream* out) { *out << route.name; }

Route plain(const std::string& name, const std::string& request, const std::string& body) {
  return {name, request, json_response(body), body};
}

const std::string kEmbeddings =
    R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.25,-1]}],)"
    R"("model":"embed-1","usage":{"prompt_tokens":5,"total_tokens":5}})";
const std::string kStream = chat_stream({"one", "two", "three"});
const std::string kManyEvents = chat_stream(std::vector<std::string>(3000, "again"));

class SharedRoute : public testing::TestWithParam<Route> {};

TEST_P(SharedRoute, IsGivenByAnotherProcessAndThenFromItsMemory) {
  ScriptedUpstream upstream(always(GetParam().response));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const Response recorded = fleet.record(first, GetParam().request);
  const Response own = first.ask(GetParam().request);
  expect_hit(own, "memory");
  for (const char* tier : {"memcached", "memory", "memory"}) {
    const Response hit = second.ask(GetParam().request);
    expect_hit(hit, tier);
    EXPECT_TRUE(hit.body == GetParam().body);
    EXPECT_EQ(hit.get("X-Reprise-Key"), recorded.get("X-Reprise-Key"));
    EXPECT_EQ(hit.get("X-Reprise-Model"), own.get("X-Reprise-Model"));
    EXPECT_EQ(hit.get("X-Reprise-Stored"), own.get("X-Reprise-Stored"));
    EXPECT_EQ(hit.get("Content-Type"), own.get("Content-Type"));
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Memcached, SharedRoute,
    testing::Values(plain("json", chat_request(), chat_answer("x")),
                    Route{"stream", chat_request({.stream = true}), stream_response(kStream),
                          kStream},
                    Route{"long_stream", chat_request({.stream = true}),
                          stream_response(kManyEvents), kManyEvents},
                    plain("embeddings",
                          post("/v1/embeddings",
                               R"({"model":"embed-1","input":"text","encoding_format":"float"})"),
                          kEmbeddings)));

TEST(MemcachedSharing, WithoutMemoryEveryHitIsMemcacheds) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add({"--memory", "0"});
  Proxy& second = fleet.add({"--memory", "0"});
  fleet.record(first, chat_request());
  for (Proxy* proxy : {&first, &second, &first, &second}) {
    const Response hit = proxy->ask(chat_request());
    expect_hit(hit, "memcached");
    EXPECT_EQ(hit.body, chat_answer("x"));
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(MemcachedSharing, SurvivesTheProcessThatRecorded) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  expect_cache(first.ask(chat_request()), "MISS");
  // Whoever is told to end stores what it has recorded first.
  EXPECT_EQ(first.stop(), 0);
  expect_hit(fleet.add().ask(chat_request()), "memcached");
}

TEST(MemcachedSharing, SpreadsOverItsServers) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream, 3);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add({"--workers", "4"});
  std::vector<size_t> held(4);
  for (int i = 0; i < 60; ++i) {
    const std::string request = chat_request({.prompt = std::to_string(i)});
    const Response recorded = fleet.record(first, request);
    ++held[fleet.holder_of(recorded.get("X-Reprise-Key"))];
    expect_hit(second.ask(request), "memcached");
  }
  for (size_t server = 0; server < 3; ++server) EXPECT_GE(held[server], 5U) << server;
}

TEST(MemcachedSharing, OtherCredentialsDoNotShareUnlessTheScopeIsGlobal) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  fleet.record(first, chat_request());
  expect_cache(second.ask(chat_request({.key = "sk-bob"})), "MISS");
  EXPECT_EQ(upstream.requests(), 2U);
  Proxy& third = fleet.add({"--scope", "global"});
  Proxy& fourth = fleet.add({"--scope", "global"});
  fleet.record(third, chat_request());
  expect_hit(fourth.ask(chat_request({.key = "sk-bob"})), "memcached");
}

TEST(MemcachedSharing, NamespacesDoNotShare) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& in_a = fleet.add({"--namespace", "a"});
  Proxy& also_in_a = fleet.add({"--namespace", "a"});
  Proxy& in_b = fleet.add({"--namespace", "b"});
  Proxy& in_none = fleet.add();
  const Ask nested{.headers = "X-Reprise-Namespace: n\r\n"};
  fleet.record(in_a, chat_request());
  fleet.record(in_a, chat_request(nested));
  EXPECT_FALSE(is_cached(in_b));
  EXPECT_FALSE(is_cached(in_none));
  EXPECT_FALSE(is_cached(in_b, nested));
  EXPECT_FALSE(is_cached(in_none, {.headers = "X-Reprise-Namespace: a\r\n"}));
  expect_hit(also_in_a.ask(chat_request()), "memcached");
  expect_hit(also_in_a.ask(chat_request(nested)), "memcached");
}

TEST(MemcachedSharing, ACrowdCostsOneLookup) {
  constexpr size_t kCrowd = 200;
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  fleet.record(first, chat_request());
  const uint64_t before = fleet.server().stat("cmd_get");
  std::deque<RawClient> clients;
  for (size_t i = 0; i < kCrowd; ++i) clients.push_back(second.connect());
  for (RawClient& client : clients) client.send(chat_request());
  size_t from_memcached = 0;
  for (RawClient& client : clients) {
    const Response hit = client.read_response();
    expect_cache(hit, "HIT");
    EXPECT_EQ(hit.body, chat_answer("x"));
    from_memcached += detail_of(hit) == "memcached" ? 1 : 0;
  }
  EXPECT_GE(from_memcached, 1U);
  EXPECT_LT(fleet.server().stat("cmd_get") - before, kCrowd / 2);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(MemcachedSharing, WhatIsNotStoredLeavesNothing) {
  std::atomic<int> count{0};
  ScriptedUpstream upstream(each_request([&](const Request&) {
    return count++ == 0 ? error_response(500) : json_response(chat_answer("x"));
  }));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const Ask failed{.prompt = "failed"};
  EXPECT_EQ(first.ask(chat_request(failed)).status, 500);
  const Ask secret{.prompt = "secret"};
  Ask unstored = secret;
  unstored.headers = "Cache-Control: no-store\r\n";
  expect_cache(first.ask(chat_request(unstored)), "BYPASS");
  unstored.headers = "X-Reprise-TTL: 0s\r\n";
  expect_cache(first.ask(chat_request(unstored)), "MISS");
  // What comes behind those would have come behind their stores.
  fleet.record(first, chat_request());
  EXPECT_FALSE(is_cached(second, failed));
  EXPECT_FALSE(is_cached(second, secret));
  EXPECT_TRUE(is_cached(second));
}

TEST(MemcachedSharing, AnswersOfOldStayWhenTheEndpointIsGone) {
  auto upstream = std::make_unique<ScriptedUpstream>(always(json_response(chat_answer("x"))));
  Fleet fleet(*upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  fleet.record(first, chat_request());
  upstream.reset();
  expect_hit(second.ask(chat_request()), "memcached");
  EXPECT_FALSE(is_cached(second, {.prompt = "other"}));
}

}  // namespace
}  // namespace reprise::e2e
