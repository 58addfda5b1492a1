// Memcached being slow, full or gone is never an error to a client.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <sstream>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

bool has_word(const std::string& line, const std::string& word) {
  for (size_t at = 0; (at = line.find(word, at)) != std::string::npos; ++at) {
    const bool begins = at == 0 || std::isalnum(static_cast<unsigned char>(line[at - 1])) == 0;
    const size_t end = at + word.size();
    if (begins && (end == line.size() || std::isalnum(static_cast<unsigned char>(line[end])) == 0))
      return true;
  }
  return false;
}

// How many lines of the log say this of the server.
size_t lines_that_say(Proxy& proxy, const std::string& address, const std::string& state) {
  std::istringstream lines(proxy.process().log());
  size_t count = 0;
  for (std::string line; std::getline(lines, line);) {
    std::transform(line.begin(), line.end(), line.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    count += contains(line, "memcached") && contains(line, address) && has_word(line, state);
  }
  return count;
}

std::string state_of(const Proxy& proxy, size_t server = 0) {
  const std::string stats = proxy.ask_admin(get("/stats"), "GET").body;
  return json_at(stats, "/memcached/servers/" + std::to_string(server) + "/state");
}

// That everything which tells of a server tells this.
void wait_for_state(const Proxy& proxy, const std::string& address, const std::string& state) {
  eventually(address + " is " + state, [&] { return state_of(proxy) == state; });
  const std::string stats = proxy.ask_admin(get("/stats"), "GET").body;
  EXPECT_EQ(json_at(stats, "/memcached/servers/0/address"), address);
  EXPECT_EQ(proxy.metric("reprise_memcached_server_up{server=\"" + address + "\"}"),
            state == "up" ? 1 : 0);
  EXPECT_TRUE(contains(proxy.ask_admin(get("/metrics"), "GET").body,
                       "reprise_memcached_server_up{server=\"" + address + "\"}"));
  const Response ready = proxy.ask_admin(get("/readyz"), "GET");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(is_json(ready.body)) << ready.body;
  EXPECT_TRUE(contains(ready.body, "\"" + address + "\"")) << ready.body;
  EXPECT_TRUE(contains(ready.body, "\"" + state + "\"")) << ready.body;
}

class MemcachedFailure : public testing::Test {
 protected:
  // Shorter than other tests have it, since here it is meant to run out.
  Proxy& add(const Proxy::Args& more = {}) {
    Proxy::Args args = {"--memcached-timeout", "1s"};
    args.insert(args.end(), more.begin(), more.end());
    return fleet_.add(args);
  }
  void expect_right(const Proxy& proxy, const std::string& prompt, const std::string& x_cache) {
    const Response response = proxy.ask(chat_request({.prompt = prompt}));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(content_of(response), "to " + prompt);
    expect_cache(response, x_cache);
  }
  // That what one records the other finds again in Memcached.
  void wait_until_shared(const Proxy& from, const Proxy& to) {
    std::string last = unique_prompt();
    eventually("the processes share again", [&] {
      const bool shared = is_cached(to, {.prompt = last});
      last = unique_prompt();
      from.ask(chat_request({.prompt = last}));
      return shared;
    });
  }

  ScriptedUpstream upstream_{each_request([](const Request& request) {
    const std::string prompt = json_at(request.body, "/messages/0/content");
    return json_response(chat_answer("to " + prompt));
  })};
  Fleet fleet_{upstream_};
  const std::string address_ = fleet_.addresses();
};

TEST_F(MemcachedFailure, AServerThatAnswersIsUp) {
  Proxy& first = add();
  Proxy& second = add();
  wait_until_shared(first, second);
  wait_for_state(second, address_, "up");
  const std::string stats = second.ask_admin(get("/stats"), "GET").body;
  EXPECT_NE(json_at(stats, "/memcached/hits"), "0");
  EXPECT_NE(json_at(stats, "/memcached/misses"), "0");
  EXPECT_EQ(json_at(stats, "/memcached/timeouts"), "0");
  EXPECT_EQ(lines_that_say(second, address_, "down"), 0U);
}

TEST_F(MemcachedFailure, GoneFromTheStartCostsNoAnswer) {
  fleet_.server().kill();
  Proxy& first = add();
  for (int i = 0; i < 20; ++i) {
    expect_right(first, "q" + std::to_string(i), "MISS");
    expect_right(first, "q" + std::to_string(i), "HIT");
  }
  wait_for_state(first, address_, "down");
  fleet_.server().restart();
  Proxy& second = add();
  wait_until_shared(first, second);
  wait_for_state(first, address_, "up");
}

TEST_F(MemcachedFailure, KilledItIsNotMissed) {
  Proxy& first = add();
  Proxy& second = add();
  fleet_.record(first, chat_request({.prompt = "before"}));
  fleet_.server().kill();
  expect_right(second, "before", "MISS");
  expect_right(first, "before", "HIT");
  for (int i = 0; i < 200; ++i) expect_right(second, "q" + std::to_string(i), "MISS");
  wait_for_state(second, address_, "down");
  EXPECT_EQ(lines_that_say(second, address_, "down"), 1U) << second.process().log();
  const size_t ups = lines_that_say(second, address_, "up");
  fleet_.server().restart();
  wait_until_shared(first, second);
  wait_for_state(second, address_, "up");
  eventually("the log says so", [&] { return lines_that_say(second, address_, "up") > ups; });
  EXPECT_EQ(lines_that_say(second, address_, "up"), ups + 1);
  EXPECT_EQ(lines_that_say(second, address_, "down"), 1U);
}

TEST_F(MemcachedFailure, StoppedItHoldsUpNobodyForLong) {
  Proxy& first = add();
  Proxy& second = add();
  fleet_.record(first, chat_request({.prompt = "before"}));
  wait_until_shared(first, second);
  fleet_.server().stop_answering();
  expect_right(second, "before", "MISS");
  for (int i = 0; i < 200; ++i) expect_right(second, "q" + std::to_string(i), "MISS");
  wait_for_state(second, address_, "down");
  EXPECT_EQ(lines_that_say(second, address_, "down"), 1U) << second.process().log();
  EXPECT_NE(json_at(second.ask_admin(get("/stats"), "GET").body, "/memcached/timeouts"), "0");
  fleet_.server().go_on();
  wait_until_shared(first, second);
  wait_for_state(second, address_, "up");
}

TEST_F(MemcachedFailure, StoppedItHoldsUpNoCrowd) {
  Proxy& proxy = add();
  fleet_.server().stop_answering();
  std::deque<RawClient> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(chat_request({.prompt = std::to_string(i % 10)}));
  }
  for (int i = 0; i < 100; ++i) {
    const Response response = clients[static_cast<size_t>(i)].read_response();
    EXPECT_EQ(content_of(response), "to " + std::to_string(i % 10));
  }
  EXPECT_EQ(upstream_.requests(), 10U);
  fleet_.server().go_on();
  wait_until_shared(proxy, add());
}

TEST_F(MemcachedFailure, StoppedItHoldsUpNoEnd) {
  Proxy& proxy = add({"--drain", "1s"});
  fleet_.record(proxy, chat_request());
  fleet_.server().stop_answering();
  expect_right(proxy, "q", "MISS");
  EXPECT_EQ(proxy.stop(), 0);
}

TEST_F(MemcachedFailure, EmptiedByARestartItIsFilledAgain) {
  Proxy& first = add();
  Proxy& second = add();
  fleet_.record(first, chat_request({.prompt = "before"}));
  fleet_.server().restart();
  expect_right(second, "before", "MISS");
  wait_until_shared(first, second);
  wait_until_shared(second, first);
}

TEST(MemcachedFull, AnswersAreRightAndTheServerIsUp) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    const std::string prompt = json_at(request.body, "/messages/0/content");
    return json_response(chat_answer(prompt + noise(20'000)));
  }));
  Fleet fleet(upstream, 1, {"-M", "-m", "2"});
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  constexpr int kQuestions = 400;
  for (int i = 0; i < kQuestions; ++i) {
    expect_cache(first.ask(chat_request({.prompt = std::to_string(i)})), "MISS");
  }
  eventually("something is shared", [&] { return is_cached(second, {.prompt = "0"}); });
  int hits = 0;
  for (int i = 0; i < kQuestions; ++i) {
    const std::string prompt = std::to_string(i);
    const Response response = second.ask(chat_request({.prompt = prompt}));
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.body == chat_answer(prompt + noise(20'000)));
    hits += response.x_cache() == "HIT" ? 1 : 0;
  }
  EXPECT_GT(hits, 10);
  EXPECT_LT(hits, kQuestions - 10);
  wait_for_state(second, fleet.addresses(), "up");
  EXPECT_EQ(lines_that_say(first, fleet.addresses(), "down"), 0U);
}

TEST(MemcachedTwoServers, OneThatIsStoppedHoldsUpNoneOfTheOthersKeys) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream, 2);
  const Proxy::Args patient = {"--memcached-timeout", "1s"};
  Proxy& first = fleet.add(patient);
  Proxy& second = fleet.add({"--memcached-timeout", "1s", "--memory", "0"});
  constexpr int kQuestions = 100;
  int on_second = 0;
  for (int i = 0; i < kQuestions; ++i) {
    const Response recorded = fleet.record(first, chat_request({.prompt = std::to_string(i)}));
    on_second += fleet.holder_of(recorded.get("X-Reprise-Key")) == 1 ? 1 : 0;
  }
  ASSERT_GT(on_second, 10);
  ASSERT_LT(on_second, kQuestions - 10);
  fleet.server(0).stop_answering();
  int hits = 0;
  for (int i = 0; i < kQuestions; ++i) {
    const Response response =
        second.ask(chat_request({.prompt = std::to_string(i), .headers = "X-Reprise-TTL: 0s\r\n"}));
    EXPECT_EQ(response.body, chat_answer("x"));
    hits += response.x_cache() == "HIT" ? 1 : 0;
  }
  EXPECT_EQ(hits, on_second);
  eventually("one is down", [&] { return state_of(second, 0) == "down"; });
  EXPECT_EQ(state_of(second, 1), "up");
  EXPECT_EQ(second.ask_admin(get("/readyz"), "GET").status, 200);
  fleet.server(0).go_on();
  eventually("it is up again", [&] { return state_of(second, 0) == "up"; });
  for (int i = 0; i < kQuestions; ++i) {
    expect_hit(second.ask(chat_request({.prompt = std::to_string(i)})), "memcached");
  }
}

TEST(MemcachedAddress, ThatIsNotMemcachedHarmsNobody) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  // Something that answers, but not in Memcached's words.
  ScriptedUpstream stranger([](UpstreamConnection& connection) {
    for (;;) {
      connection.read_raw();
      connection.send("VALUE r1:0 0 99999999999999999999\r\nHTTP/1.1 400 No\r\n\r\n");
    }
  });
  const std::string address = "127.0.0.1:" + std::to_string(stranger.port());
  Proxy proxy(upstream, {"--memcached", address, "--memcached-timeout", "300ms"});
  for (int i = 0; i < 20; ++i) {
    const std::string request = chat_request({.prompt = std::to_string(i)});
    expect_cache(proxy.ask(request), "MISS");
    expect_cache(proxy.ask(request), "HIT");
  }
  EXPECT_GT(stranger.connections(), 0U);
  eventually("it is down", [&] { return state_of(proxy) == "down"; });
  EXPECT_EQ(proxy.ask_admin(get("/readyz"), "GET").status, 200);
}

}  // namespace
}  // namespace reprise::e2e
