// Many clients who ask, leave and come back at random, in front of an endpoint that fails at
// random. Whatever is whole is right; whatever is torn looks torn; nothing is left behind.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr int kClients = 8;
constexpr int kAsksEach = kMemoryTells ? 600 : 150;
constexpr int kQuestions = 25;

std::string question(int number, bool stream) {
  return chat_request({.prompt = "chaos-" + std::to_string(number) + "-", .stream = stream});
}

std::string words(int number) { return "answer-to-chaos-" + std::to_string(number) + "-"; }

std::string answer_body(int number, bool stream) {
  const std::string filling(number * 400, 'f');
  if (!stream) return chat_answer(words(number) + filling + "end");
  return chat_stream({words(number), filling, "end"});
}

// What a body of either form says, all of it if it has come to its end.
std::string said(const std::string& body) {
  constexpr std::string_view kContent = R"("content":")";
  std::string text;
  for (size_t at = 0; (at = body.find(kContent, at)) != std::string::npos;) {
    at += kContent.size();
    text += body.substr(at, body.find('"', at) - at);
  }
  return text;
}

int number_in(const std::string& body) {
  const size_t at = body.find("chaos-");
  return at == std::string::npos ? 0 : std::atoi(body.c_str() + at + 6);
}

// Answers, or fails in one of the ways in which endpoints do.
void answer_somehow(UpstreamConnection& connection, std::mt19937& random) {
  const Request request = connection.read_request();
  const bool stream = contains(request.body, "\"stream\"");
  const std::string body = answer_body(number_in(request.body), stream);
  const std::string whole = stream ? stream_response(body) : json_response(body);
  switch (random() % 12) {
    case 0:
      throw ScriptOver();
    case 1:
      connection.send(whole.substr(0, random() % whole.size()));
      throw ScriptOver();
    case 2:
      connection.send(whole.substr(0, random() % whole.size()));
      connection.connection().reset();
      throw ScriptOver();
    case 3:
      connection.send(error_response(500));
      return;
    default:
      const size_t cut = random() % whole.size();
      connection.send_pieces({whole.substr(0, cut), whole.substr(cut)});
  }
}

// An answer that was cut behind [DONE] counts as whole, with or without its last line ends. One
// that was converted says the same in its own words.
bool is_right(const std::string& body, const std::string& expected) {
  if (body == expected) return true;
  const bool ends = is_json(body) || contains(body, kDoneEvent);
  if (ends && is_json(body) == is_json(expected) && said(body) == said(expected)) return true;
  const size_t done = expected.find("data: [DONE]");
  return done != std::string::npos && expected.compare(0, body.size(), body) == 0 &&
         body.size() >= done + std::string_view("data: [DONE]").size();
}

// One ask of one client, who may not stay for the answer.
void ask_somehow(const Proxy& proxy, std::mt19937& random, std::atomic<int>& whole) {
  const int number = static_cast<int>(random() % kQuestions);
  const bool stream = random() % 2 == 0;
  RawClient client = proxy.connect();
  client.send(question(number, stream));
  const int mood = static_cast<int>(random() % 8);
  if (mood == 0) return client.connection().reset();
  if (mood == 1) client.connection().shutdown_write();
  try {
    const Head head = client.read_head();
    if (mood == 2) return;
    const Response response = client.read_rest();
    if (!response.whole || response.status != 200) return;
    ASSERT_TRUE(is_right(response.body, answer_body(number, stream)))
        << head.raw << response.body << "\ninstead of\n"
        << answer_body(number, stream);
    ++whole;
  } catch (const HarnessError& error) {
    // A client that half-closed has left; any other gets a head.
    EXPECT_EQ(mood, 1) << error.what();
  }
}

TEST(Chaos, WhateverIsWholeIsRight) {
  std::atomic<unsigned> seed{1};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    std::mt19937 random(seed++);
    for (;;) answer_somehow(connection, random);
  });
  Proxy proxy(upstream, {"--memory", "1MiB", "--ttl", "50ms", "--max-object", "8KiB"});
  std::atomic<int> whole{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.emplace_back([&, i] {
      std::mt19937 random(1000 + i);
      for (int ask = 0; ask < kAsksEach; ++ask) ask_somehow(proxy, random, whole);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_GT(whole, kClients * kAsksEach / 4);
  eventually("nothing is in flight", [&] { return proxy.metric("reprise_in_flight") == 0; });
  EXPECT_EQ(json_at(proxy.ask_admin(get("/stats"), "GET").body, "/in_flight/recordings"), "0");
  EXPECT_EQ(json_at(proxy.ask_admin(get("/stats"), "GET").body, "/in_flight/bytes"), "0");
  EXPECT_EQ(proxy.stop(), 0);
}

}  // namespace
}  // namespace reprise::e2e
