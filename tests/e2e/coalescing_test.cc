// Identical questions in flight share one upstream request, and each asker gets the whole answer
// as it comes.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

const std::string kRequest = chat_request({.stream = true});

// Answers every request by a head and one event; the rest only once released.
class HeldStream {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        connection.read_request();
        connection.send(stream_head() + chunk(chat_event("one")));
        connection.wait(rest);
        connection.send(chunk(chat_event("two") + chat_finish() + std::string(kDoneEvent)) +
                        std::string(kLastChunk));
      }
    };
  }
  static std::string body() { return chat_stream({"one", "two"}); }

  Latch rest;
};

// Asks, and waits until the first event is there.
RawClient join(const Proxy& proxy, const std::string& request, const std::string& x_cache) {
  RawClient client = proxy.connect();
  client.send(request);
  const Head head = client.read_head();
  EXPECT_EQ(head.fields.get("X-Cache"), x_cache);
  client.read_until(chat_event("one"));
  return client;
}

TEST(Coalescing, ALateJoinerGetsThePrefixAtOnceAndThenTheRestLive) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient leader = join(proxy, kRequest, "MISS");
  RawClient joiner = proxy.connect();
  joiner.send(kRequest);
  const Head head = joiner.read_head();
  EXPECT_EQ(head.fields.get("X-Cache"), "COALESCED");
  EXPECT_EQ(head.fields.get("Cache-Status"), "reprise; fwd=uri-miss; collapsed");
  EXPECT_FALSE(head.fields.has("Age"));
  joiner.read_until(chat_event("one"));
  stream.rest.release();
  EXPECT_EQ(leader.read_rest().body, HeldStream::body());
  const Response joined = joiner.read_rest();
  EXPECT_EQ(joined.body, HeldStream::body());
  EXPECT_TRUE(joined.whole);
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(proxy.ask(kRequest), "HIT");
}

TEST(Coalescing, FiftyJoinersMakeOneRequest) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream, {"--workers", "4"});
  std::deque<RawClient> clients;
  clients.push_back(join(proxy, kRequest, "MISS"));
  for (int i = 0; i < 50; ++i) clients.push_back(join(proxy, kRequest, "COALESCED"));
  stream.rest.release();
  for (RawClient& client : clients) {
    const Response response = client.read_rest();
    EXPECT_EQ(response.body, HeldStream::body());
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
  EXPECT_EQ(proxy.stop(), 0);
}

TEST(Coalescing, WhoeverAsksBeforeTheHeadSharesItToo) {
  Latch head;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(head);
    connection.send(stream_response(chat_stream({"x"})));
  });
  Proxy proxy(upstream);
  std::deque<RawClient> clients;
  for (int i = 0; i < 10; ++i) clients.push_back(proxy.connect());
  for (RawClient& client : clients) client.send(kRequest);
  proxy.wait_for_metric("reprise_in_flight", 10);
  head.release();
  int misses = 0;
  for (RawClient& client : clients) {
    const Response response = client.read_response();
    EXPECT_EQ(response.body, chat_stream({"x"}));
    misses += response.x_cache() == "MISS" ? 1 : 0;
  }
  EXPECT_EQ(misses, 1);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Coalescing, TheFirstAskerMayLeave) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  std::deque<RawClient> joiners;
  {
    RawClient leader = join(proxy, kRequest, "MISS");
    for (int i = 0; i < 4; ++i) joiners.push_back(join(proxy, kRequest, "COALESCED"));
    leader.connection().reset();
  }
  RawClient late = join(proxy, kRequest, "COALESCED");
  stream.rest.release();
  joiners.push_back(std::move(late));
  for (RawClient& client : joiners) {
    const Response response = client.read_rest();
    EXPECT_EQ(response.body, HeldStream::body());
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(proxy.ask(kRequest), "HIT");
}

TEST(Coalescing, ASlowJoinerSlowsNobody) {
  // More than fits into socket buffers, less than an entry may hold.
  const std::string body = chat_answer(std::string(7 * 1024 * 1024, 'b'));
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    const std::string answer = json_response(body);
    connection.send(answer.substr(0, 1000));
    connection.wait(joined);
    connection.send(answer.substr(1000));
  });
  Proxy proxy(upstream);
  RawClient leader = proxy.connect();
  leader.send(chat_request());
  leader.read_head();
  RawClient slow = proxy.connect();
  slow.send(chat_request());
  slow.read_head();
  joined.release();
  EXPECT_TRUE(leader.read_rest().body == body);
  expect_cache(proxy.ask(chat_request()), "HIT");
  const Response late = slow.read_rest();
  EXPECT_TRUE(late.body == body);
  EXPECT_EQ(late.x_cache(), "COALESCED");
}

TEST(Coalescing, ASlowLeaderSlowsNobody) {
  const std::string body = chat_answer(std::string(7 * 1024 * 1024, 'b'));
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    const std::string answer = json_response(body);
    connection.send(answer.substr(0, 1000));
    connection.wait(joined);
    connection.send(answer.substr(1000));
  });
  Proxy proxy(upstream);
  RawClient leader = proxy.connect();
  leader.send(chat_request());
  leader.read_head();
  RawClient joiner = proxy.connect();
  joiner.send(chat_request());
  joiner.read_head();
  joined.release();
  EXPECT_TRUE(joiner.read_rest().body == body);
  EXPECT_TRUE(leader.read_rest().body == body);
}

TEST(Coalescing, IsOffWhenSwitchedOff) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream, {"--coalesce", "off"});
  RawClient first = join(proxy, kRequest, "MISS");
  RawClient second = join(proxy, kRequest, "MISS");
  stream.rest.release();
  EXPECT_EQ(first.read_rest().body, HeldStream::body());
  EXPECT_EQ(second.read_rest().body, HeldStream::body());
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Coalescing, OtherCallersAreNotJoined) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient alice = join(proxy, kRequest, "MISS");
  RawClient bob = join(proxy, chat_request({.stream = true, .key = "sk-bob"}), "MISS");
  stream.rest.release();
  EXPECT_TRUE(alice.read_rest().whole);
  EXPECT_TRUE(bob.read_rest().whole);
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Coalescing, NoCacheNeverJoinsAndOthersJoinIt) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient first = join(proxy, kRequest, "MISS");
  RawClient own =
      join(proxy, chat_request({.stream = true, .headers = "Cache-Control: no-cache\r\n"}), "MISS");
  EXPECT_EQ(upstream.requests(), 2U);
  RawClient third = join(proxy, kRequest, "COALESCED");
  stream.rest.release();
  for (RawClient* client : {&first, &own, &third}) {
    EXPECT_EQ(client->read_rest().body, HeldStream::body());
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Coalescing, NoStoreNeverJoins) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient first = join(proxy, kRequest, "MISS");
  RawClient own = join(
      proxy, chat_request({.stream = true, .headers = "Cache-Control: no-store\r\n"}), "BYPASS");
  stream.rest.release();
  EXPECT_TRUE(first.read_rest().whole);
  EXPECT_TRUE(own.read_rest().whole);
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Coalescing, AJsonAskerBesideAStreamGetsJson) {
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    const Request request = connection.read_request();
    if (!contains(request.body, "stream")) {
      connection.send(json_response(chat_answer("one")));
      return;
    }
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(rest);
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
  });
  Proxy proxy(upstream);
  RawClient streaming = join(proxy, kRequest, "MISS");
  RawClient json = proxy.connect();
  json.send(chat_request());
  rest.release();
  const Response answer = json.read_response();
  EXPECT_EQ(answer.get("Content-Type").rfind("application/json", 0), 0U);
  EXPECT_EQ(json_at(answer.body, "/choices/0/message/content"), "one");
  EXPECT_EQ(streaming.read_rest().body, chat_stream({"one"}));
}

TEST(Coalescing, AJoinerOverHttp10GetsTheBodyWithoutChunks) {
  HeldStream stream;
  ScriptedUpstream upstream(stream.script());
  Proxy proxy(upstream);
  RawClient leader = join(proxy, kRequest, "MISS");
  std::string request = kRequest;
  request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
  RawClient joiner = join(proxy, request, "COALESCED");
  stream.rest.release();
  const Response joined = joiner.read_rest();
  EXPECT_EQ(joined.framing, Framing::kUntilClose);
  EXPECT_EQ(joined.body, HeldStream::body());
  EXPECT_TRUE(leader.read_rest().whole);
}

}  // namespace
}  // namespace reprise::e2e
