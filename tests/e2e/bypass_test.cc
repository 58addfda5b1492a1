// Requests with side effects, or whose body servers read differently, are neither looked up nor
// stored, and say why.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

struct Case {
  std::string name;
  std::string detail;
  std::string body;
  std::string path = "/v1/chat/completions";
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

std::string chat(const std::string& members) { return chat_body({.members = "," + members}); }

std::string response(const std::string& members) {
  return R"({"model":"m","input":"hi",)" + members + "}";
}

class Bypassed : public testing::TestWithParam<Case> {};

TEST_P(Bypassed, PassesByteForByteAndIsNeverStored) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  for (size_t i = 0; i < 2; ++i) {
    const Response answer = proxy.ask(post(GetParam().path, GetParam().body));
    EXPECT_EQ(answer.status, 200);
    expect_cache(answer, "BYPASS");
    EXPECT_EQ(answer.cache_status(), "reprise; fwd=bypass; detail=" + GetParam().detail);
    for (const char* name : {"Age", "X-Reprise-Stored", "X-Reprise-Model"}) {
      EXPECT_FALSE(answer.has(name)) << name;
    }
    EXPECT_EQ(upstream.request(i).body, GetParam().body);
  }
  proxy.wait_for_metric("reprise_bypass_total{reason=\"" + GetParam().detail + "\"}", 2);
}

std::string deep(int levels) {
  return R"({"model":"m","messages":[],"deep":)" + std::string(levels - 1, '[') +
         std::string(levels - 1, ']') + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Stateful, Bypassed,
    testing::Values(
        Case{"ChatStore", "stateful", chat(R"("store":true)")},
        Case{"ChatWebSearch", "stateful", chat(R"("web_search_options":{})")},
        Case{"ChatAudio", "stateful", chat(R"("modalities":["text","audio"])")},
        Case{"ResponsesStore", "stateful", response(R"("store":true)"), "/v1/responses"},
        Case{"ResponsesBackground", "stateful", response(R"("background":true)"), "/v1/responses"},
        Case{"ResponsesPrevious", "stateful", response(R"("previous_response_id":"r")"),
             "/v1/responses"},
        Case{"ResponsesConversation", "stateful", response(R"("conversation":"c")"),
             "/v1/responses"},
        Case{"ResponsesTools", "stateful", response(R"("tools":[{"type":"web_search"}])"),
             "/v1/responses"},
        Case{"MessagesContainer", "stateful", chat(R"("container":"c")"), "/v1/messages"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Ambiguous, Bypassed,
    testing::Values(Case{"NotJson", "not_json", "{hello}"}, Case{"Text", "not_object", "hello"},
                    Case{"Empty", "not_json", ""}, Case{"Array", "not_object", "[1]"},
                    Case{"Bom", "not_object", "\xef\xbb\xbf{}"},
                    Case{"TrailingBytes", "trailing_bytes", chat(R"("a":1)") + "x"},
                    Case{"Duplicate", "duplicate_member", R"({"n":1,"n":1})"},
                    Case{"DuplicateByEscape", "duplicate_member", R"({"n":1,"\u006e":1})"},
                    Case{"InvalidUtf8", "invalid_utf8", "{\"a\":\"\xff\"}"},
                    Case{"LoneSurrogate", "lone_surrogate", R"({"a":"\ud800"})"},
                    Case{"TooDeep", "depth", deep(129)},
                    Case{"NameCase", "name_case", chat(R"("Stream":true)")},
                    Case{"NameFolding", "name_case", chat("\"\xc5\xbftream\":true")},
                    Case{"StreamAsText", "stream_not_boolean", chat(R"("stream":"true")")},
                    Case{"StreamAsNumber", "stream_not_boolean", chat(R"("stream":1)")},
                    Case{"StreamOptions", "stream_options",
                         chat(R"("stream_options":{"include_usage":1})")}),
    name_of);

TEST(Bypass, OtherContentTypesAreNotKeyed) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const std::string body = chat_body({});
  const auto asked = [&](const std::string& headers) {
    return proxy.ask("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n" + headers +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  };
  for (const char* headers :
       {"Content-Type: text/plain\r\n", "", "Content-Type: application/json; charset=latin1\r\n"}) {
    const Response answer = asked(headers);
    expect_cache(answer, "BYPASS");
    EXPECT_TRUE(contains(answer.cache_status(), "detail=content_type")) << answer.cache_status();
  }
  for (const char* headers : {"Content-Type: application/json; charset=UTF-8\r\n",
                              "content-type: APPLICATION/json\r\n"}) {
    EXPECT_NE(asked(headers).x_cache(), "BYPASS") << headers;
  }
}

TEST(Bypass, ACodedBodyIsPassedOnAsItIs) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const Response answer =
      proxy.ask(post("/v1/chat/completions", "\x28\xb5\x2f\xfd", "Content-Encoding: zstd\r\n"));
  expect_cache(answer, "BYPASS");
  EXPECT_EQ(upstream.request(0).body, "\x28\xb5\x2f\xfd");
  EXPECT_EQ(upstream.request(0).get("Content-Encoding"), "zstd");
}

TEST(Bypass, DepthWithinTheLimitIsKeyed) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const std::string request = post("/v1/chat/completions", deep(128));
  expect_cache(proxy.ask(request), "MISS");
  expect_cache(proxy.ask(request), "HIT");
}

TEST(Bypass, TheCallersOwnKeyDoesNotLiftTheRules) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  expect_cache(proxy.ask(chat_request(
                   {.members = R"(,"store":true)", .headers = "X-Reprise-Key: mine\r\n"})),
               "BYPASS");
}

TEST(Bypass, ModeOffBypassesEverything) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, {"--mode", "off"});
  for (int i = 0; i < 2; ++i) {
    const Response answer = proxy.ask(chat_request());
    EXPECT_EQ(answer.status, 200);
    EXPECT_NE(answer.x_cache(), "HIT");
    EXPECT_NE(answer.x_cache(), "MISS");
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Bypass, StreamsArriveWhole) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"a", "b"}))));
  Proxy proxy(upstream);
  const Response answer = proxy.ask(chat_request({.stream = true, .members = R"(,"store":true)"}));
  expect_cache(answer, "BYPASS");
  EXPECT_EQ(answer.body, chat_stream({"a", "b"}));
  EXPECT_TRUE(answer.whole);
}

}  // namespace
}  // namespace reprise::e2e
