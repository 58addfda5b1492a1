// One upstream request whatever the forms of those who ask at once: what can be rebuilt is passed
// on as it comes, what can only be converted whole is waited for.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/forms.h"
#include "e2e/support/proxy.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

RawClient ask(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  return client;
}

// Asks, and waits until the answer begins.
RawClient lead(const Proxy& proxy, const std::string& request, const std::string& x_cache = "MISS",
               const std::string& begun = chat_event("one")) {
  RawClient client = ask(proxy, request);
  EXPECT_EQ(client.read_head().fields.get("X-Cache"), x_cache);
  client.read_until(begun);
  return client;
}

// Asks, and waits until as many as this are being answered: whoever joins to wait is told nothing.
RawClient wait_with(const Proxy& proxy, const std::string& request, int in_flight) {
  RawClient client = ask(proxy, request);
  proxy.wait_for_metric("reprise_in_flight", in_flight);
  return client;
}

void expect_joined(const Response& response, const std::string& type, const std::string& body) {
  expect_cache(response, "COALESCED");
  EXPECT_EQ(response.cache_status(), "reprise; fwd=uri-miss; collapsed");
  EXPECT_EQ(response.get("Content-Type"), type);
  EXPECT_TRUE(matches(response.get("X-Reprise-Key"), "[0-9a-f]{32}"));
  for (const char* name : {"Age", "X-Reprise-Stored", "Content-Encoding"}) {
    EXPECT_FALSE(response.has(name)) << response.raw_head;
  }
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, body);
}

void expect_assembled(const Response& response) {
  expect_joined(response, "application/json", assembled("one two"));
  EXPECT_EQ(response.framing, Framing::kLength);
  EXPECT_FALSE(response.has("X-Accel-Buffering"));
}

void expect_whole(RawClient& client, const std::string& body) {
  const Response response = client.read_rest();
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, body);
}

TEST(FormsFlight, AJsonAskerWaitsForAStreamsEnd) {
  HeldForms held;
  ScriptedUpstream upstream(held.script("Set-Cookie: a=b\r\nopenai-version: 2020-10-01\r\n"));
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_stream());
  RawClient json = wait_with(proxy, ask_json(), 2);
  held.rest.release();
  expect_whole(leader, two_words());
  const Response answer = json.read_response();
  expect_assembled(answer);
  EXPECT_EQ(answer.get("openai-version"), "2020-10-01");
  EXPECT_FALSE(answer.has("Set-Cookie"));
  EXPECT_TRUE(matches(answer.get("x-request-id"), "req_[0-9a-f]{32}"));
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(proxy.ask(ask_json()), "HIT");
  expect_cache(proxy.ask(ask_stream()), "HIT");
}

TEST(FormsFlight, AStreamAskerWhoJoinsJsonGetsItStreamed) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_json(), "MISS", "one two");
  RawClient stream = wait_with(proxy, ask_stream(), 2);
  RawClient usage = wait_with(proxy, ask_usage(), 3);
  held.rest.release();
  expect_whole(leader, chat_answer("one two"));
  const Response plain = stream.read_response();
  expect_joined(plain, "text/event-stream; charset=utf-8", proxy.ask(ask_stream()).body);
  EXPECT_EQ(plain.get("Cache-Control"), "no-cache");
  EXPECT_EQ(plain.get("X-Accel-Buffering"), "no");
  EXPECT_FALSE(contains(plain.body, "usage"));
  EXPECT_TRUE(plain.body.ends_with(kDoneEvent));
  const Response told = usage.read_response();
  expect_joined(told, "text/event-stream; charset=utf-8", proxy.ask(ask_usage()).body);
  EXPECT_TRUE(contains(told.body, R"("choices":[],"usage":{"prompt_tokens":5)"));
  EXPECT_EQ(upstream.requests(), 1U);
}

// Each event is sent only once all have seen the one before.
TEST(FormsFlight, AStreamOfOtherOptionsComesAsItIsSent) {
  constexpr size_t kEvents = 5;
  std::deque<Latch> seen(kEvents);
  const auto event = [](size_t i, bool padded) {
    return R"(data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"event )" +
           std::to_string(i) + R"("}}])" + (padded ? R"(,"obfuscation":"aB3x")" : "") + "}\n\n";
  };
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head());
    for (size_t i = 0; i < kEvents; ++i) {
      connection.send(chunk(event(i, true)));
      connection.wait(seen[i]);
    }
    connection.send(chunk(chat_finish() + chat_usage() + std::string(kDoneEvent)) +
                    std::string(kLastChunk));
  });
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_usage(), "MISS", event(0, true));
  RawClient padded = lead(proxy, ask_stream(), "COALESCED", event(0, true));
  RawClient bare = lead(proxy, ask_bare(), "COALESCED", event(0, false));
  std::string with;
  std::string without;
  for (size_t i = 0; i < kEvents; ++i) {
    with += event(i, true);
    without += event(i, false);
    EXPECT_EQ(padded.read_until(event(i, true)), with);
    EXPECT_EQ(bare.read_until(event(i, false)), without);
    seen[i].release();
  }
  expect_whole(leader, with + chat_finish() + chat_usage() + std::string(kDoneEvent));
  const Response rest = padded.read_rest();
  EXPECT_EQ(rest.framing, Framing::kChunked);
  EXPECT_EQ(rest.body, with + chat_finish() + std::string(kDoneEvent));
  EXPECT_TRUE(rest.whole);
  expect_whole(bare, without + chat_finish() + std::string(kDoneEvent));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsFlight, WhoWantsUsageDoesNotJoinAStreamWithout) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient without = lead(proxy, ask_stream());
  RawClient with = lead(proxy, ask_usage());
  RawClient later = lead(proxy, ask_usage(), "COALESCED");
  RawClient plain = lead(proxy, ask_stream(), "COALESCED");
  RawClient json = wait_with(proxy, ask_json(), 5);
  EXPECT_EQ(upstream.requests(), 2U);
  held.rest.release();
  expect_whole(without, two_words());
  expect_whole(with, two_words(true));
  expect_whole(later, two_words(true));
  expect_whole(plain, two_words());
  EXPECT_EQ(json_at(json.read_response().body, "/usage/total_tokens"), "12");
  EXPECT_EQ(upstream.requests(), 2U);
  // What was asked for later stays: it has all that others want.
  eventually("both are over", [&] { return proxy.metric("reprise_in_flight") == 0; });
  for (const std::string& request : {ask_usage(), ask_stream(), ask_json()}) {
    expect_cache(proxy.ask(request), "HIT");
  }
}

TEST(FormsFlight, ACrowdOfAllFormsMakesOneRequest) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream, {"--workers", "4"});
  RawClient leader = lead(proxy, ask_usage());
  std::deque<RawClient> json;
  std::deque<RawClient> plain;
  std::deque<RawClient> usage;
  for (int i = 0; i < 12; ++i) {
    json.push_back(ask(proxy, ask_json()));
    plain.push_back(lead(proxy, i % 2 == 0 ? ask_stream() : ask_bare(), "COALESCED"));
    usage.push_back(lead(proxy, ask_usage(), "COALESCED"));
  }
  proxy.wait_for_metric("reprise_in_flight", 37);
  held.rest.release();
  expect_whole(leader, two_words(true));
  for (RawClient& client : plain) expect_whole(client, two_words());
  for (RawClient& client : usage) expect_whole(client, two_words(true));
  for (RawClient& client : json) {
    const Response response = client.read_response();
    expect_cache(response, "COALESCED");
    EXPECT_EQ(json_at(response.body, "/choices/0/message/content"), "one two");
    EXPECT_EQ(json_at(response.body, "/usage/total_tokens"), "12");
  }
  EXPECT_EQ(upstream.requests(), 1U);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(FormsFlight, AJsonAskerKeepsTheRequestGoing) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  RawClient json = [&] {
    RawClient leader = lead(proxy, ask_stream());
    RawClient waiting = wait_with(proxy, ask_json(), 2);
    leader.connection().reset();
    return waiting;
  }();
  eventually("the leader is gone", [&] { return proxy.metric("reprise_in_flight") == 1; });
  held.rest.release();
  expect_assembled(json.read_response());
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsFlight, TheLastWaitingOneToLeaveCancelsIt) {
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
    closed.release();
  });
  Proxy proxy(upstream);
  RawClient leader = lead(proxy, ask_stream());
  RawClient first = wait_with(proxy, ask_json(), 2);
  RawClient second = wait_with(proxy, ask_json(), 3);
  leader.connection().close();
  first.connection().close();
  eventually("two are gone", [&] { return proxy.metric("reprise_in_flight") == 1; });
  EXPECT_FALSE(closed.released());
  second.connection().close();
  closed.wait();
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsFlight, OrLetsItBeFinished) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream, {"--on-abort", "finish"});
  {
    RawClient leader = lead(proxy, ask_stream());
    RawClient json = wait_with(proxy, ask_json(), 2);
  }
  eventually("both are gone", [&] { return proxy.metric("reprise_in_flight") == 0; });
  RawClient later = wait_with(proxy, ask_json(), 1);
  held.rest.release();
  expect_assembled(later.read_response());
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FormsFlight, OverHttp10Too) {
  HeldForms held;
  ScriptedUpstream upstream(held.script());
  Proxy proxy(upstream);
  const auto older = [](std::string request) {
    return request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  };
  RawClient leader = lead(proxy, ask_usage());
  RawClient stream = lead(proxy, older(ask_stream()), "COALESCED");
  RawClient json = wait_with(proxy, older(ask_json()), 3);
  held.rest.release();
  const Response rebuilt = stream.read_rest();
  EXPECT_EQ(rebuilt.framing, Framing::kUntilClose);
  EXPECT_EQ(rebuilt.body, two_words());
  const Response assembled_answer = json.read_response();
  EXPECT_EQ(assembled_answer.framing, Framing::kLength);
  EXPECT_EQ(json_at(assembled_answer.body, "/choices/0/message/content"), "one two");
  expect_whole(leader, two_words(true));
}

// The leader's answer is coded; others read what they can.
TEST(FormsFlight, ACodedStreamIsDecodedForOtherForms) {
  const std::vector<std::string> coded =
      fakes::gzip_pieces({chat_event("one"), two_words_rest(true)});
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head("Content-Encoding: gzip\r\n") + chunk(coded[0]));
    connection.wait(rest);
    connection.send(chunk(coded[1]) + std::string(kLastChunk));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  const std::string gzip = "Accept-Encoding: gzip\r\n";
  RawClient leader = lead(proxy, ask_usage(gzip), "MISS", coded[0]);
  RawClient same = lead(proxy, ask_usage(gzip), "COALESCED", coded[0]);
  std::deque<RawClient> rebuilt;
  for (const std::string& headers : {gzip, std::string()}) {
    rebuilt.push_back(ask(proxy, ask_stream(headers)));
    const Head head = rebuilt.back().read_head();
    EXPECT_FALSE(head.fields.has("Content-Encoding")) << head.raw;
    rebuilt.back().read_until(chat_event("one"));
  }
  RawClient plain = lead(proxy, ask_usage(), "COALESCED");
  RawClient json = wait_with(proxy, ask_json(gzip), 6);
  rest.release();
  expect_whole(leader, coded[0] + coded[1]);
  expect_whole(same, coded[0] + coded[1]);
  expect_whole(plain, two_words(true));
  for (RawClient& client : rebuilt) expect_whole(client, two_words());
  const Response whole = json.read_response();
  EXPECT_FALSE(whole.has("Content-Encoding"));
  EXPECT_EQ(json_at(whole.body, "/usage/total_tokens"), "12");
  EXPECT_EQ(upstream.requests(), 1U);
}

}  // namespace
}  // namespace reprise::e2e
