// A shared flight that fails, or whose process or clients go, leaves nobody hanging and nobody with
// half of one answer and half of another.
#include <gtest/gtest.h>
#include <signal.h>

#include <functional>
#include <optional>
#include <utility>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

const std::string kRequest = chat_request({.stream = true});

void kill_at_once(Proxy& proxy) {
  proxy.process().signal(SIGKILL);
  EXPECT_EQ(proxy.process().wait_exit(), -SIGKILL);
}

// Answers requests by what the test says, as soon as it may.
class HeldAnswers {
 public:
  explicit HeldAnswers(std::function<std::string(int)> answer) : answer_(std::move(answer)) {}
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      for (;;) {
        connection.read_request();
        const int request = ++count_;
        connection.wait(may_answer);
        connection.send(answer_(request));
      }
    };
  }
  Latch may_answer;

 private:
  std::function<std::string(int)> answer_;
  std::atomic<int> count_{0};
};

// A process with a flight of which upstream has said nothing, and another one that follows it.
class BeforeTheHead : public testing::Test {
 protected:
  void start(ScriptedUpstream& upstream, const std::string& request,
             const Proxy::Args& options = {}) {
    fleet_.emplace(upstream);
    first_ = &fleet_->add(options);
    second_ = &fleet_->add(options);
    leader_.emplace(first_->connect());
    leader_->send(request);
    upstream.wait_for_requests(1);
    follower_.emplace(second_->connect());
    follower_->send(request);
    eventually("it follows", [&] { return fleet_->followed(); });
  }

  std::optional<Fleet> fleet_;
  Proxy* first_ = nullptr;
  Proxy* second_ = nullptr;
  std::optional<RawClient> leader_;
  std::optional<RawClient> follower_;
};

TEST_F(BeforeTheHead, TheHeadReachesTheFollower) {
  HeldAnswers answers(
      [](int request) { return json_response(chat_answer("answer " + std::to_string(request))); });
  ScriptedUpstream upstream(answers.script());
  start(upstream, chat_request());
  answers.may_answer.release();
  for (RawClient* client : {&*leader_, &*follower_}) {
    EXPECT_EQ(content_of(client->read_response()), "answer 1");
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_F(BeforeTheHead, WithinScopeKeyAnErrorAnswerGoesToTheFollowerToo) {
  HeldAnswers answers([](int) { return error_response(429, "Retry-After: 7\r\n"); });
  ScriptedUpstream upstream(answers.script());
  start(upstream, chat_request());
  answers.may_answer.release();
  for (RawClient* client : {&*leader_, &*follower_}) {
    const Response response = client->read_response();
    EXPECT_EQ(response.status, 429);
    EXPECT_EQ(response.get("Retry-After"), "7");
    EXPECT_EQ(json_at(response.body, "/error/code"), "c");
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_F(BeforeTheHead, InScopeGlobalTheFollowerAsksForItself) {
  HeldAnswers answers([](int request) {
    return request == 1 ? error_response(401) : json_response(chat_answer("own"));
  });
  ScriptedUpstream upstream(answers.script());
  start(upstream, chat_request(), {"--scope", "global"});
  answers.may_answer.release();
  EXPECT_EQ(leader_->read_response().status, 401);
  const Response own = follower_->read_response();
  EXPECT_EQ(own.status, 200);
  EXPECT_EQ(content_of(own), "own");
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST_F(BeforeTheHead, AFollowerTakesOverFromAProcessThatDied) {
  HeldAnswers answers([](int request) {
    return stream_response(chat_stream({"answer " + std::to_string(request)}));
  });
  ScriptedUpstream upstream(answers.script());
  start(upstream, kRequest);
  kill_at_once(*first_);
  // The request goes out again once the dead process's lease has run out.
  eventually("the follower asks", [&] { return upstream.requests() == 2; });
  answers.may_answer.release();
  const Response response = follower_->read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(response.body, chat_stream({"answer 2"}));
  EXPECT_EQ(fleet_->add().ask(kRequest).body, chat_stream({"answer 2"}));
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST_F(BeforeTheHead, WithoutMemcachedTheFollowerAsksForItself) {
  HeldAnswers answers([](int request) {
    return stream_response(chat_stream({"answer " + std::to_string(request)}));
  });
  ScriptedUpstream upstream(answers.script());
  start(upstream, kRequest, {"--memcached-timeout", "500ms"});
  fleet_->server().kill();
  eventually("the follower asks", [&] { return upstream.requests() == 2; });
  answers.may_answer.release();
  EXPECT_EQ(leader_->read_response().body, chat_stream({"answer 1"}));
  EXPECT_EQ(follower_->read_response().body, chat_stream({"answer 2"}));
}

class AfterTheFirstEvent : public testing::Test {
 protected:
  RawClient lead() { return follow(first_, kRequest, "MISS", held_.begun(1)); }
  RawClient follow_on(const Proxy& proxy) {
    return follow(proxy, kRequest, "COALESCED", held_.begun(1));
  }

  HeldStreams held_;
  ScriptedUpstream upstream_{held_.script()};
  Fleet fleet_{upstream_};
  Proxy& first_ = fleet_.add({"--memcached-timeout", "500ms"});
  Proxy& second_ = fleet_.add({"--memcached-timeout", "500ms"});
};

TEST_F(AfterTheFirstEvent, FollowersOfAProcessThatDiedAreCut) {
  RawClient leader = lead();
  RawClient follower = follow_on(second_);
  RawClient another = follow_on(fleet_.add());
  kill_at_once(first_);
  for (RawClient* client : {&follower, &another}) {
    const Response torn = client->read_rest();
    EXPECT_FALSE(torn.whole);
    EXPECT_EQ(torn.body, held_.begun(1));
  }
  held_.rest.release();
  eventually("the question can be asked again", [&] {
    const Response anew = second_.ask(kRequest);
    const int request = static_cast<int>(upstream_.requests());
    return anew.whole && request > 1 && anew.body == held_.body(request);
  });
}

TEST(FleetFlightBroken, FollowersOfABrokenAnswerAreCut) {
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(joined);
    connection.connection().reset();
  });
  Fleet fleet(upstream);
  std::deque<RawClient> clients;
  clients.push_back(follow(fleet.add(), kRequest, "MISS", chat_event("one")));
  for (int i = 0; i < 2; ++i) {
    clients.push_back(follow(fleet.add(), kRequest, "COALESCED", chat_event("one")));
  }
  joined.release();
  for (RawClient& client : clients) {
    const Response torn = client.read_rest();
    EXPECT_FALSE(torn.whole);
    EXPECT_EQ(torn.body, chat_event("one"));
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_F(AfterTheFirstEvent, WithoutMemcachedAFollowerIsWholeOrCut) {
  RawClient leader = lead();
  RawClient follower = follow_on(second_);
  fleet_.server().kill();
  held_.rest.release();
  const Response own = leader.read_rest();
  EXPECT_TRUE(own.whole);
  EXPECT_EQ(own.body, held_.body(1));
  const Response followed = follower.read_rest();
  EXPECT_EQ(followed.body, followed.whole ? held_.body(1) : held_.begun(1));
}

TEST_F(AfterTheFirstEvent, AStoppedMemcachedLeavesNoFollowerHanging) {
  RawClient leader = lead();
  RawClient follower = follow_on(second_);
  fleet_.server().stop_answering();
  held_.rest.release();
  EXPECT_EQ(leader.read_rest().body, held_.body(1));
  const Response followed = follower.read_rest();
  EXPECT_EQ(followed.body, followed.whole ? held_.body(1) : held_.begun(1));
  fleet_.server().go_on();
}

TEST_F(AfterTheFirstEvent, AnEmptiedMemcachedMixesNoAnswers) {
  RawClient leader = lead();
  RawClient follower = follow_on(second_);
  fleet_.server().flush();
  // Someone else may lead now.
  RawClient third = fleet_.add().connect();
  third.send(kRequest);
  held_.rest.release();
  EXPECT_EQ(leader.read_rest().body, held_.body(1));
  const Response followed = follower.read_rest();
  EXPECT_EQ(followed.body, followed.whole ? held_.body(1) : held_.begun(1));
  const Response other = third.read_response();
  EXPECT_TRUE(other.whole);
  EXPECT_TRUE(other.body == held_.body(1) || other.body == held_.body(2)) << other.body;
}

TEST_F(AfterTheFirstEvent, AFollowerElsewhereKeepsTheFlightAlive) {
  RawClient follower = [&] {
    const RawClient leader = lead();
    return follow_on(second_);
  }();
  // The process whose client has left has seen that it has.
  first_.wait_for_metric("reprise_requests_total", 1);
  EXPECT_EQ(upstream_.open_connections(), 1U);
  RawClient late = follow_on(fleet_.add());
  held_.rest.release();
  for (RawClient* client : {&follower, &late}) {
    const Response response = client->read_rest();
    EXPECT_TRUE(response.whole);
    EXPECT_EQ(response.body, held_.body(1));
  }
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(AfterTheFirstEvent, AProcessThatEndsInOrderLetsItsFollowersFinish) {
  RawClient leader = lead();
  RawClient follower = follow_on(second_);
  first_.process().signal(SIGTERM);
  first_.process().wait_log("drain");
  held_.rest.release();
  for (RawClient* client : {&leader, &follower}) {
    const Response response = client->read_rest();
    EXPECT_TRUE(response.whole);
    EXPECT_EQ(response.body, held_.body(1));
  }
  EXPECT_EQ(first_.process().wait_exit(), 0);
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST(FleetFlightAbandoned, TheLastOfAllAskersClosesTheUpstreamConnection) {
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
    closed.release();
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  {
    std::deque<RawClient> clients;
    clients.push_back(follow(first, kRequest, "MISS", chat_event("one")));
    clients.push_back(follow(fleet.add(), kRequest, "COALESCED", chat_event("one")));
    clients.push_back(follow(fleet.add(), kRequest, "COALESCED", chat_event("one")));
    clients.pop_front();
    first.wait_for_metric("reprise_requests_total", 1);
    EXPECT_FALSE(closed.released());
  }
  closed.wait();
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(FleetFlightOutgrown, FollowersOfOneThatOutgrowsAnEntryFinishOrAreCut) {
  const std::string much = chat_event(noise(64 * 1024));
  const std::string all = chat_event("one") + much + chat_finish() + std::string(kDoneEvent);
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait(joined);
    connection.send(chunk(much + chat_finish() + std::string(kDoneEvent)) +
                    std::string(kLastChunk));
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add({"--max-object", "16KiB"});
  Proxy& second = fleet.add({"--max-object", "16KiB"});
  RawClient leader = follow(first, kRequest, "MISS", chat_event("one"));
  RawClient follower = follow(second, kRequest, "COALESCED", chat_event("one"));
  joined.release();
  const Response own = leader.read_rest();
  EXPECT_TRUE(own.whole);
  EXPECT_TRUE(own.body == all);
  const Response followed = follower.read_rest();
  EXPECT_TRUE(followed.whole ? followed.body == all : all.starts_with(followed.body));
}

}  // namespace
}  // namespace reprise::e2e
