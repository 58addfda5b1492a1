// Whoever writes to the Memcached while an answer is shared in flight harms nobody's answer.
#include <gtest/gtest.h>

#include <vector>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

// With a secret, or without.
class HostileFlight : public testing::TestWithParam<bool> {
 protected:
  Proxy& add() {
    Proxy::Args args = {"--memcached-timeout", "1s"};
    if (GetParam()) args.insert(args.end(), {"--memcached-secret", secret_});
    return fleet_.add(args);
  }
  static std::string request(int number) {
    return chat_request({.prompt = "question " + std::to_string(number), .stream = true});
  }
  // Whole and right, or cut and right so far.
  void expect_right(RawClient& client, int number) {
    const Response response = client.read_rest();
    EXPECT_TRUE(held_.body(number).starts_with(response.body)) << response.body;
    if (response.whole) {
      EXPECT_EQ(response.body, held_.body(number));
    }
  }

  const std::string secret_ = file_with("a secret that is at least thirty-two letters long");
  HeldStreams held_;
  ScriptedUpstream upstream_{held_.script()};
  Fleet fleet_{upstream_};
  Proxy& first_ = add();
  Proxy& second_ = add();
};

TEST_P(HostileFlight, ForeignValuesEverywhere) {
  RawClient leader = follow(first_, request(1), "MISS", held_.begun(1));
  RawClient follower = follow(second_, request(1), "COALESCED", held_.begun(1));
  for (const std::string& name : fleet_.names()) fleet_.server().set(name, "hello");
  held_.rest.release();
  EXPECT_EQ(leader.read_rest().body, held_.body(1));
  expect_right(follower, 1);
  EXPECT_TRUE(second_.ask(request(2)).whole);
}

TEST_P(HostileFlight, ValuesOfOneAnswerInThePlacesOfAnother) {
  RawClient leader = follow(first_, request(1), "MISS", held_.begun(1));
  RawClient follower = follow(second_, request(1), "COALESCED", held_.begun(1));
  RawClient other_leader = follow(first_, request(2), "MISS", held_.begun(2));
  RawClient other_follower = follow(second_, request(2), "COALESCED", held_.begun(2));
  const std::set<std::string> found = fleet_.names();
  const std::vector<std::string> names(found.begin(), found.end());
  std::vector<std::string> values;
  for (const std::string& name : names) {
    values.push_back(fleet_.server().get(name).value_or("hello"));
  }
  for (size_t shift = 1; shift < names.size(); ++shift) {
    for (size_t i = 0; i < names.size(); ++i) {
      fleet_.server().set(names[i], values[(i + shift) % names.size()]);
    }
  }
  // Someone comes while nothing stands where it belongs.
  Proxy& third = add();
  RawClient late = third.connect();
  late.send(request(1));
  held_.rest.release();
  EXPECT_EQ(leader.read_rest().body, held_.body(1));
  EXPECT_EQ(other_leader.read_rest().body, held_.body(2));
  expect_right(follower, 1);
  expect_right(other_follower, 2);
  const Response answer = late.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body == held_.body(1) || answer.body == held_.body(3)) << answer.body;
}

TEST_P(HostileFlight, OneByteOfEachValueChanged) {
  RawClient leader = follow(first_, request(1), "MISS", held_.begun(1));
  RawClient follower = follow(second_, request(1), "COALESCED", held_.begun(1));
  for (const std::string& name : fleet_.names()) {
    std::string value = fleet_.server().get(name).value_or("");
    if (value.empty()) continue;
    value[value.size() / 2] = static_cast<char>(value[value.size() / 2] ^ 0x10);
    fleet_.server().set(name, value);
  }
  Proxy& third = add();
  RawClient late = third.connect();
  late.send(request(1));
  held_.rest.release();
  EXPECT_EQ(leader.read_rest().body, held_.body(1));
  expect_right(follower, 1);
  const Response answer = late.read_response();
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.whole);
  EXPECT_TRUE(answer.body == held_.body(1) || answer.body == held_.body(2)) << answer.body;
}

INSTANTIATE_TEST_SUITE_P(Memcached, HostileFlight, testing::Bool());

}  // namespace
}  // namespace reprise::e2e
