// Identical questions in flight share one upstream request, whichever processes they reach.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

const std::string kRequest = chat_request({.stream = true});

void expect_whole(RawClient& client, const std::string& body) {
  const Response response = client.read_rest();
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, body);
}

TEST(FleetFlight, AFollowerGetsThePrefixAtOnceAndThenTheRest) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, kRequest, "MISS", held.begun(1));
  RawClient follower = second.connect();
  follower.send(kRequest);
  const Head head = follower.read_head();
  EXPECT_EQ(head.fields.get("X-Cache"), "COALESCED");
  EXPECT_EQ(head.fields.get("Cache-Status"), "reprise; fwd=uri-miss; collapsed");
  EXPECT_EQ(head.fields.get("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_TRUE(matches(head.fields.get("X-Reprise-Key"), "[0-9a-f]{32}"));
  EXPECT_FALSE(head.fields.has("Age"));
  EXPECT_EQ(follower.read_until(held.begun(1)), held.begun(1));
  held.rest.release();
  expect_whole(leader, held.body(1));
  expect_whole(follower, held.body(1));
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(second.ask(kRequest), "HIT");
  expect_cache(first.ask(kRequest), "HIT");
}

TEST(FleetFlight, EveryEventIsPassedOnBeforeTheNextOneComes) {
  constexpr size_t kEvents = 5;
  std::deque<Latch> seen(kEvents);
  const auto event = [](size_t i) { return chat_event("event " + std::to_string(i)); };
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head());
    for (size_t i = 0; i < kEvents; ++i) {
      connection.send(chunk(event(i)));
      connection.wait(seen[i]);
    }
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, kRequest, "MISS", event(0));
  RawClient follower = follow(second, kRequest, "COALESCED", event(0));
  std::string all;
  for (size_t i = 0; i < kEvents; ++i) {
    all += event(i);
    EXPECT_EQ(follower.read_until(event(i)), all);
    seen[i].release();
  }
  all += chat_finish() + std::string(kDoneEvent);
  expect_whole(leader, all);
  expect_whole(follower, all);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFlight, ManyProcessesWithManyClientsMakeOneRequest) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  std::deque<RawClient> clients;
  clients.push_back(follow(fleet.add(), kRequest, "MISS", held.begun(1)));
  for (int process = 0; process < 3; ++process) {
    Proxy& proxy = fleet.add();
    for (int i = 0; i < 5; ++i) {
      clients.push_back(follow(proxy, kRequest, "COALESCED", held.begun(1)));
    }
  }
  held.rest.release();
  for (RawClient& client : clients) expect_whole(client, held.body(1));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFlight, ACrowdWithANewQuestionMakesOneRequest) {
  constexpr size_t kProcesses = 4;
  constexpr size_t kClients = 20;
  std::atomic<int> count{0};
  ScriptedUpstream upstream(each_request([&](const Request&) {
    return stream_response(chat_stream({"answer ", std::to_string(++count)}));
  }));
  Fleet fleet(upstream);
  std::deque<RawClient> clients;
  for (size_t process = 0; process < kProcesses; ++process) {
    Proxy& proxy = fleet.add();
    for (size_t i = 0; i < kClients; ++i) clients.push_back(proxy.connect());
  }
  for (int round = 1; round <= 5; ++round) {
    const std::string request = chat_request({.prompt = unique_prompt(), .stream = true});
    for (RawClient& client : clients) client.send(request);
    int misses = 0;
    for (RawClient& client : clients) {
      const Response response = client.read_response();
      EXPECT_TRUE(response.whole);
      EXPECT_EQ(response.body, chat_stream({"answer ", std::to_string(round)}));
      misses += response.x_cache() == "MISS" ? 1 : 0;
    }
    EXPECT_EQ(misses, 1);
    ASSERT_EQ(upstream.requests(), static_cast<size_t>(round));
  }
}

TEST(FleetFlight, JsonIsSharedToo) {
  const std::string answer = chat_answer("begun and ended");
  const std::string half = answer.substr(0, answer.size() / 2);
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    const std::string response = json_response(answer);
    const size_t cut = response.size() - answer.size() + half.size();
    connection.send(response.substr(0, cut));
    connection.wait(rest);
    connection.send(response.substr(cut));
    connection.wait_closed();
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, chat_request(), "MISS", half);
  RawClient follower = follow(second, chat_request(), "COALESCED", half);
  rest.release();
  expect_whole(leader, answer);
  expect_whole(follower, answer);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFlight, AJsonAskerBesideAStreamElsewhereGetsJson) {
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
  Fleet fleet(upstream);
  Proxy& second = fleet.add();
  RawClient streaming = follow(fleet.add(), kRequest, "MISS", chat_event("one"));
  RawClient follower = follow(second, kRequest, "COALESCED", chat_event("one"));
  RawClient json = second.connect();
  json.send(chat_request());
  rest.release();
  const Response answer = json.read_response();
  EXPECT_EQ(answer.get("Content-Type").rfind("application/json", 0), 0U);
  EXPECT_EQ(content_of(answer), "one");
  expect_whole(streaming, chat_stream({"one"}));
  expect_whole(follower, chat_stream({"one"}));
}

TEST(FleetFlight, AMuchLongerAnswerIsFollowedWhole) {
  std::string events;
  for (int i = 0; i < 300; ++i) events += chat_event(noise(5000 + static_cast<size_t>(i)));
  const std::string body = chat_event("begun") + events + chat_finish() + std::string(kDoneEvent);
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("begun")));
    connection.wait(rest);
    for (size_t at = chat_event("begun").size(); at < body.size(); at += 7777) {
      connection.send(chunk(body.substr(at, 7777)));
    }
    connection.send(kLastChunk);
  });
  Fleet fleet(upstream, 2);
  Proxy& first = fleet.add();
  std::deque<RawClient> clients;
  clients.push_back(follow(first, kRequest, "MISS", chat_event("begun")));
  for (int i = 0; i < 3; ++i) {
    clients.push_back(follow(fleet.add(), kRequest, "COALESCED", chat_event("begun")));
  }
  rest.release();
  for (RawClient& client : clients) {
    const Response response = client.read_rest();
    EXPECT_TRUE(response.whole);
    EXPECT_TRUE(response.body == body);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFlight, CoalesceOffSharesNothingInFlight) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add({"--coalesce", "off"});
  Proxy& second = fleet.add({"--coalesce", "off"});
  Proxy& sharing = fleet.add();
  Proxy& also_sharing = fleet.add();
  RawClient one = follow(first, kRequest, "MISS", held.begun(1));
  RawClient two = follow(second, kRequest, "MISS", held.begun(2));
  RawClient three = follow(sharing, kRequest, "MISS", held.begun(3));
  RawClient four = follow(also_sharing, kRequest, "COALESCED", held.begun(3));
  RawClient five = follow(first, kRequest, "MISS", held.begun(4));
  held.rest.release();
  expect_whole(one, held.body(1));
  expect_whole(two, held.body(2));
  expect_whole(three, held.body(3));
  expect_whole(four, held.body(3));
  expect_whole(five, held.body(4));
}

TEST(FleetFlight, OtherCallersAndNamespacesDoNotFollow) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient alice = follow(first, kRequest, "MISS", held.begun(1));
  RawClient bob =
      follow(second, chat_request({.stream = true, .key = "sk-bob"}), "MISS", held.begun(2));
  RawClient elsewhere =
      follow(second, chat_request({.stream = true, .headers = "X-Reprise-Namespace: n\r\n"}),
             "MISS", held.begun(3));
  RawClient too = follow(second, kRequest, "COALESCED", held.begun(1));
  held.rest.release();
  expect_whole(alice, held.body(1));
  expect_whole(bob, held.body(2));
  expect_whole(elsewhere, held.body(3));
  expect_whole(too, held.body(1));
}

TEST(FleetFlight, NoCacheNoStoreAndOnlyIfCachedDoNotFollow) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, kRequest, "MISS", held.begun(1));
  EXPECT_FALSE(is_cached(second, {.stream = true}));
  RawClient follower = follow(second, kRequest, "COALESCED", held.begun(1));
  const auto with = [](const std::string& directive) {
    return chat_request({.stream = true, .headers = "Cache-Control: " + directive + "\r\n"});
  };
  RawClient no_store = follow(second, with("no-store"), "BYPASS", held.begun(2));
  RawClient no_cache = follow(second, with("no-cache"), "MISS", held.begun(3));
  held.rest.release();
  expect_whole(leader, held.body(1));
  expect_whole(follower, held.body(1));
  expect_whole(no_store, held.body(2));
  expect_whole(no_cache, held.body(3));
  EXPECT_EQ(upstream.requests(), 3U);
}

TEST(FleetFlight, WithoutMemoryFlightsAreSharedToo) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add({"--memory", "0"});
  Proxy& second = fleet.add({"--memory", "0"});
  RawClient leader = follow(first, kRequest, "MISS", held.begun(1));
  RawClient follower = follow(second, kRequest, "COALESCED", held.begun(1));
  held.rest.release();
  expect_whole(leader, held.body(1));
  expect_whole(follower, held.body(1));
  // Right behind the last byte the store may still be under way, but never a second request.
  const Response again = second.ask(kRequest);
  EXPECT_EQ(again.body, held.body(1));
  EXPECT_NE(again.x_cache(), "MISS");
  EXPECT_EQ(upstream.requests(), 1U);
}

}  // namespace
}  // namespace reprise::e2e
