// One upstream request whatever the forms of those who ask at once, and whichever processes they
// reach.
#include <gtest/gtest.h>
#include <signal.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "e2e/support/forms.h"

namespace reprise::e2e {
namespace {

RawClient ask(const Proxy& proxy, const std::string& request) {
  RawClient client = proxy.connect();
  client.send(request);
  return client;
}

class FleetForms : public testing::Test {
 protected:
  // Asks `proxy`, which thereby is the first to follow, to wait.
  RawClient wait_behind(const Proxy& proxy, const std::string& request) {
    RawClient client = ask(proxy, request);
    eventually("it follows", [&] { return fleet_.followed(); });
    return client;
  }
  RawClient lead(const Proxy& proxy, const std::string& request) {
    return follow(proxy, request, "MISS", "one");
  }
  static void expect_whole(RawClient& client, const std::string& body) {
    const Response response = client.read_rest();
    EXPECT_TRUE(response.whole);
    EXPECT_EQ(response.body, body);
  }

  HeldForms held_;
  ScriptedUpstream upstream_{held_.script()};
  Fleet fleet_{upstream_};
  Proxy& first_ = fleet_.add();
  Proxy& second_ = fleet_.add();
};

TEST_F(FleetForms, AJsonAskerElsewhereWaitsForAStreamsEnd) {
  RawClient leader = lead(first_, ask_stream());
  RawClient json = wait_behind(second_, ask_json());
  held_.rest.release();
  expect_whole(leader, two_words());
  const Response answer = json.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(answer.cache_status(), "reprise; fwd=uri-miss; collapsed");
  EXPECT_EQ(answer.get("Content-Type"), "application/json");
  EXPECT_EQ(answer.framing, Framing::kLength);
  EXPECT_FALSE(answer.has("Age"));
  EXPECT_EQ(answer.body, assembled("one two"));
  EXPECT_EQ(upstream_.requests(), 1U);
  expect_cache(second_.ask(ask_stream()), "HIT");
}

TEST_F(FleetForms, AStreamAskerElsewhereGetsJsonStreamed) {
  RawClient leader = lead(first_, ask_json());
  RawClient stream = wait_behind(second_, ask_usage());
  held_.rest.release();
  expect_whole(leader, chat_answer("one two"));
  const Response answer = stream.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(answer.get("Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_TRUE(contains(answer.body, R"("choices":[],"usage":{"prompt_tokens":5)")) << answer.body;
  EXPECT_TRUE(answer.body.ends_with(kDoneEvent));
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(FleetForms, AStreamWithoutUsageElsewhereComesAsItIsSent) {
  RawClient leader = lead(first_, ask_usage());
  RawClient plain = follow(second_, ask_stream(), "COALESCED", chat_event("one"));
  RawClient same = follow(second_, ask_usage(), "COALESCED", chat_event("one"));
  held_.rest.release();
  expect_whole(leader, two_words(true));
  expect_whole(plain, two_words());
  expect_whole(same, two_words(true));
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(FleetForms, WhoWantsUsageLeadsForAllWhoDo) {
  Proxy& third = fleet_.add();
  RawClient without = lead(first_, ask_stream());
  RawClient with = lead(second_, ask_usage());
  RawClient elsewhere = follow(third, ask_usage(), "COALESCED", chat_event("one"));
  EXPECT_EQ(upstream_.requests(), 2U);
  held_.rest.release();
  expect_whole(without, two_words());
  expect_whole(with, two_words(true));
  expect_whole(elsewhere, two_words(true));
  EXPECT_EQ(upstream_.requests(), 2U);
}

// The flight that it finds in its own process cannot know what it will be given.
TEST_F(FleetForms, WhoWantsUsageIsNotServedByOneWhoFollowsAStreamWithout) {
  Proxy& third = fleet_.add();
  RawClient without = lead(first_, ask_stream());
  RawClient json = wait_behind(second_, ask_json());
  RawClient with = lead(second_, ask_usage());
  RawClient too = follow(second_, ask_usage(), "COALESCED", chat_event("one"));
  RawClient elsewhere = follow(third, ask_usage(), "COALESCED", chat_event("one"));
  EXPECT_EQ(upstream_.requests(), 2U);
  held_.rest.release();
  expect_whole(without, two_words());
  for (RawClient* client : {&with, &too, &elsewhere}) expect_whole(*client, two_words(true));
  expect_cache(json.read_response(), "COALESCED");
  EXPECT_EQ(upstream_.requests(), 2U);
}

TEST_F(FleetForms, ACrowdOfAllFormsMakesOneRequest) {
  RawClient leader = lead(first_, ask_usage());
  std::deque<RawClient> json;
  std::deque<RawClient> plain;
  for (int process = 0; process < 3; ++process) {
    Proxy& proxy = fleet_.add();
    for (int i = 0; i < 4; ++i) {
      json.push_back(ask(proxy, ask_json()));
      plain.push_back(follow(proxy, ask_stream(), "COALESCED", chat_event("one")));
    }
    proxy.wait_for_metric("reprise_in_flight", 8);
  }
  held_.rest.release();
  expect_whole(leader, two_words(true));
  for (RawClient& client : plain) expect_whole(client, two_words());
  for (RawClient& client : json) {
    const Response response = client.read_response();
    expect_cache(response, "COALESCED");
    EXPECT_EQ(content_of(response), "one two");
    EXPECT_EQ(json_at(response.body, "/usage/total_tokens"), "12");
  }
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(FleetForms, WithoutMemoryTheyWaitAllTheSame) {
  Proxy& third = fleet_.add({"--memory", "0"});
  RawClient leader = lead(first_, ask_stream());
  RawClient json = wait_behind(third, ask_json());
  held_.rest.release();
  expect_whole(leader, two_words());
  const Response answer = json.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(answer.body, assembled("one two"));
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(FleetForms, WhoWaitsElsewhereKeepsTheRequestGoing) {
  RawClient json = [&] {
    RawClient leader = lead(first_, ask_stream());
    RawClient waiting = wait_behind(second_, ask_json());
    // What reaches this one shows that the process that leads knows of the other.
    RawClient seen = follow(second_, ask_stream(), "COALESCED", chat_event("one"));
    leader.connection().reset();
    return waiting;
  }();
  first_.wait_for_metric("reprise_requests_total", 1);
  held_.rest.release();
  const Response answer = json.read_response();
  expect_cache(answer, "COALESCED");
  EXPECT_EQ(answer.body, assembled("one two"));
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(FleetForms, WhoWaitsForAProcessThatDiesAsksForHimself) {
  RawClient leader = lead(first_, ask_stream());
  RawClient json = wait_behind(second_, ask_json());
  // It has seen the head, and more.
  RawClient stream = follow(second_, ask_stream(), "COALESCED", chat_event("one"));
  first_.process().signal(SIGKILL);
  EXPECT_EQ(first_.process().wait_exit(), -SIGKILL);
  held_.rest.release();
  const Response answer = json.read_response();
  expect_cache(answer, "MISS");
  EXPECT_EQ(answer.body, chat_answer("one two"));
  EXPECT_FALSE(stream.read_rest().whole);
  EXPECT_EQ(upstream_.requests(), 2U);
}

// The answer was not for keeping: those who waited for it elsewhere ask once each.
TEST_F(FleetForms, WhatIsNotStoredIsAskedForAgain) {
  RawClient leader = lead(first_, ask_stream("X-Reprise-TTL: 0s\r\n"));
  RawClient json = wait_behind(second_, ask_json());
  held_.rest.release();
  expect_whole(leader, two_words());
  const Response answer = json.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, chat_answer("one two"));
  EXPECT_EQ(upstream_.requests(), 2U);
}

TEST(FleetFormsFailure, GoesToThoseWhoWaitElsewhere) {
  Latch all_wait;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(all_wait);
    connection.send(error_response(429));
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = ask(first, ask_usage());
  upstream.wait_for_requests(1);
  RawClient json = ask(second, ask_json());
  eventually("it follows", [&] { return fleet.followed(); });
  RawClient stream = ask(second, ask_stream());
  second.wait_for_metric("reprise_in_flight", 2);
  all_wait.release();
  for (RawClient* client : {&leader, &json, &stream}) {
    EXPECT_EQ(client->read_response().status, 429);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFormsFailure, WhatCannotBeAssembledIsAskedForOncePerProcess) {
  Latch all_wait;
  Latch answer;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      if (wants_stream(connection.read_request())) {
        connection.send(stream_head() + chunk(": one\n\n"));
        connection.wait(all_wait);
        connection.send(chunk(two_ids()) + std::string(kLastChunk));
      } else {
        connection.wait(answer);
        connection.send(json_response(chat_answer("plain")));
      }
    }
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, ask_stream(), "MISS", "one");
  std::deque<RawClient> json;
  for (int i = 0; i < 6; ++i) json.push_back(ask(second, ask_json()));
  eventually("it follows", [&] { return fleet.followed(); });
  second.wait_for_metric("reprise_in_flight", 6);
  all_wait.release();
  EXPECT_EQ(leader.read_rest().body, ": one\n\n" + two_ids());
  upstream.wait_for_requests(2);
  answer.release();
  for (RawClient& client : json) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, chat_answer("plain"));
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

struct Sharing {
  const char* name;
  bool secret;
  bool memory;
  size_t words;
};

void PrintTo(const Sharing& sharing, std::ostream* out) { *out << sharing.name; }

class SharedForms : public testing::TestWithParam<Sharing> {
 protected:
  static Proxy::Args args() {
    static const std::string secret = file_with("a secret that is long enough\n");
    Proxy::Args args;
    if (!GetParam().memory) args = {"--memory", "0"};
    if (GetParam().secret) args.insert(args.end(), {"--memcached-secret", secret});
    return args;
  }
  static std::vector<std::string> words() {
    return std::vector<std::string>(GetParam().words, " word");
  }
  static std::string text() {
    std::string text;
    for (const std::string& word : words()) text += word;
    return text;
  }
};

TEST_P(SharedForms, WhatIsFoundInMemcachedIsConverted) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    return wants_stream(request) ? stream_response(chat_stream(words()))
                                 : json_response(chat_answer(text()));
  }));
  Fleet fleet(upstream);
  Proxy& first = fleet.add(args());
  Proxy& second = fleet.add(args());
  const Ask json{.prompt = "json"};
  const Ask usage{.prompt = "json", .stream = true, .members = stream_options(true)};
  first.ask(ask_stream());
  first.ask(chat_request(json));
  eventually("the stream is shared", [&] { return is_cached(second, {.stream = true}); });
  eventually("the JSON is shared", [&] { return is_cached(second, json); });
  for (int i = 0; i < 2; ++i) {
    const Response whole = second.ask(ask_json());
    expect_cache(whole, "HIT");
    EXPECT_EQ(content_of(whole), text());
    const Response streamed = second.ask(chat_request(usage));
    expect_cache(streamed, "HIT");
    EXPECT_TRUE(streamed.body.ends_with(kDoneEvent));
    EXPECT_TRUE(contains(streamed.body, R"("choices":[],"usage":{"prompt_tokens":5)"));
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

INSTANTIATE_TEST_SUITE_P(FleetForms, SharedForms,
                         testing::Values(Sharing{"plain", false, true, 2},
                                         Sharing{"no memory", false, false, 2},
                                         Sharing{"secret", true, true, 2},
                                         Sharing{"secret, no memory, large", true, false, 20'000},
                                         Sharing{"large", false, true, 20'000}));

}  // namespace
}  // namespace reprise::e2e
