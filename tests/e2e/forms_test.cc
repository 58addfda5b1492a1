// One entry answers every form: a recorded stream answers who asks for JSON, recorded JSON is
// streamed, and streams come with the options that were asked for. Each is made once.
#include "e2e/support/forms.h"

#include <gtest/gtest.h>

#include <string>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

const std::string kJson = ask_json();
const std::string kStream = ask_stream();
const std::string kUsage = ask_usage();

// Answers as asked: streams with usage if that is wanted.
ScriptedUpstream::Script as_asked() {
  return each_request([](const Request& request) {
    if (!wants_stream(request)) return json_response(chat_answer("one two"));
    return stream_response(two_words(wants_usage(request)));
  });
}

TEST(Forms, ARecordedStreamAnswersWhoAsksForJson) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream);
  expect_cache(proxy.ask(kStream), "MISS");
  for (int i = 0; i < 2; ++i) {
    const Response hit = proxy.ask(kJson);
    expect_cache(hit, "HIT");
    EXPECT_TRUE(contains(hit.cache_status(), "; detail=memory")) << hit.cache_status();
    EXPECT_EQ(hit.get("Content-Type"), "application/json");
    EXPECT_FALSE(hit.has("X-Accel-Buffering"));
    EXPECT_EQ(hit.framing, Framing::kLength);
    EXPECT_EQ(hit.get("X-Reprise-Model"), "gpt-test-2024");
    EXPECT_EQ(hit.body, assembled("one two"));
  }
  const Response same = proxy.ask(kStream);
  expect_cache(same, "HIT");
  EXPECT_EQ(same.body, chat_stream({"one", " two"}));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, RecordedJsonIsStreamed) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream);
  expect_cache(proxy.ask(kJson), "MISS");
  const Response hit = proxy.ask(kStream);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.get("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_EQ(hit.get("Cache-Control"), "no-cache");
  EXPECT_EQ(hit.get("X-Accel-Buffering"), "no");
  EXPECT_TRUE(hit.body.starts_with(R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk")"));
  EXPECT_TRUE(contains(hit.body, R"("content":"one")"));
  EXPECT_TRUE(contains(hit.body, R"("content":" two")"));
  EXPECT_TRUE(hit.body.ends_with(kDoneEvent));
  EXPECT_FALSE(contains(hit.body, "usage"));
  const Response again = proxy.ask(kStream);
  expect_cache(again, "HIT");
  EXPECT_EQ(again.body, hit.body);
  EXPECT_EQ(proxy.ask(kJson).body, chat_answer("one two"));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, UsageComesWithAStreamIfItWasAskedFor) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream);
  proxy.ask(kJson);
  const Response with = proxy.ask(kUsage);
  expect_cache(with, "HIT");
  EXPECT_TRUE(contains(with.body, R"("choices":[],"usage":{"prompt_tokens":5)")) << with.body;
  EXPECT_TRUE(contains(with.body, R"("usage":null)"));
  EXPECT_FALSE(contains(proxy.ask(kStream).body, "usage"));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, ARecordedUsageChunkIsLeftOutForWhoDidNotAskForIt) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream);
  proxy.ask(kUsage);
  const Response without = proxy.ask(kStream);
  expect_cache(without, "HIT");
  EXPECT_EQ(without.body, chat_stream({"one", " two"}));
  EXPECT_TRUE(contains(proxy.ask(kUsage).body, chat_usage()));
  const Response json = proxy.ask(kJson);
  expect_cache(json, "HIT");
  EXPECT_EQ(json_at(json.body, "/usage/total_tokens"), "12");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, UsageThatWasNeverRecordedIsAMissAndReplacesTheEntry) {
  ScriptedUpstream upstream(as_asked());
  Proxy proxy(upstream);
  proxy.ask(kStream);
  const Response json = proxy.ask(kJson);
  EXPECT_EQ(json_at(json.body, "/usage"), "(none)");
  const Response miss = proxy.ask(kUsage);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.cache_status(), "reprise; fwd=uri-miss; stored; detail=form_usage");
  EXPECT_TRUE(contains(miss.body, chat_usage()));
  for (const std::string& request : {kStream, kUsage, kJson}) {
    expect_cache(proxy.ask(request), "HIT");
  }
  EXPECT_EQ(json_at(proxy.ask(kJson).body, "/usage/total_tokens"), "12");
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Forms, ObfuscationIsLeftOutForWhoDoesNotWantIt) {
  const std::string padded =
      R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"x"}}],"obfuscation":"Ab3"})"
      "\n\n" +
      chat_finish() + std::string(kDoneEvent);
  ScriptedUpstream upstream(always(stream_response(padded)));
  Proxy proxy(upstream);
  expect_cache(proxy.ask(kStream), "MISS");
  const Response bare = proxy.ask(ask_bare());
  expect_cache(bare, "HIT");
  EXPECT_FALSE(contains(bare.body, "obfuscation"));
  EXPECT_TRUE(contains(bare.body, R"("delta":{"content":"x"}}]})"));
  EXPECT_EQ(proxy.ask(kStream).body, padded);
  EXPECT_FALSE(contains(proxy.ask(kJson).body, "obfuscation"));
  EXPECT_EQ(upstream.requests(), 1U);
}

ScriptedUpstream::Script ambiguous() {
  return each_request([](const Request& request) {
    return wants_stream(request) ? stream_response(two_ids()) : json_response(chat_answer("plain"));
  });
}

TEST(Forms, WhatSdksDisagreeOnIsAMissThatSaysWhy) {
  ScriptedUpstream upstream(ambiguous());
  Proxy proxy(upstream);
  proxy.ask(kStream);
  const Response replay = proxy.ask(kStream);
  expect_cache(replay, "HIT");
  EXPECT_EQ(replay.body, two_ids());
  const Response miss = proxy.ask(kJson);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.cache_status(), "reprise; fwd=uri-miss; stored; detail=form_tool");
  EXPECT_EQ(miss.body, chat_answer("plain"));
  expect_cache(proxy.ask(kJson), "HIT");
  expect_cache(proxy.ask(kStream), "HIT");
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Forms, ExplainSaysWhy) {
  ScriptedUpstream upstream(ambiguous());
  Proxy proxy(upstream);
  const std::string auth = "Authorization: Bearer sk-alice\r\n";
  const std::string explained_json = post("/explain/v1/chat/completions", chat_body({}), auth);
  const std::string explained_stream =
      post("/explain/v1/chat/completions", chat_body({.stream = true}), auth);
  proxy.ask(kStream);
  const Response refused = proxy.ask_admin(explained_json);
  EXPECT_EQ(json_at(refused.body, "/decision"), "miss") << refused.body;
  EXPECT_EQ(json_at(refused.body, "/reason"), "form_tool") << refused.body;
  EXPECT_EQ(json_at(proxy.ask_admin(explained_stream).body, "/decision"), "hit");
  proxy.ask(kJson);
  for (const std::string& request : {explained_json, explained_stream}) {
    EXPECT_EQ(json_at(proxy.ask_admin(request).body, "/decision"), "hit");
  }
}

TEST(Forms, OnlyIfCachedIsRefusedForWantOfAForm) {
  ScriptedUpstream upstream(ambiguous());
  Proxy proxy(upstream);
  proxy.ask(kStream);
  expect_error(proxy.ask(ask_json("Cache-Control: only-if-cached\r\n")), 504, "not_cached");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, AnEndpointThatAnswersAStreamByJsonGivesBoth) {
  ScriptedUpstream upstream(always(json_response(chat_answer("one two"))));
  Proxy proxy(upstream);
  const Response miss = proxy.ask(kStream);
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.body, chat_answer("one two"));
  const Response streamed = proxy.ask(kStream);
  expect_cache(streamed, "HIT");
  EXPECT_TRUE(streamed.body.ends_with(kDoneEvent));
  EXPECT_EQ(proxy.ask(kJson).body, chat_answer("one two"));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, AnEndpointThatAnswersJsonByAStreamGivesBoth) {
  ScriptedUpstream upstream(always(stream_response(chat_stream({"one", " two"}))));
  Proxy proxy(upstream);
  expect_cache(proxy.ask(kJson), "MISS");
  const Response json = proxy.ask(kJson);
  expect_cache(json, "HIT");
  EXPECT_EQ(json.body, assembled("one two"));
  EXPECT_EQ(proxy.ask(kStream).body, chat_stream({"one", " two"}));
  EXPECT_EQ(upstream.requests(), 1U);
}

// What cannot be streamed at all is given as the endpoint gave it to one who asked the same.
TEST(Forms, WhatNoStreamCanSayIsGivenAsItWas) {
  const std::string odd =
      R"({"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop",)"
      R"("message":{"role":"assistant","content":[{"type":"text","text":"x"}]}}]})";
  ScriptedUpstream upstream(always(json_response(odd)));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  const Response hit = proxy.ask(kStream);
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, odd);
  EXPECT_EQ(hit.get("Content-Type"), "application/json");
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Forms, ANewerRecordingTakesItsConversionsAlong) {
  std::atomic<int> count{0};
  ScriptedUpstream upstream(each_request([&](const Request&) {
    return stream_response(chat_stream({"answer " + std::to_string(++count)}));
  }));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  EXPECT_TRUE(contains(proxy.ask(kJson).body, "answer 1"));
  proxy.ask(chat_request({.stream = true, .headers = "Cache-Control: no-cache\r\n"}));
  const Response newer = proxy.ask(kJson);
  expect_cache(newer, "HIT");
  EXPECT_TRUE(contains(newer.body, "answer 2"));
}

// Larger than a loop converts by itself.
TEST(Forms, LargeAnswersAreConvertedToo) {
  std::vector<std::string> words;
  for (int i = 0; i < 20'000; ++i) words.push_back(" word" + std::to_string(i));
  std::string text;
  for (const std::string& word : words) text += word;
  ScriptedUpstream upstream(always(stream_response(chat_stream(words))));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  for (int i = 0; i < 2; ++i) {
    const Response hit = proxy.ask(kJson);
    expect_cache(hit, "HIT");
    EXPECT_EQ(json_at(hit.body, "/choices/0/message/content"), text);
  }
  EXPECT_EQ(upstream.requests(), 1U);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(Forms, AClientMayLeaveWhileItsAnswerIsConverted) {
  std::vector<std::string> words(30'000, " word");
  ScriptedUpstream upstream(always(stream_response(chat_stream(words))));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  for (int i = 0; i < 20; ++i) {
    RawClient client = proxy.connect();
    client.send(kJson);
    client.connection().reset();
  }
  expect_cache(proxy.ask(kJson), "HIT");
  eventually("nothing is in flight", [&] { return proxy.metric("reprise_in_flight") == 0; });
  EXPECT_EQ(proxy.stop(), 0);
}

}  // namespace
}  // namespace reprise::e2e
