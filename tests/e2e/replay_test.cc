// A repeated question is answered from the recording, and cannot be told from the original.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

TEST(Replay, GivesARecordedStreamAgainByteForByte) {
  const std::string body =
      ": hello\n\n" + chat_event("a") + "event: x\r\ndata:\r\n\r\n" + chat_stream({"b", "c"});
  ScriptedUpstream upstream(always(stream_response(body)));
  Proxy proxy(upstream);
  const Response first = proxy.ask(chat_request({.stream = true}));
  const Response second = proxy.ask(chat_request({.stream = true}));
  expect_cache(first, "MISS");
  expect_cache(second, "HIT");
  EXPECT_EQ(first.body, body);
  EXPECT_EQ(second.body, body);
  EXPECT_TRUE(second.whole);
  EXPECT_EQ(upstream.requests(), 1U);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(Replay, GivesARecordedJsonAnswerAgainByteForByte) {
  const std::string body = "\n\n " + chat_answer("caf\xc3\xa9") + "\n";
  ScriptedUpstream upstream(always(json_response(body)));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request()).body, body);
  const Response second = proxy.ask(chat_request());
  expect_cache(second, "HIT");
  EXPECT_EQ(second.body, body);
  EXPECT_EQ(second.get("Content-Length"), std::to_string(body.size()));
  EXPECT_FALSE(second.has("Transfer-Encoding"));
}

TEST(Replay, LabelsAMissAndAHit) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const Response miss = proxy.ask(chat_request());
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.cache_status(), "reprise; fwd=uri-miss; stored");
  EXPECT_TRUE(matches(miss.get("X-Reprise-Key"), "[0-9a-f]{32}"));
  for (const char* name : {"Age", "X-Reprise-Model", "X-Reprise-Stored"}) {
    EXPECT_FALSE(miss.has(name)) << name;
  }
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_TRUE(contains(hit.cache_status(), "reprise; hit; ttl=")) << hit.cache_status();
  EXPECT_TRUE(contains(hit.cache_status(), "detail=memory"));
  EXPECT_LE(ttl_of(hit), 24 * 3600);
  EXPECT_GE(ttl_of(hit), 24 * 3600 - 60);
  EXPECT_TRUE(matches(hit.get("Age"), "[0-9]{1,2}"));
  EXPECT_EQ(hit.get("X-Reprise-Key"), miss.get("X-Reprise-Key"));
  EXPECT_EQ(hit.get("X-Reprise-Model"), "gpt-test-2024");
  EXPECT_TRUE(matches(hit.get("X-Reprise-Stored"),
                      "[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}([.][0-9]+)?Z"))
      << hit.get("X-Reprise-Stored");
}

TEST(Replay, KeepsTheHeadersOfTheAnswerAndDropsThoseOfTheExchange) {
  const std::vector<std::string> kept = {"openai-version", "openai-model",
                                         "Access-Control-Allow-Origin",
                                         "access-control-expose-headers"};
  const std::vector<std::string> dropped = {"Set-Cookie",
                                            "Via",
                                            "x-request-id",
                                            "openai-organization",
                                            "openai-project",
                                            "openai-processing-ms",
                                            "x-ratelimit-remaining-requests",
                                            "retry-after",
                                            "x-should-retry",
                                            "cf-ray",
                                            "alt-svc",
                                            "strict-transport-security",
                                            "x-ms-region",
                                            "apim-request-id",
                                            "x-unheard-of",
                                            "Server",
                                            "Cache-Control"};
  std::string headers;
  for (const std::string& name : kept) headers += name + ": kept-value\r\n";
  for (const std::string& name : dropped) headers += name + ": dropped-value\r\n";
  ScriptedUpstream upstream(always(json_response(chat_answer("x"), headers)));
  Proxy proxy(upstream);
  const Response miss = proxy.ask(chat_request());
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  for (const std::string& name : kept) {
    EXPECT_EQ(miss.get(name), "kept-value") << name;
    EXPECT_EQ(hit.get(name), "kept-value") << name;
    EXPECT_TRUE(contains(hit.raw_head, name + ": ")) << "the name's case is lost: " << name;
  }
  for (const std::string& name : dropped) EXPECT_EQ(miss.get(name), "dropped-value") << name;
  EXPECT_FALSE(contains(hit.raw_head, "dropped-value")) << hit.raw_head;
  EXPECT_EQ(hit.get("Content-Type"), "application/json");
}

TEST(Replay, GivesEachHitARequestIdOfItsOwn) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"), "x-request-id: original\r\n")));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request()).get("x-request-id"), "original");
  const std::string first = proxy.ask(chat_request()).get("x-request-id");
  const std::string second = proxy.ask(chat_request()).get("x-request-id");
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
  EXPECT_NE(first, "original");
}

TEST(Replay, MarksStreamsAsNotToBeBuffered) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))));
  Proxy proxy(upstream);
  proxy.ask(chat_request({.stream = true}));
  const Response hit = proxy.ask(chat_request({.stream = true}));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("Cache-Control"), "no-cache");
  EXPECT_EQ(hit.get("X-Accel-Buffering"), "no");
  EXPECT_EQ(hit.get("Content-Type"), "text/event-stream; charset=utf-8");
}

TEST(Replay, IgnoresWhatTheEndpointSaysAboutCaching) {
  ScriptedUpstream upstream(always(json_response(
      chat_answer("x"),
      "Cache-Control: no-store, private\r\nPragma: no-cache\r\nExpires: 0\r\nVary: *\r\n"
      "Set-Cookie: a=b\r\n")));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_FALSE(hit.has("Set-Cookie"));
}

TEST(Replay, SurvivesTheEndpoint) {
  Latch answered;
  auto upstream = std::make_unique<ScriptedUpstream>(always(json_response(chat_answer("x"))));
  Proxy proxy(*upstream);
  proxy.ask(chat_request());
  upstream.reset();
  expect_cache(proxy.ask(chat_request()), "HIT");
}

TEST(Replay, AnswersManyHitsOnOneConnection) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x", "y"}))));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  for (int i = 0; i < 50; ++i) {
    client.send(chat_request({.stream = true}));
    const Response response = client.read_response();
    ASSERT_EQ(response.x_cache(), i == 0 ? "MISS" : "HIT");
    ASSERT_EQ(response.body, chat_stream({"x", "y"}));
  }
}

TEST(Replay, GivesALargeAnswerWhole) {
  const std::string body = chat_answer(std::string(4 * 1024 * 1024, 'w'));
  ScriptedUpstream upstream(always(json_response(body)));
  Proxy proxy(upstream);
  EXPECT_TRUE(proxy.ask(chat_request()).body == body);
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_TRUE(hit.body == body);
}

TEST(Replay, AnswersHttp10WithoutChunks) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))));
  Proxy proxy(upstream);
  proxy.ask(chat_request({.stream = true}));
  std::string request = chat_request({.stream = true});
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  const Response hit = proxy.ask(request);
  expect_cache(hit, "HIT");
  EXPECT_NE(hit.framing, Framing::kChunked);
  EXPECT_EQ(hit.body, chat_stream({"x"}));
  EXPECT_TRUE(hit.whole);
}

TEST(Replay, IsAHitForWhoeverAsksRightBehindTheLastByte) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"x"}))));
  Proxy proxy(upstream, {"--workers", "4"});
  for (int i = 0; i < 100; ++i) {
    const std::string request = chat_request({.prompt = unique_prompt(), .stream = true});
    ASSERT_EQ(proxy.ask(request).x_cache(), "MISS");
    ASSERT_EQ(proxy.ask(request).x_cache(), "HIT");
  }
}

TEST(Replay, KeepsReasoningUsageAndToolCalls) {
  const std::string events =
      R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)"
      R"({"index":0,"delta":{"role":"assistant","reasoning_content":"think"},"finish_reason":null}]})"
      "\n\n"
      R"(data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[)"
      R"({"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":)"
      R"({"name":"f","arguments":"{}"}}]},"finish_reason":null}]})"
      "\n\n" +
      chat_finish("tool_calls") + chat_usage() + std::string(kDoneEvent);
  const Ask ask{.stream = true, .members = R"(,"stream_options":{"include_usage":true})"};
  ScriptedUpstream upstream(always(stream_response(events)));
  Proxy proxy(upstream);
  proxy.ask(chat_request(ask));
  const Response hit = proxy.ask(chat_request(ask));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, events);
}

}  // namespace
}  // namespace reprise::e2e
