// Recorded streams are replayed at the pace that is asked for.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

using fakes::gzip;

const std::string kStream = chat_request({.stream = true});
const std::string kBody = chat_stream({"one", "two", "three"});

std::string paced(const std::string& pace, bool stream = true) {
  return chat_request({.stream = stream, .headers = "X-Reprise-Pace: " + pace + "\r\n"});
}

// Asks at a pace at which the first event is there long before the second, and waits for it.
RawClient begin(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  const Head head = client.read_head();
  EXPECT_EQ(head.fields.get("X-Cache"), "HIT");
  EXPECT_EQ(client.read_until(chat_event("one")), chat_event("one"));
  return client;
}

TEST(Pace, EventsComeOneByOneAndTheBytesAreTheSame) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream);
  expect_cache(proxy.ask(kStream), "MISS");
  RawClient client = proxy.connect();
  client.send(paced("20/s"));
  client.read_head();
  size_t pieces = 0;
  for (std::string piece; !(piece = client.read_some()).empty();) ++pieces;
  EXPECT_GE(pieces, 4U);
  const Response response = client.read_rest();
  EXPECT_EQ(response.body, kBody);
  EXPECT_TRUE(response.whole);
}

TEST(Pace, OthersAreServedMeanwhile) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream, {"--workers", "1"});
  proxy.ask(kStream);
  RawClient slow = begin(proxy, paced("1/s"));
  for (int i = 0; i < 20; ++i) expect_cache(proxy.ask(kStream), "HIT");
  proxy.wait_for_metric("reprise_in_flight", 1);
  slow.connection().reset();
  eventually("nothing is left of it", [&] { return proxy.metric("reprise_in_flight") == 0; });
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(Pace, TheOptionHoldsWhereTheRequestSaysNothing) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream, {"--pace", "1/s"});
  const Response miss = proxy.ask(kStream);
  EXPECT_EQ(miss.body, kBody);
  RawClient slow = begin(proxy, kStream);
  EXPECT_EQ(proxy.ask(paced("instant")).body, kBody);
  proxy.wait_for_metric("reprise_in_flight", 1);
}

TEST(Pace, WholeAnswersComeAtOnce) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  const Response json = proxy.ask(paced("1/s", false));
  expect_cache(json, "HIT");
  EXPECT_EQ(json_at(json.body, "/choices/0/message/content"), "onetwothree");
}

TEST(Pace, SynthesisedStreamsHaveOneToo) {
  ScriptedUpstream upstream(always(json_response(chat_answer("one two three"))));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  const std::string whole = proxy.ask(kStream).body;
  RawClient client = proxy.connect();
  client.send(paced("1/s"));
  client.read_head();
  EXPECT_EQ(client.read_until("\n\n"), whole.substr(0, whole.find("\n\n") + 2));
  // What was recorded whole has no times of its own.
  EXPECT_EQ(proxy.ask(paced("recorded")).body, whole);
}

TEST(Pace, RecordedGapsComeAgain) {
  // The gap is as long as it takes for other requests to come and go.
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      if (!contains(request.body, "gap")) {
        connection.send(stream_response(kBody));
        continue;
      }
      connection.send(stream_head() + chunk(chat_event("one")));
      connection.wait(rest);
      connection.send(
          chunk(chat_event("two") + chat_event("three") + chat_finish() + std::string(kDoneEvent)) +
          std::string(kLastChunk));
    }
  });
  Proxy proxy(upstream);
  RawClient leader = proxy.connect();
  leader.send(chat_request({.prompt = "gap", .stream = true}));
  leader.read_head();
  leader.read_until(chat_event("one"));
  const auto asked = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - asked < std::chrono::milliseconds(300)) {
    proxy.ask(chat_request({.prompt = unique_prompt(), .stream = true}));
  }
  rest.release();
  EXPECT_EQ(leader.read_rest().body, kBody);
  RawClient replay = begin(
      proxy,
      chat_request({.prompt = "gap", .stream = true, .headers = "X-Reprise-Pace: recorded\r\n"}));
  proxy.wait_for_metric("reprise_in_flight", 1);
  const Response response = replay.read_rest();
  EXPECT_EQ(response.body, kBody);
  EXPECT_TRUE(response.whole);
}

TEST(Pace, EventsOfCodedStreamsAreCountedDecoded) {
  const std::string coded = gzip(kBody);
  ScriptedUpstream upstream(always(stream_response(coded, "Content-Encoding: gzip\r\n")));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  const std::string accepting = "Accept-Encoding: gzip\r\n";
  const auto ask = [&](const std::string& pace) {
    return chat_request(
        {.stream = true, .headers = accepting + "X-Reprise-Pace: " + pace + "\r\n"});
  };
  RawClient slow = begin(proxy, ask("1/s"));
  EXPECT_EQ(proxy.ask(ask("recorded")).body, coded);
}

TEST(Pace, AMalformedOneIsRefused) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream);
  for (const char* pace : {"fast", "0/s", "-1/s", "1"}) {
    expect_error(proxy.ask(paced(pace)), 400, "bad_request");
  }
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST(Pace, DrainingWaitsForPacedStreams) {
  ScriptedUpstream upstream(always(stream_response(kBody)));
  Proxy proxy(upstream);
  proxy.ask(kStream);
  RawClient slow = begin(proxy, paced("4/s"));
  EXPECT_EQ(proxy.stop(), 0);
  const Response response = slow.read_rest();
  EXPECT_EQ(response.body, kBody);
  EXPECT_TRUE(response.whole);
}

}  // namespace
}  // namespace reprise::e2e
