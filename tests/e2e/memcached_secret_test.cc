// With a secret, whoever reads the Memcached learns nothing, and whoever writes to it forges
// nothing.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

const std::string kSecret = "a secret that is at least thirty-two letters long";

class MemcachedSecret : public testing::Test {
 protected:
  Proxy& add(const std::string& secret, Proxy::Args more = {}) {
    more.insert(more.end(), {"--memcached-secret", file_with(secret)});
    return fleet_.add(more);
  }

  // That nothing in Memcached tells of the question, the answer or the key.
  void expect_nothing_told(const std::string& key) {
    fleet_.biggest();
    const std::string all = fleet_.everything();
    for (const std::string& told :
         {std::string("prompt-word"), std::string("answer-word"), std::string("gpt-test"),
          std::string("sk-alice"), std::string("chat/completions"), std::string("chatcmpl"), key,
          key.substr(0, 12)}) {
      EXPECT_FALSE(contains(all, told)) << told;
    }
    for (const std::string& name : fleet_.names()) {
      EXPECT_TRUE(matches(name, "r1:[0-9a-f]{32}")) << name;
    }
  }

  const Ask ask_{.prompt = "prompt-word"};
  // Not repeated, so that no coding hides it.
  ScriptedUpstream upstream_{always(json_response(chat_answer("answer-word")))};
  Fleet fleet_{upstream_};
};

TEST_F(MemcachedSecret, IsSharedByThoseWhoHaveIt) {
  Proxy& first = add(kSecret);
  Proxy& second = add(kSecret);
  const std::string key = first.ask(chat_request(ask_)).get("X-Reprise-Key");
  Fleet::wait_shared(second, key);
  expect_nothing_told(key);
  const Response hit = second.ask(chat_request(ask_));
  expect_hit(hit, "memcached");
  EXPECT_EQ(hit.body, chat_answer("answer-word"));
  EXPECT_EQ(hit.get("X-Reprise-Key"), key);
  expect_nothing_told(key);
}

TEST_F(MemcachedSecret, OthersSeeNothing) {
  Proxy& first = add(kSecret);
  Proxy& second = add(kSecret);
  Proxy& other = add(kSecret + "!");
  Proxy& none = fleet_.add();
  const std::string key = first.ask(chat_request(ask_)).get("X-Reprise-Key");
  Fleet::wait_shared(second, key);
  EXPECT_FALSE(is_cached(other, ask_));
  EXPECT_FALSE(is_cached(none, ask_));
  expect_cache(other.ask(chat_request(ask_)), "MISS");
  expect_cache(none.ask(chat_request(ask_)), "MISS");
  // Nor do they take each other's place.
  eventually("the plain entry is there", [&] { return fleet_.holder_of(key) == 0; });
  expect_hit(second.ask(chat_request(ask_)), "memcached");
}

TEST_F(MemcachedSecret, NothingIsForged) {
  Proxy& first = add(kSecret);
  Proxy& reader = add(kSecret, {"--memory", "0"});
  Proxy& other = add(kSecret + "!");
  Proxy& none = fleet_.add();
  fleet_.wait_stored(none.ask(chat_request(ask_)).get("X-Reprise-Key"));
  const std::string plain = fleet_.server().get(fleet_.biggest()).value();
  fleet_.server().flush();
  const std::string key = other.ask(chat_request(ask_)).get("X-Reprise-Key");
  Fleet::wait_shared(add(kSecret + "!"), key);
  const std::string sealed_otherwise = fleet_.server().get(fleet_.biggest()).value();
  fleet_.server().flush();
  first.ask(chat_request(ask_));
  Fleet::wait_shared(reader, key);
  const std::string name = fleet_.biggest();
  const std::string right = fleet_.server().get(name).value();
  for (const std::string& forged : {plain, sealed_otherwise}) {
    fleet_.server().set(name, forged);
    EXPECT_FALSE(is_cached(reader, ask_));
    // Nor under the name that it would have without a secret.
    fleet_.server().set(entry_name(key), forged);
    EXPECT_FALSE(is_cached(reader, ask_));
  }
  fleet_.server().set(entry_name(key), right);
  EXPECT_FALSE(is_cached(fleet_.add(), ask_));
  fleet_.server().set(name, right);
  EXPECT_TRUE(is_cached(reader, ask_));
}

TEST_F(MemcachedSecret, APurgeIsNotForged) {
  Proxy& first = add(kSecret);
  Proxy& second = add(kSecret);
  Proxy& none = fleet_.add();
  const std::string key = first.ask(chat_request(ask_)).get("X-Reprise-Key");
  Fleet::wait_shared(second, key);
  EXPECT_EQ(none.ask_admin(post("/purge", R"({"all":true})")).status, 200);
  EXPECT_EQ(
      none.ask_admin("DELETE /entries/" + key + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status,
      404);
  // A purge by one of them reaches the other; the one before was no later than this one.
  first.ask(chat_request({.prompt = "victim", .headers = "X-Reprise-Namespace: v\r\n"}));
  const Ask victim{.prompt = "victim", .headers = "X-Reprise-Namespace: v\r\n"};
  eventually("it is shared", [&] { return is_cached(second, victim); });
  EXPECT_EQ(first.ask_admin(post("/purge", R"({"namespace":"v"})")).status, 200);
  eventually("it is purged", [&] { return !is_cached(second, victim); });
  EXPECT_TRUE(is_cached(second, ask_));
}

TEST_F(MemcachedSecret, ALargeAnswerIsSealedInEveryPart) {
  const std::string answer = chat_answer("answer-word " + noise(3 << 20) + " answer-word");
  ScriptedUpstream upstream(always(json_response(answer)));
  Fleet fleet(upstream);
  const Proxy::Args secret = {"--memcached-secret", file_with(kSecret)};
  Proxy& first = fleet.add(secret);
  Proxy& second = fleet.add(secret);
  first.ask(chat_request(ask_));
  eventually("it is shared", [&] { return is_cached(second, ask_); });
  EXPECT_TRUE(second.ask(chat_request(ask_)).body == answer);
  eventually("its parts are listed", [&] { return fleet.names().size() >= 3; });
  for (const std::string& name : fleet.names()) {
    EXPECT_TRUE(matches(name, "r1:[0-9a-f]{32}")) << name;
  }
  EXPECT_FALSE(contains(fleet.everything(), "answer-word"));
}

TEST(MemcachedSecretFlight, TellsNothingWhileItLasts) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  const Proxy::Args secret = {"--memcached-secret", file_with(kSecret)};
  Proxy& first = fleet.add(secret);
  Proxy& second = fleet.add(secret);
  const std::string request = chat_request({.prompt = "prompt-word", .stream = true});
  RawClient leader = follow(first, request, "MISS", held.begun(1));
  RawClient follower = follow(second, request, "COALESCED", held.begun(1));
  eventually("there is a lease, and what it promises", [&] { return fleet.names().size() > 2; });
  const std::string all = fleet.everything();
  for (const char* told : {"prompt-word", "begun", "gpt-test", "chatcmpl", "data:"}) {
    EXPECT_FALSE(contains(all, told)) << told;
  }
  for (const std::string& name : fleet.names()) {
    EXPECT_TRUE(matches(name, "r1:[0-9a-f]{32}")) << name;
  }
  held.rest.release();
  EXPECT_EQ(leader.read_rest().body, held.body(1));
  const Response followed = follower.read_rest();
  EXPECT_TRUE(followed.whole);
  EXPECT_EQ(followed.body, held.body(1));
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(MemcachedSecretFile, IsNamedWhenItCannotBeUsed) {
  const std::string empty = file_with("");
  for (const std::string& path : {empty, testing::TempDir() + "there-is-no-such-file"}) {
    const Finished finished =
        run_reprise({{"--memcached", "127.0.0.1:11211", "--memcached-secret", path}, {}, 0});
    EXPECT_EQ(finished.status, 2);
    EXPECT_TRUE(contains(finished.log, "memcached-secret")) << finished.log;
    EXPECT_TRUE(contains(finished.log, path)) << finished.log;
  }
}

}  // namespace
}  // namespace reprise::e2e
