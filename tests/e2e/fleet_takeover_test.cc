// The process that asks upstream for all may die, hang, wake up again or be told to forget: one of
// the others goes on, and the newest answer stays.
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

const std::string kRequest = chat_request({.stream = true});

std::string answer_of(int request) {
  return chat_stream({"answer ", std::to_string(request), "."});
}

// Says nothing until it may; then answers each request by its number.
class Silent {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        connection.read_request();
        const int request = ++count_;
        connection.wait(may_answer);
        connection.send(stream_response(answer_of(request)));
      }
    };
  }
  Latch may_answer;

 private:
  std::atomic<int> count_{0};
};

class FleetTakeover : public testing::Test {
 protected:
  RawClient ask(const Proxy& proxy) {
    RawClient client = proxy.connect();
    client.send(kRequest);
    return client;
  }
  // Asks this process, which leads, and that one, which follows.
  void start() {
    clients_.push_back(ask(first_));
    upstream_.wait_for_requests(1);
    clients_.push_back(ask(second_));
    eventually("it follows", [&] { return fleet_.followed(); });
  }

  Silent silent_;
  ScriptedUpstream upstream_{silent_.script()};
  Fleet fleet_{upstream_};
  Proxy& first_ = fleet_.add();
  Proxy& second_ = fleet_.add();
  std::deque<RawClient> clients_;
};

TEST_F(FleetTakeover, OneOfManyFollowersLeadsNext) {
  start();
  for (int i = 0; i < 3; ++i) clients_.push_back(ask(fleet_.add()));
  Proxy& last = fleet_.add();
  clients_.push_back(ask(last));
  clients_.push_back(ask(last));
  first_.process().signal(SIGKILL);
  EXPECT_EQ(first_.process().wait_exit(), -SIGKILL);
  eventually("one of them asks", [&] { return upstream_.requests() == 2; });
  silent_.may_answer.release();
  clients_.pop_front();
  for (RawClient& client : clients_) {
    const Response response = client.read_response();
    EXPECT_EQ(response.status, 200);
    EXPECT_TRUE(response.whole);
    EXPECT_EQ(response.body, answer_of(2));
  }
  EXPECT_EQ(upstream_.requests(), 2U);
}

TEST_F(FleetTakeover, AHangingProcessDisturbsNobodyWhenItWakes) {
  start();
  first_.process().signal(SIGSTOP);
  eventually("the follower asks", [&] { return upstream_.requests() == 2; });
  silent_.may_answer.release();
  const Response followed = clients_[1].read_response();
  EXPECT_EQ(followed.body, answer_of(2));
  fleet_.wait_stored(followed.get("X-Reprise-Key"));
  first_.process().signal(SIGCONT);
  const Response own = clients_[0].read_response();
  EXPECT_TRUE(own.whole);
  EXPECT_EQ(own.body, answer_of(1));
  // Its store, if it tried one, comes before this one.
  fleet_.record(first_, chat_request({.prompt = "another", .stream = true}));
  EXPECT_EQ(fleet_.add().ask(kRequest).body, answer_of(2));
  EXPECT_EQ(upstream_.requests(), 3U);
}

// Whoever follows inherits no process's giving up.
TEST_F(FleetTakeover, WhoeverCameJustBeforeTheLeaderGaveUpIsAnswered) {
  start();
  clients_.pop_front();
  first_.wait_for_metric("reprise_requests_total", 1);
  silent_.may_answer.release();
  const Response response = clients_[0].read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.whole);
  EXPECT_TRUE(response.body == answer_of(1) || response.body == answer_of(2)) << response.body;
}

TEST_F(FleetTakeover, AProcessThatIsCutWhileItDrainsIsReplaced) {
  Proxy& hasty = fleet_.add({"--drain", "1s"});
  RawClient leader = ask(hasty);
  upstream_.wait_for_requests(1);
  RawClient follower = ask(second_);
  eventually("it follows", [&] { return fleet_.followed(); });
  EXPECT_EQ(hasty.stop(), 0);
  silent_.may_answer.release();
  const Response response = follower.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, answer_of(2));
}

TEST(FleetHang, FollowersOfAHangingProcessAreCut) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = follow(first, kRequest, "MISS", held.begun(1));
  RawClient follower = follow(second, kRequest, "COALESCED", held.begun(1));
  first.process().signal(SIGSTOP);
  const Response torn = follower.read_rest();
  EXPECT_FALSE(torn.whole);
  EXPECT_EQ(torn.body, held.begun(1));
  RawClient anew = follow(second, kRequest, "MISS", held.begun(2));
  held.rest.release();
  first.process().signal(SIGCONT);
  EXPECT_EQ(anew.read_rest().body, held.body(2));
  EXPECT_EQ(leader.read_rest().body, held.body(1));
}

TEST(FleetHang, ADeletionEndsSharingOfTheFlight) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient leader = first.connect();
  leader.send(kRequest);
  const std::string key = leader.read_head().fields.get("X-Reprise-Key");
  leader.read_until(held.begun(1));
  RawClient follower = follow(second, kRequest, "COALESCED", held.begun(1));
  second.ask_admin("DELETE /entries/" + key + " HTTP/1.1\r\nHost: localhost\r\n\r\n", "DELETE");
  Proxy& third = fleet.add();
  RawClient anew = follow(third, kRequest, "MISS", held.begun(2));
  held.rest.release();
  EXPECT_EQ(leader.read_rest().body, held.body(1));
  EXPECT_EQ(follower.read_rest().body, held.body(1));
  EXPECT_EQ(anew.read_rest().body, held.body(2));
  Proxy& fourth = fleet.add({"--memory", "0"});
  eventually("the later answer is shared", [&] { return is_cached(fourth, {.stream = true}); });
  EXPECT_EQ(fourth.ask(kRequest).body, held.body(2));
}

TEST(FleetHang, ASlowFollowerSlowsNobody) {
  // More than fits into socket buffers, less than an entry may hold.
  const std::string body = chat_answer(noise(6 << 20));
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    const std::string answer = json_response(body);
    connection.send(answer.substr(0, 1000));
    connection.wait(joined);
    connection.send(answer.substr(1000));
    connection.wait_closed();
  });
  Fleet fleet(upstream);
  Proxy& second = fleet.add();
  RawClient leader = follow(fleet.add(), chat_request(), "MISS");
  RawClient slow = follow(second, chat_request(), "COALESCED");
  RawClient fast = follow(second, chat_request(), "COALESCED");
  joined.release();
  EXPECT_TRUE(leader.read_rest().body == body);
  EXPECT_TRUE(fast.read_rest().body == body);
  EXPECT_TRUE(slow.read_rest().body == body);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetHang, AnAbandonedAnswerThatIsFinishedIsSharedAfterwards) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add({"--on-abort", "finish"});
  Proxy& second = fleet.add();
  std::string key;
  {
    RawClient client = first.connect();
    client.send(kRequest);
    key = client.read_head().fields.get("X-Reprise-Key");
    client.read_until(held.begun(1));
  }
  first.wait_for_metric("reprise_requests_total", 1);
  held.rest.release();
  fleet.wait_stored(key);
  const Response hit = second.ask(kRequest);
  expect_hit(hit, "memcached");
  EXPECT_EQ(hit.body, held.body(1));
}

TEST(FleetHang, ManyDifferentQuestionsAtOnceAreAllFound) {
  constexpr int kQuestions = 400;
  ScriptedUpstream upstream(each_request([](const Request& request) {
    return json_response(chat_answer("to " + json_at(request.body, "/messages/0/content")));
  }));
  Fleet fleet(upstream, 2);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const auto request = [](int i) { return chat_request({.prompt = std::to_string(i)}); };
  RawClient recorder = first.connect();
  std::string key;
  for (int i = 0; i < kQuestions; ++i) {
    recorder.send(request(i));
    key = recorder.read_response().get("X-Reprise-Key");
    if (i + 20 > kQuestions) fleet.wait_stored(key);
  }
  std::deque<RawClient> clients;
  for (int i = 0; i < kQuestions; ++i) clients.push_back(second.connect());
  for (int i = 0; i < kQuestions; ++i) clients[static_cast<size_t>(i)].send(request(i));
  for (int i = 0; i < kQuestions; ++i) {
    const Response hit = clients[static_cast<size_t>(i)].read_response();
    expect_hit(hit, "memcached");
    EXPECT_EQ(content_of(hit), "to " + std::to_string(i));
  }
  EXPECT_EQ(upstream.requests(), static_cast<size_t>(kQuestions));
}

}  // namespace
}  // namespace reprise::e2e
