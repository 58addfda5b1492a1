// Memory is bounded, whatever is asked, and what is remembered is what was asked for.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

TEST(Memory, StaysWithinItsSizeAndForgetsTheOldest) {
  ScriptedUpstream upstream(always(json_response(chat_answer(std::string(20'000, 'm')))));
  Proxy proxy(upstream, {"--memory", "2MiB"});
  RawClient client = proxy.connect();
  for (int i = 0; i < 400; ++i) {
    client.send(chat_request({.prompt = "question " + std::to_string(i)}));
    ASSERT_EQ(client.read_response().x_cache(), "MISS");
  }
  EXPECT_LE(proxy.metric("reprise_memory_bytes"), 2 << 20);
  EXPECT_GT(proxy.metric("reprise_evictions_total"), 100);
  EXPECT_LT(proxy.metric("reprise_memory_entries"), 110);
  EXPECT_GT(proxy.metric("reprise_memory_entries"), 10);
}

TEST(Memory, OneOffQuestionsDoNotWashOutAPopularOne) {
  ScriptedUpstream upstream(always(json_response(chat_answer(std::string(20'000, 'm')))));
  Proxy proxy(upstream, {"--memory", "4MiB"});
  const std::string popular = chat_request({.prompt = "popular"});
  RawClient client = proxy.connect();
  const auto ask = [&](const std::string& request) {
    client.send(request);
    return client.read_response().x_cache();
  };
  for (int i = 0; i < 5; ++i) ask(popular);
  int hits = 0;
  for (int i = 0; i < 600; ++i) {
    ask(chat_request({.prompt = "one-off " + std::to_string(i)}));
    if (i % 20 == 0) hits += ask(popular) == "HIT" ? 1 : 0;
  }
  EXPECT_GE(hits, 28) << "of 30";
}

TEST(Memory, BeyondTheBudgetOfRecordingsAnswersPassUnrecorded) {
  Latch rest;
  const std::string begun = chat_event(std::string(200'000, 'm'));
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    const Request request = connection.read_request();
    if (!contains(request.body, "large")) {
      for (;;) {
        connection.send(stream_response(chat_stream({"small"})));
        connection.read_request();
      }
    }
    connection.send(stream_head() + chunk(begun));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
  });
  Proxy proxy(upstream, {"--max-recording", "100KiB"});
  RawClient large = proxy.connect();
  large.send(chat_request({.prompt = "large", .stream = true}));
  large.read_head();
  large.read_until(begun);
  const std::string small = chat_request({.prompt = "small", .stream = true});
  for (int i = 0; i < 2; ++i) {
    const Response passed = proxy.ask(small);
    expect_cache(passed, "MISS");
    EXPECT_EQ(passed.body, chat_stream({"small"}));
  }
  rest.release();
  EXPECT_TRUE(large.read_rest().whole);
  eventually("there is room again", [&] { return proxy.ask(small).x_cache() == "HIT"; });
}

TEST(Memory, AModelsNameCannotBreakAHead) {
  std::string answer = chat_answer("x");
  const std::string name = "gpt-test-2024";
  answer.replace(answer.find(name), name.size(), R"(a\r\nX-Evil: 1\u00e9 b)");
  ScriptedUpstream upstream(always(json_response(answer)));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_FALSE(hit.has("X-Evil"));
  EXPECT_EQ(hit.get("X-Reprise-Model").substr(0, 12), "a??X-Evil:?1");
}

TEST(Memory, AnEndlessModelNameIsCut) {
  std::string answer = chat_answer("x");
  const std::string name = "gpt-test-2024";
  answer.replace(answer.find(name), name.size(), std::string(5000, 'm'));
  ScriptedUpstream upstream(always(json_response(answer)));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  EXPECT_EQ(proxy.ask(chat_request()).get("X-Reprise-Model"), std::string(128, 'm'));
}

TEST(Memory, ManyModelsAreFewSeries) {
  std::atomic<int> count{0};
  ScriptedUpstream upstream(each_request([&](const Request&) {
    std::string answer = chat_answer("x");
    const std::string name = "gpt-test-2024";
    answer.replace(answer.find(name), name.size(), "model-" + std::to_string(count++));
    return json_response(answer);
  }));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  for (int i = 0; i < 500; ++i) {
    client.send(chat_request({.prompt = std::to_string(i / 2)}));
    client.read_response();
  }
  const std::string metrics = proxy.ask_admin(get("/metrics"), "GET").body;
  size_t series = 0;
  for (size_t at = 0; (at = metrics.find("reprise_saved_tokens_total{", at)) != std::string::npos;
       ++at) {
    ++series;
  }
  EXPECT_LE(series, 201U);
  EXPECT_TRUE(contains(metrics, "model=\"other\""));
}

}  // namespace
}  // namespace reprise::e2e
