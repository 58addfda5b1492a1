// Which requests are the same question.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

struct Pair {
  std::string name;
  std::string first;
  std::string second;
};

void PrintTo(const Pair& pair, std::ostream* out) { *out << pair.name; }
std::string name_of(const testing::TestParamInfo<Pair>& info) { return info.param.name; }

std::string second_cache(const Pair& pair, const Proxy::Args& options) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, options);
  expect_cache(proxy.ask(pair.first), "MISS");
  return proxy.ask(pair.second).x_cache();
}

std::string with(const std::string& headers) { return chat_request({.headers = headers}); }

std::string body(const std::string& text) { return post("/v1/chat/completions", text); }

const std::string kMessages = R"("messages":[{"role":"user","content":"hi"}])";
const std::string kPlain = body(R"({"model":"m",)" + kMessages + "}");

class SameQuestion : public testing::TestWithParam<Pair> {};
TEST_P(SameQuestion, IsAHit) { EXPECT_EQ(second_cache(GetParam(), {}), "HIT"); }

INSTANTIATE_TEST_SUITE_P(
    Keys, SameQuestion,
    testing::Values(
        Pair{"MembersReordered", kPlain, body("{" + kMessages + R"(,"model":"m"})")},
        Pair{"WhiteSpace", kPlain, body("\n{ \"model\" :\t\"m\", " + kMessages + "}\r\n ")},
        Pair{"Escapes", kPlain, body(R"({"mod\u0065l":"\u006d",)" + kMessages + "}")},
        Pair{"User", kPlain, body(R"({"user":"u1","model":"m",)" + kMessages + "}")},
        Pair{"Metadata", kPlain, body(R"({"metadata":{"a":"b"},"model":"m",)" + kMessages + "}")},
        Pair{"StreamFalse", kPlain, body(R"({"stream":false,"model":"m",)" + kMessages + "}")},
        Pair{"StreamNull", kPlain, body(R"({"stream":null,"model":"m",)" + kMessages + "}")},
        Pair{"UserAgent", chat_request(),
             with("User-Agent: other\r\nX-Stainless-Retry-Count: 1\r\n")},
        Pair{"RequestIds", with("X-Request-Id: 1\r\nIdempotency-Key: a\r\n"),
             with("X-Request-Id: 2\r\nIdempotency-Key: b\r\n")},
        Pair{"AcceptEncoding", with("Accept-Encoding: identity\r\n"),
             with("Accept-Encoding: gzip, br\r\nAccept: */*\r\n")},
        Pair{"Host", chat_request(),
             [] {
               std::string request = chat_request();
               return request.replace(request.find("localhost"), 9, "other.test");
             }()},
        Pair{"OwnKeyForOtherBodies", with("X-Reprise-Key: mine\r\n"),
             chat_request({.prompt = "another", .headers = "X-Reprise-Key: mine\r\n"})}),
    name_of);

class OtherQuestion : public testing::TestWithParam<Pair> {};
TEST_P(OtherQuestion, IsAMiss) { EXPECT_EQ(second_cache(GetParam(), {}), "MISS"); }

INSTANTIATE_TEST_SUITE_P(
    Keys, OtherQuestion,
    testing::Values(
        Pair{"Credentials", chat_request(), chat_request({.key = "sk-bob"})},
        Pair{"NoCredentials", chat_request(), kPlain},
        Pair{"ApiKey", with("api-key: 1\r\n"), with("api-key: 2\r\n")},
        Pair{"XApiKey", with("x-api-key: 1\r\n"), with("x-api-key: 2\r\n")},
        Pair{"Cookie", with("Cookie: a=1\r\n"), with("Cookie: a=2\r\n")},
        Pair{"Organization", with("OpenAI-Organization: a\r\n"),
             with("OpenAI-Organization: b\r\n")},
        Pair{"Origin", with("Origin: https://a.test\r\n"), with("Origin: https://b.test\r\n")},
        Pair{"Beta", with("OpenAI-Beta: a\r\n"), with("OpenAI-Beta: b\r\n")},
        Pair{"AnthropicVersion", with("anthropic-version: 1\r\n"),
             with("anthropic-version: 2\r\n")},
        Pair{"Namespace", chat_request(), with("X-Reprise-Namespace: n\r\n")},
        Pair{"OwnKey", chat_request(), with("X-Reprise-Key: mine\r\n")},
        Pair{"OwnKeyOfAnotherCaller", with("X-Reprise-Key: mine\r\n"),
             chat_request({.headers = "X-Reprise-Key: mine\r\n", .key = "sk-bob"})},
        Pair{"OwnKeyInANamespace", with("X-Reprise-Key: mine\r\n"),
             with("X-Reprise-Key: mine\r\nX-Reprise-Namespace: n\r\n")},
        Pair{"OwnKeyOnAnotherQuery", with("X-Reprise-Key: mine\r\n"),
             chat_request({.headers = "X-Reprise-Key: mine\r\n",
                           .path = "/v1/chat/completions?a=1"})},
        Pair{"Query", chat_request(), chat_request({.path = "/v1/chat/completions?a=1"})},
        Pair{"AzureApiVersion",
             chat_request({.path = "/openai/deployments/d/chat/completions?api-version=1"}),
             chat_request({.path = "/openai/deployments/d/chat/completions?api-version=2"})},
        Pair{"AzureDeployment",
             chat_request({.path = "/openai/deployments/d/chat/completions?api-version=1"}),
             chat_request({.path = "/openai/deployments/e/chat/completions?api-version=1"})},
        Pair{"UnknownMember", kPlain, body(R"({"top_k":1,"model":"m",)" + kMessages + "}")},
        Pair{"NullMember", kPlain, body(R"({"seed":null,"model":"m",)" + kMessages + "}")},
        Pair{"NumberLexeme", body(R"({"temperature":0,)" + kMessages + "}"),
             body(R"({"temperature":0.0,)" + kMessages + "}")},
        Pair{"NestedOrder", body(R"({"tools":[{"a":1,"b":2}],)" + kMessages + "}"),
             body(R"({"tools":[{"b":2,"a":1}],)" + kMessages + "}")}),
    name_of);

TEST(Keys, AzureIsCached) {
  const std::string request =
      chat_request({.path = "/openai/deployments/d/chat/completions?api-version=2024-06-01"});
  EXPECT_EQ(second_cache({"", request, request}, {}), "HIT");
}

TEST(Keys, EmbeddingsAreCached) {
  const std::string answer = R"({"object":"list","data":[{"index":0,"embedding":"AAAA"}]})";
  ScriptedUpstream upstream(always(json_response(answer)));
  Proxy proxy(upstream);
  const std::string request = post("/v1/embeddings", R"({"model":"e","input":"x"})");
  expect_cache(proxy.ask(request), "MISS");
  const Response hit = proxy.ask(request);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, answer);
}

TEST(Keys, ScopeGlobalSharesAcrossCallers) {
  EXPECT_EQ(
      second_cache({"", chat_request(), chat_request({.key = "sk-bob"})}, {"--scope", "global"}),
      "HIT");
}

TEST(Keys, ScopeGlobalStillTellsQuestionsApart) {
  EXPECT_EQ(
      second_cache({"", chat_request(), chat_request({.prompt = "other"})}, {"--scope", "global"}),
      "MISS");
}

TEST(Keys, IgnoredMembersAreLeftOut) {
  const Pair pair{"", body(R"({"trace":1,"model":"m",)" + kMessages + "}"),
                  body(R"({"trace":2,"model":"m",)" + kMessages + "}")};
  EXPECT_EQ(second_cache(pair, {}), "MISS");
  EXPECT_EQ(second_cache(pair, {"--ignore", "trace"}), "HIT");
}

TEST(Keys, TheAnswersHeaderNamesTheQuestion) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const std::string key = proxy.ask(chat_request()).get("X-Reprise-Key");
  EXPECT_EQ(proxy.ask(chat_request()).get("X-Reprise-Key"), key);
  EXPECT_NE(proxy.ask(chat_request({.prompt = "other"})).get("X-Reprise-Key"), key);
  EXPECT_NE(proxy.ask(chat_request({.key = "sk-bob"})).get("X-Reprise-Key"), key);
}

TEST(Keys, AnOriginIsAnsweredWithItsOwnCorsHeaders) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    return json_response(chat_answer("x"),
                         "Access-Control-Allow-Origin: " + request.get("Origin") + "\r\n");
  }));
  Proxy proxy(upstream);
  for (const char* cache : {"MISS", "HIT"}) {
    for (const char* origin : {"https://a.test", "https://b.test"}) {
      const Response response = proxy.ask(with("Origin: " + std::string(origin) + "\r\n"));
      expect_cache(response, cache);
      EXPECT_EQ(response.get("Access-Control-Allow-Origin"), origin);
    }
  }
}

}  // namespace
}  // namespace reprise::e2e
