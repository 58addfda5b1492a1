#include "proxy/admin.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cache/entries.h"
#include "cache/memory_tier.h"

namespace reprise::proxy {
namespace {

// StillClock: stands until it is moved.
class StillClock final : public base::Clock {
 public:
  int64_t monotonic_us() const override { return now_us; }
  int64_t wall_us() const override { return now_us; }
  int64_t now_us = 1'772'368'496'000'000;  // 2026-03-01T12:34:56Z
};

// Asked: what the explain function was given.
struct Asked {
  http::RequestHead head;
  std::string body;
  std::string other;  // the compared entry's model
};

class AdminTest : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  void SetUp() override { configure({{"127.0.0.1:7071", "[::1]:7071"}, {}, {}}); }

  void configure(const AdminSettings& settings) {
    admin_.emplace(
        settings,
        AdminParts{
            .tiers = {{"memory", memory_}},
            .memcached = nullptr,
            .purges = purges_,
            .clock = clock_,
            .readiness = readiness_,
            .read = [this] { return readings_; },
            .explain = [this](const http::RequestHead& head, std::string_view body,
                              const cache::Entry* other) -> tl::expected<Explanation, Refusal> {
              asked_ = {head, std::string(body), other == nullptr ? "" : other->model_answered};
              return explanation_;
            },
        });
  }

  // Sends what a local client would, Host included unless `fields` has one.
  OwnResponse ask(const std::string& method, const std::string& target, const Fields& fields = {},
                  std::string_view body = {}) {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    for (const auto& [name, value] : fields) head.fields.add(name, value);
    if (head.fields.count("Host") == 0) head.fields.add("Host", "127.0.0.1:7071");
    return admin_->answer(head, body);
  }

  static std::string field(const OwnResponse& response, std::string_view name) {
    return std::string(response.fields.find(name).value_or("(none)"));
  }

  static void expect_error(const OwnResponse& response, int status, const std::string& code) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(field(response, "Content-Type"), "application/json");
    EXPECT_NE(response.body.find(R"("type":"reprise_error","param":null,"code":")" + code + '"'),
              std::string::npos)
        << response.body;
  }

  std::shared_ptr<const cache::Entry> store(cache::SampleEntry sample) {
    std::shared_ptr<const cache::Entry> entry = std::move(sample).make();
    memory_.store(entry);
    return entry;
  }

  StillClock clock_;
  cache::MemoryTier memory_{1 << 20};
  cache::PurgeRecord purges_{clock_};
  std::atomic<Readiness> readiness_{Readiness::kReady};
  Readings readings_;
  tl::expected<Explanation, Refusal> explanation_;
  Asked asked_;
  std::optional<Admin> admin_;
};

TEST_F(AdminTest, IsHealthyAndReadyOnlyWhileItTakesRequests) {
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  EXPECT_EQ(ask("HEAD", "/healthz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").body, R"({"status":"ready"})");
  readiness_ = Readiness::kStarting;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/readyz").body, R"({"status":"starting"})");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
  readiness_ = Readiness::kDraining;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/readyz").body, R"({"status":"draining"})");
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AdminTest, IsReadyWhateverItsMemcachedIs) {
  readings_.memcached.emplace().servers = {{"cache-1:11211", true, 0}, {"[::1]:11212", false, 9}};
  const std::string servers = R"("memcached":[{"address":"cache-1:11211","state":"up"},)"
                              R"({"address":"[::1]:11212","state":"down"}]})";
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_EQ(ask("GET", "/readyz").body, R"({"status":"ready",)" + servers);
  EXPECT_EQ(ask("GET", "/healthz").body, R"({"status":"ok"})");
  readiness_ = Readiness::kDraining;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/readyz").body, R"({"status":"draining",)" + servers);

  readiness_ = Readiness::kReady;
  for (auto& server : readings_.memcached->servers) server.up = false;
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  EXPECT_EQ(ask("GET", "/healthz").status, 200);
}

TEST_F(AdminTest, ShowsNumbers) {
  readings_.uptime_us = 5'000'000;
  const OwnResponse stats = ask("GET", "/stats?pretty");
  EXPECT_EQ(stats.status, 200);
  EXPECT_EQ(field(stats, "Content-Type"), "application/json");
  EXPECT_EQ(field(stats, "Cache-Control"), "no-store");
  EXPECT_TRUE(stats.body.starts_with(R"({"uptime_s":5,"requests":{)")) << stats.body;
  const OwnResponse metrics = ask("GET", "/metrics");
  EXPECT_EQ(metrics.status, 200);
  EXPECT_EQ(field(metrics, "Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(metrics.body.find("\nreprise_uptime_seconds 5\n"), std::string::npos);
}

TEST_F(AdminTest, UnknownPagesAndMethods) {
  for (const char* path : {"/nothing", "/", "/events", "/healthz/", "/entries", "/entriesX", "*",
                           "", "/explain", "/purge/all", "//healthz"}) {
    expect_error(ask("GET", path), 404, "not_found");
  }
  for (const auto& [method, path, allowed] : std::vector<std::array<const char*, 3>>{
           {"POST", "/healthz", "GET, HEAD"},
           {"get", "/healthz", "GET, HEAD"},
           {"GET,", "/healthz", "GET, HEAD"},
           {"DELETE", "/metrics", "GET, HEAD"},
           {"PUT", "/entries/0", "GET, HEAD, DELETE"},
           {"GET", "/purge", "POST"},
           {"GET", "/explain/v1/models", "POST"},
           {"CONNECT", "example.com:443", "GET, HEAD, POST, DELETE"}}) {
    const OwnResponse response = ask(method, path);
    expect_error(response, 405, "method_not_allowed");
    EXPECT_EQ(field(response, "Allow"), allowed);
    EXPECT_EQ(response.fields.count("Allow"), 1u);
  }
}

TEST_F(AdminTest, ShowsAnEntry) {
  cache::SampleEntry sample("question", clock_.now_us - 10'250'000);
  sample.entry.usage = {.present = true, .prompt = 3, .completion = 4, .total = 7};
  sample.entry.ttl_ms = 60'500;
  sample.entry.model_answered = "gpt\"\xFF";
  sample.body = "0123456789";
  const std::string key = store(std::move(sample))->key.hex();
  EXPECT_EQ(ask("GET", "/entries/" + key).body,
            "{\"key\":\"" + key +
                "\",\"route\":\"chat/completions\",\"form\":\"json\","
                "\"model\":\"gpt\\\"\uFFFD\",\"finish_reason\":\"stop\","
                "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7},"
                "\"stored\":\"2026-03-01T12:34:46Z\",\"duration_ms\":250,\"bytes\":10,\"ttl\":50,"
                "\"tier\":\"memory\"}");
}

TEST_F(AdminTest, ShowsAnEntryThatHasLittleToShow) {
  cache::SampleEntry sample("stream", clock_.now_us - 5'000'000);
  sample.entry.form.stream = true;
  sample.entry.finish_reason.clear();
  sample.entry.ttl_ms = 1'000;
  const std::string key = store(std::move(sample))->key.hex();
  const std::string body = ask("GET", "/entries/" + key).body;
  EXPECT_NE(body.find(R"("form":"sse")"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("finish_reason":null,"usage":null)"), std::string::npos) << body;
  EXPECT_NE(body.find(R"("ttl":-4,)"), std::string::npos) << body;  // -3.75 s, rounded down
}

TEST_F(AdminTest, AnEntryThatIsNotThereIsNotFound) {
  expect_error(ask("GET", "/entries/" + std::string(32, 'a')), 404, "not_found");
  for (const char* key : {"", "abc", "../stats", "00000000000000000000000000000000/"}) {
    expect_error(ask("GET", "/entries/" + std::string(key)), 404, "not_found");
    expect_error(ask("DELETE", "/entries/" + std::string(key)), 404, "not_found");
  }
}

TEST_F(AdminTest, DeletesAnEntryOnRecord) {
  const auto entry = store(cache::SampleEntry("question", clock_.now_us - 1));
  const std::string path = "/entries/" + entry->key.hex();
  const OwnResponse response = ask("DELETE", path);
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(memory_.look_up(entry->key), nullptr);
  EXPECT_TRUE(purges_.gone(*entry));
  expect_error(ask("GET", path), 404, "not_found");
  expect_error(ask("DELETE", path), 404, "not_found");
}

TEST_F(AdminTest, DeletesElsewhereWhatIsNotHere) {
  const auto entry = cache::SampleEntry("elsewhere", clock_.now_us - 1).make();
  expect_error(ask("DELETE", "/entries/" + entry->key.hex()), 404, "not_found");
  EXPECT_TRUE(purges_.gone(*entry));
}

TEST_F(AdminTest, PurgesAll) {
  const auto entry = store(cache::SampleEntry("question", clock_.now_us));
  const OwnResponse response = ask("POST", "/purge", {}, R"({"all":true})");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"purged":{"all":true},"at":"2026-03-01T12:34:56Z"})");
  EXPECT_TRUE(purges_.gone(*entry));
  expect_error(ask("GET", "/entries/" + entry->key.hex()), 404, "not_found");
  expect_error(ask("DELETE", "/entries/" + entry->key.hex()), 404, "not_found");
}

TEST_F(AdminTest, PurgesANamespaceWithinItsOwn) {
  configure({{"127.0.0.1:7071"}, {}, "prod"});
  EXPECT_EQ(ask("POST", "/purge", {}, R"({"namespace":"team"})").body,
            R"({"purged":{"namespace":"team"},"at":"2026-03-01T12:34:56Z"})");
  EXPECT_TRUE(purges_.purged(clock_.now_us, "prod/team", "", ""));
  EXPECT_FALSE(purges_.purged(clock_.now_us, "prod", "", ""));
  EXPECT_FALSE(purges_.purged(clock_.now_us, "team", "", ""));
  EXPECT_EQ(ask("POST", "/purge", {}, R"({"namespace":""})").status, 200);
  EXPECT_TRUE(purges_.purged(clock_.now_us, "prod", "", ""));
  EXPECT_FALSE(purges_.purged(clock_.now_us, "", "", ""));
}

TEST_F(AdminTest, PurgesAModelAskedForOrAnswering) {
  EXPECT_EQ(ask("POST", "/purge", {}, R"({"model":"gpt-4o"})").body,
            R"({"purged":{"model":"gpt-4o"},"at":"2026-03-01T12:34:56Z"})");
  EXPECT_TRUE(purges_.purged(clock_.now_us, "", "gpt-4o", "x"));
  EXPECT_TRUE(purges_.purged(clock_.now_us, "", "x", "gpt-4o"));
  EXPECT_FALSE(purges_.purged(clock_.now_us, "", "x", "y"));
  EXPECT_FALSE(purges_.purged(clock_.now_us + 1, "", "gpt-4o", ""));
}

TEST_F(AdminTest, AMisreadPurgeReachesNothing) {
  for (const char* body : {"", "{}", R"({"all":false})", R"({"all":true,"model":"m"})"}) {
    expect_error(ask("POST", "/purge", {}, body), 400, "bad_request");
  }
  EXPECT_FALSE(purges_.purged(1, "", "m", "m"));
}

TEST_F(AdminTest, ExplainsWithoutForwarding) {
  explanation_ = Explanation{.decision = Decision::kHit,
                             .reason = "fresh",
                             .key = base::Digest128{1, 2},
                             .canonical = "{\"a\":1}",
                             .tier = "memory",
                             .ttl_s = 17,
                             .differs = {}};
  const OwnResponse response =
      ask("POST", "/explain/v1/chat/completions?api-version=1",
          {{"Authorization", "Bearer sk-1"}, {"X-Reprise-Admin-Token", "t"}}, "{\"a\": 1}");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body,
            R"({"decision":"hit","reason":"fresh","key":"00000000000000010000000000000002",)"
            R"("canonical":"{\"a\":1}","tier":"memory","ttl":17,"differs":null})");
  EXPECT_EQ(asked_.head.method, "POST");
  EXPECT_EQ(asked_.head.target, "/v1/chat/completions?api-version=1");
  EXPECT_EQ(asked_.head.fields.find("Authorization"), "Bearer sk-1");
  EXPECT_EQ(asked_.head.fields.count("X-Reprise-Admin-Token"), 0u);
  EXPECT_EQ(asked_.body, "{\"a\": 1}");
  EXPECT_EQ(asked_.other, "");
}

TEST_F(AdminTest, ExplainsTheDifferenceFromAnEntry) {
  const std::string key = store(cache::SampleEntry("question", clock_.now_us))->key.hex();
  explanation_ = Explanation{};
  explanation_->differs = {"model", "seed"};
  for (const auto& [query, left] : std::vector<std::pair<std::string, std::string>>{
           {"?key=" + key, ""},
           {"?a=1&key=" + key, "?a=1"},
           {"?key=" + key + "&a=%26&&b", "?a=%26&&b"},
           {"?key=" + key + "&monkey=1&key=" + key, "?monkey=1"}}) {
    const OwnResponse response = ask("POST", "/explain/v1/embeddings" + query);
    EXPECT_EQ(response.body,
              R"({"decision":"bypass","reason":null,"key":null,"canonical":null,"tier":null,)"
              R"("ttl":null,"differs":["model","seed"]})");
    EXPECT_EQ(asked_.head.target, "/v1/embeddings" + left);
    EXPECT_EQ(asked_.other, "gpt-4o-2024-08-06");
  }
  expect_error(ask("POST", "/explain/v1/embeddings?key=" + std::string(32, '0')), 404, "not_found");
  expect_error(ask("POST", "/explain/v1/embeddings?key=17"), 400, "bad_request");
  expect_error(ask("POST", "/explain/v1/embeddings?key"), 400, "bad_request");
}

TEST_F(AdminTest, WhatCannotBeExplainedIsTheRequestsFault) {
  explanation_ = tl::unexpected(Refusal{openai::ErrorCode::kBadRequest, "Cache-Control: max-age"});
  const OwnResponse response = ask("POST", "/explain/v1/embeddings");
  expect_error(response, 400, "bad_request");
  EXPECT_NE(response.body.find("Cache-Control: max-age"), std::string::npos);
}

TEST_F(AdminTest, WebPagesAreKeptOut) {
  for (const char* origin :
       {"http://evil.example", "null", "", "https://127.0.0.1:7071", "http://127.0.0.1:7072",
        "http://127.0.0.1", "http://127.0.0.1:7071.evil.example", "http://localhost:3000",
        "http://evil.example:7071", "file://", "127.0.0.1:7071"}) {
    for (const char* path : {"/healthz", "/metrics", "/stats"}) {
      expect_error(ask("GET", path, {{"Origin", origin}}), 403, "forbidden");
    }
    expect_error(ask("POST", "/purge", {{"Origin", origin}}, R"({"all":true})"), 403, "forbidden");
  }
  EXPECT_FALSE(purges_.purged(1, "", "", ""));
  for (const char* origin : {"http://127.0.0.1:7071", "http://localhost:7071", "http://[::1]:7071",
                             "http://LOCALHOST:7071"}) {
    EXPECT_EQ(ask("GET", "/stats", {{"Origin", origin}}).status, 200) << origin;
  }
  // Behind a forwarded port the page and what it connects to still agree.
  EXPECT_EQ(
      ask("GET", "/stats", {{"Host", "localhost:9"}, {"Origin", "http://localhost:9"}}).status,
      200);
  expect_error(ask("GET", "/stats",
                   {{"Origin", "http://127.0.0.1:7071"}, {"Origin", "http://evil.example"}}),
               403, "forbidden");
}

TEST_F(AdminTest, ForeignHostsAreKeptOutWithoutAToken) {
  for (const char* host :
       {"evil.example", "evil.example:7071", "127.0.0.1.evil.example", "localhost.evil.example",
        "127.0.0.2", "", "[::2]:7071", "[::1", "0.0.0.0:7071", "user@localhost"}) {
    expect_error(ask("GET", "/healthz", {{"Host", host}}), 403, "forbidden");
    expect_error(ask("GET", "/nothing", {{"Host", host}}), 403, "forbidden");
  }
  for (const char* host : {"127.0.0.1", "127.0.0.1:7071", "localhost", "localhost:7071",
                           "LocalHost", "[::1]", "[::1]:7071"}) {
    EXPECT_EQ(ask("GET", "/stats", {{"Host", host}}).status, 200) << host;
  }
  expect_error(ask("GET", "http://evil.example/stats"), 403, "forbidden");
  EXPECT_EQ(ask("GET", "http://localhost:7071/stats").status, 200);
  http::RequestHead old;
  old.method = "GET";
  old.target = "/healthz";
  old.version = http::Version::kHttp10;
  EXPECT_EQ(admin_->answer(old, {}).status, 200);
}

TEST_F(AdminTest, TheTokenOpensWhatIsNotPublic) {
  configure({{"0.0.0.0:7071"}, "s3cret", {}});
  explanation_ = Explanation{};
  for (const char* path : {"/healthz", "/readyz", "/metrics"}) {
    EXPECT_EQ(ask("GET", path, {{"Host", "pod.example"}}).status, 200) << path;
  }
  for (const char* path : {"/stats", "/nothing", "/events"}) {
    const OwnResponse response = ask("GET", path);
    expect_error(response, 401, "unauthorized");
    EXPECT_TRUE(field(response, "WWW-Authenticate").starts_with("Bearer"));
  }
  expect_error(ask("POST", "/purge", {}, R"({"all":true})"), 401, "unauthorized");
  EXPECT_FALSE(purges_.purged(1, "", "", ""));
  for (const char* wrong : {"Bearer s3cre", "Bearer s3crets", "Bearer ", "Bearer", "Basic s3cret",
                            "s3cret", "", "BearerXs3cret"}) {
    expect_error(ask("GET", "/stats", {{"Authorization", wrong}}), 401, "unauthorized");
  }
  expect_error(ask("GET", "/stats", {{"X-Reprise-Admin-Token", "S3cret"}}), 401, "unauthorized");
  for (const auto& [name, value] : Fields{{"Authorization", "Bearer s3cret"},
                                          {"authorization", "bearer s3cret"},
                                          {"X-Reprise-Admin-Token", "s3cret"}}) {
    EXPECT_EQ(ask("GET", "/stats", {{name, value}, {"Host", "pod.example"}}).status, 200) << value;
  }
}

TEST_F(AdminTest, OnExplainAuthorizationIsTheCallers) {
  configure({{"0.0.0.0:7071"}, "s3cret", {}});
  explanation_ = Explanation{};
  const std::string path = "/explain/v1/chat/completions";
  expect_error(ask("POST", path, {{"Authorization", "Bearer s3cret"}}), 401, "unauthorized");
  EXPECT_EQ(
      ask("POST", path, {{"Authorization", "Bearer sk-1"}, {"X-Reprise-Admin-Token", "s3cret"}})
          .status,
      200);
  EXPECT_EQ(asked_.head.fields.find("Authorization"), "Bearer sk-1");
}

TEST_F(AdminTest, WithATokenTheOriginMustStillBeItsOwn) {
  configure({{"0.0.0.0:7071"}, "s3cret", {}});
  const std::pair<std::string, std::string> token = {"X-Reprise-Admin-Token", "s3cret"};
  expect_error(ask("GET", "/stats", {token, {"Origin", "http://evil.example"}}), 403, "forbidden");
  expect_error(ask("GET", "/metrics", {{"Origin", "https://evil.example"}}), 403, "forbidden");
  for (const char* scheme : {"http://", "https://"}) {
    EXPECT_EQ(ask("GET", "/stats",
                  {token, {"Host", "ops.example"}, {"Origin", scheme + std::string("ops.example")}})
                  .status,
              200);
  }
}

}  // namespace
}  // namespace reprise::proxy
