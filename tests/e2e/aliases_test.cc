// Applications that speak to another gateway's cache speak to this one in the same words.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

std::string with(const std::string& headers, const Ask& ask = {}) {
  Ask made = ask;
  made.headers = headers;
  return chat_request(made);
}

std::string saying(const std::string& prompt, const std::string& headers) {
  return with(headers, {.prompt = prompt});
}

// Gateway: reprise in the place of one, before an endpoint that numbers its answers.
class Gateway {
 public:
  explicit Gateway(const std::string& name) : proxy_(upstream_, {"--aliases", name}) {}

  Response ask(const std::string& request) const { return proxy_.ask(request); }
  // What the endpoint saw of the newest request.
  Request seen() const { return upstream_.request(upstream_.requests() - 1); }

 private:
  Counting counting_;
  ScriptedUpstream upstream_{counting_.script()};
  Proxy proxy_;
};

TEST(Helicone, ACachedRequestIsAnsweredInItsWords) {
  const Gateway gateway("helicone");
  const std::string request = with(
      "Helicone-Auth: Bearer sk-helicone\r\nHelicone-Cache-Enabled: true\r\n"
      "Cache-Control: max-age = 2592000\r\nHelicone-Cache-Bucket-Max-Size: 3\r\n"
      "Helicone-Cache-Seed: 1\r\nHelicone-Property-App: shop\r\n");
  const Response miss = gateway.ask(request);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("Helicone-Cache"), "MISS");
  EXPECT_FALSE(miss.has("Helicone-Cache-Bucket-Idx"));
  for (const char* kept : {"Helicone-Auth", "Helicone-Property-App"}) {
    EXPECT_TRUE(gateway.seen().has(kept)) << kept;
  }
  for (const char* ended : {"Helicone-Cache-Enabled", "Cache-Control", "Helicone-Cache-Seed",
                            "Helicone-Cache-Bucket-Max-Size"}) {
    EXPECT_FALSE(gateway.seen().has(ended)) << ended;
  }
  const Response hit = gateway.ask(request);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("Helicone-Cache"), "HIT");
  EXPECT_EQ(hit.get("Helicone-Cache-Bucket-Idx"), "0");
  EXPECT_TRUE(matches(hit.get("Helicone-Cache-Latency"), "[0-9]+"));
  EXPECT_GT(ttl_of(hit), 2592000 - 600) << "its max-age is how long an answer is kept";
}

TEST(Helicone, SeedsSeparate) {
  const Gateway gateway("helicone");
  for (const char* seed : {"user-123", "user-456", "any text: é/{}"}) {
    const std::string request =
        with("Helicone-Cache-Enabled: true\r\nHelicone-Cache-Seed: " + std::string(seed) + "\r\n");
    expect_cache(gateway.ask(request), "MISS");
    expect_cache(gateway.ask(request), "HIT");
  }
  expect_cache(gateway.ask(with("X-Reprise-Namespace: user-123\r\n")), "HIT");
}

TEST(Helicone, IgnoredKeysMakeNoDifference) {
  const Gateway gateway("helicone");
  const std::string headers =
      "Helicone-Cache-Enabled: true\r\nHelicone-Cache-Ignore-Keys: request_id,timestamp\r\n";
  const auto request = [&](const char* members) { return with(headers, {.members = members}); };
  expect_cache(gateway.ask(request(R"(,"request_id":"req-123","timestamp":1)")), "MISS");
  EXPECT_TRUE(contains(gateway.seen().body, R"("request_id":"req-123")"));
  expect_cache(gateway.ask(request(R"(,"request_id":"req-456","timestamp":2)")), "HIT");
  expect_cache(gateway.ask(request(R"(,"request_id":"req-456","session":2)")), "MISS");
  expect_cache(gateway.ask(chat_request()), "MISS");
}

TEST(Helicone, WhoSwitchesTheCacheOffBypassesIt) {
  const Gateway gateway("helicone");
  gateway.ask(chat_request());
  const Response response = gateway.ask(with("Helicone-Cache-Enabled: false\r\n"));
  expect_cache(response, "BYPASS");
  EXPECT_FALSE(response.has("Helicone-Cache"));
  const Response hit = gateway.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("Helicone-Cache"), "HIT") << "the cache is on where nothing is said";
  EXPECT_EQ(content_of(hit), "answer 1");
}

TEST(Cloudflare, ACachedRequestIsAnsweredInItsWords) {
  const Gateway gateway("cloudflare");
  const std::string request =
      with("cf-aig-authorization: Bearer cf\r\ncf-aig-cache-ttl: 3600\r\ncf-aig-metadata: {}\r\n");
  const Response miss = gateway.ask(request);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("cf-aig-cache-status"), "MISS");
  EXPECT_TRUE(gateway.seen().has("cf-aig-authorization"));
  EXPECT_TRUE(gateway.seen().has("cf-aig-metadata"));
  EXPECT_FALSE(gateway.seen().has("cf-aig-cache-ttl"));
  const Response hit = gateway.ask(request);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("cf-aig-cache-status"), "HIT");
  EXPECT_LE(ttl_of(hit), 3600);
}

TEST(Cloudflare, SkippingTheCacheBypassesIt) {
  const Gateway gateway("cloudflare");
  gateway.ask(chat_request());
  for (const char* name : {"cf-aig-skip-cache", "cf-skip-cache"}) {
    const Response response = gateway.ask(with(std::string(name) + ": true\r\n"));
    expect_cache(response, "BYPASS");
    EXPECT_FALSE(response.has("cf-aig-cache-status"));
    EXPECT_FALSE(gateway.seen().has(name));
    expect_cache(gateway.ask(with(std::string(name) + ": false\r\n")), "HIT");
  }
}

TEST(Cloudflare, ACallersKeyReplacesTheBody) {
  const Gateway gateway("cloudflare");
  for (const char* key : {"responseA", "any text: é/{}"}) {
    const std::string headers = "cf-aig-cache-key: " + std::string(key) + "\r\n";
    expect_cache(gateway.ask(saying("One?", headers)), "MISS");
    expect_cache(gateway.ask(saying("Another?", headers)), "HIT");
  }
  expect_cache(gateway.ask(saying("One?", "X-Reprise-Key: responseA\r\n")), "HIT");
  expect_cache(gateway.ask(chat_request({.prompt = "One?"})), "MISS");
}

TEST(Portkey, ACachedRequestIsAnsweredInItsWords) {
  const Gateway gateway("portkey");
  const std::string config = R"({"provider":"openai","cache":{"mode":"simple","max_age":60}})";
  const std::string headers = "x-portkey-api-key: pk\r\nx-portkey-config: " + config + "\r\n";
  const Response miss = gateway.ask(with(headers));
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("x-portkey-cache-status"), "MISS");
  EXPECT_TRUE(gateway.seen().has("x-portkey-api-key"));
  EXPECT_EQ(gateway.seen().get("x-portkey-config"), config) << "it is not only the cache's";
  const Response hit = gateway.ask(with(headers));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("x-portkey-cache-status"), "HIT");
  EXPECT_LE(ttl_of(hit), 60);
}

TEST(Portkey, AForcedRefreshReplacesTheEntry) {
  const Gateway gateway("portkey");
  gateway.ask(chat_request());
  const Response refreshed = gateway.ask(
      with("x-portkey-config: pc-cache-xxx\r\nx-portkey-cache-force-refresh: true\r\n"));
  expect_cache(refreshed, "MISS");
  EXPECT_EQ(refreshed.get("x-portkey-cache-status"), "REFRESH");
  EXPECT_FALSE(gateway.seen().has("x-portkey-cache-force-refresh"));
  const Response hit = gateway.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_EQ(content_of(hit), "answer 2");
}

TEST(Portkey, NamespacesSeparateAndABypassIsDisabled) {
  const Gateway gateway("portkey");
  for (const char* name : {"user-123", "user 456"}) {
    const std::string request = with("x-portkey-cache-namespace: " + std::string(name) + "\r\n");
    expect_cache(gateway.ask(request), "MISS");
    expect_cache(gateway.ask(request), "HIT");
    EXPECT_FALSE(gateway.seen().has("x-portkey-cache-namespace"));
  }
  const Response bypass = gateway.ask(chat_request({.members = R"(,"store":true)"}));
  expect_cache(bypass, "BYPASS");
  EXPECT_EQ(bypass.get("x-portkey-cache-status"), "DISABLED");
}

TEST(Openrouter, ACachedRequestIsAnsweredInItsWords) {
  const Gateway gateway("openrouter");
  const std::string request = with(
      "X-OpenRouter-Cache: true\r\nX-OpenRouter-Cache-TTL: 600\r\nX-OpenRouter-Title: shop\r\n");
  const Response miss = gateway.ask(request);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("X-OpenRouter-Cache-Status"), "MISS");
  EXPECT_EQ(miss.get("X-OpenRouter-Cache-TTL"), "600");
  EXPECT_FALSE(miss.has("X-OpenRouter-Cache-Age"));
  EXPECT_TRUE(gateway.seen().has("X-OpenRouter-Title"));
  EXPECT_FALSE(gateway.seen().has("X-OpenRouter-Cache"));
  EXPECT_FALSE(gateway.seen().has("X-OpenRouter-Cache-TTL"));
  const Response hit = gateway.ask(request);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("X-OpenRouter-Cache-Status"), "HIT");
  EXPECT_EQ(hit.get("X-OpenRouter-Cache-Age"), hit.get("Age"));
  EXPECT_EQ(hit.get("X-OpenRouter-Cache-TTL"), std::to_string(ttl_of(hit)));
  EXPECT_LE(ttl_of(hit), 600);
}

TEST(Openrouter, ClearingRefreshesAndOffBypasses) {
  const Gateway gateway("openrouter");
  gateway.ask(chat_request());
  const Response cleared =
      gateway.ask(with("X-OpenRouter-Cache: true\r\nX-OpenRouter-Cache-Clear: true\r\n"));
  expect_cache(cleared, "MISS");
  EXPECT_EQ(cleared.get("X-OpenRouter-Cache-Status"), "MISS");
  EXPECT_EQ(content_of(gateway.ask(chat_request())), "answer 2");
  const Response off = gateway.ask(with("X-OpenRouter-Cache: false\r\n"));
  expect_cache(off, "BYPASS");
  EXPECT_FALSE(off.has("X-OpenRouter-Cache-Status"));
  EXPECT_FALSE(off.has("X-OpenRouter-Cache-TTL"));
}

const std::string kEveryWord =
    "Helicone-Cache-Enabled: false\r\nHelicone-Cache-Seed: s\r\n"
    "Helicone-Cache-Ignore-Keys: messages\r\nHelicone-Cache-Bucket-Max-Size: 3\r\n"
    "cf-aig-skip-cache: true\r\ncf-aig-cache-ttl: 0\r\ncf-aig-cache-key: k\r\n"
    "x-portkey-cache-force-refresh: true\r\nx-portkey-cache-namespace: n\r\n"
    "X-OpenRouter-Cache: false\r\nX-OpenRouter-Cache-TTL: 0\r\n"
    "X-OpenRouter-Cache-Clear: true\r\n";

TEST(Aliases, AreOffUnlessNamed) {
  ScriptedUpstream upstream(
      always(json_response(chat_answer("yes"), "cf-aig-cache-status: MISS\r\n")));
  Proxy proxy(upstream);
  const Response miss = proxy.ask(with(kEveryWord));
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("cf-aig-cache-status"), "MISS") << "the endpoint's own";
  EXPECT_TRUE(contains(upstream.request(0).raw_head, kEveryWord));
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  for (const char* name : {"Helicone-Cache", "cf-aig-cache-status", "x-portkey-cache-status",
                           "X-OpenRouter-Cache-Status"}) {
    EXPECT_FALSE(hit.has(name)) << name;
  }
}

TEST(Aliases, MeanNothingOnOtherRoutes) {
  ScriptedUpstream upstream(
      always(json_response(R"({"data":[]})", "cf-aig-cache-status: HIT\r\n")));
  Proxy proxy(upstream, {"--aliases", "helicone,cloudflare,portkey,openrouter"});
  const Response response = proxy.ask(post("/v1/images/generations", "{}", kEveryWord));
  EXPECT_EQ(response.get("cf-aig-cache-status"), "HIT");
  EXPECT_FALSE(response.has("Helicone-Cache"));
  EXPECT_TRUE(contains(upstream.request(0).raw_head, kEveryWord));
}

TEST(Aliases, AreExplained) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  Proxy proxy(upstream, {"--aliases", "cloudflare", "--aliases", "helicone"});
  const auto explain = [&](const std::string& headers) {
    Ask ask{.path = "/explain/v1/chat/completions"};
    ask.headers = headers;
    return proxy.ask_admin(chat_request(ask)).body;
  };
  EXPECT_EQ(json_at(explain("cf-aig-skip-cache: true\r\n"), "/reason"), "no_store");
  EXPECT_EQ(json_at(explain("Helicone-Cache-Ignore-Keys: messages\r\n"), "/canonical"),
            R"({"model":"gpt-test"})");
}

}  // namespace
}  // namespace reprise::e2e
