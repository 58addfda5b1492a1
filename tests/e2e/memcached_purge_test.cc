// A purge, or a deletion, reaches every process, those that start later too, and outlives servers.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <string>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

Response purge(const Proxy& proxy, const std::string& body) {
  Response response = proxy.ask_admin(post("/purge", body));
  EXPECT_EQ(response.status, 200) << response.body;
  return response;
}

int remove(const Proxy& proxy, const std::string& key) {
  return proxy.ask_admin("DELETE /entries/" + key + " HTTP/1.1\r\nHost: localhost\r\n\r\n").status;
}

std::string entry(const Proxy& proxy, const std::string& key) {
  return proxy.ask_admin(get("/entries/" + key), "GET").body;
}

void wait_until_gone(const Proxy& proxy, const Ask& ask = {}) {
  eventually("it is gone: " + ask.prompt, [&] { return !is_cached(proxy, ask); });
}

class FleetPurge : public testing::Test {
 protected:
  // Records on the first; afterwards both hold it in their memory.
  std::string record(const Ask& ask = {}) {
    const std::string request = chat_request(ask);
    std::string& key = keys_[request];
    // What was purged may still be there, and is no sign of what is stored now.
    for (size_t i = 0; i < 2 && !key.empty(); ++i) fleet_.server(i).remove(entry_name(key));
    key = fleet_.record(first_, request).get("X-Reprise-Key");
    expect_hit(second_.ask(request), "memcached");
    return key;
  }

  ScriptedUpstream upstream_{always(json_response(chat_answer("x")))};
  Fleet fleet_{upstream_, 2};
  Proxy& first_ = fleet_.add();
  Proxy& second_ = fleet_.add();
  std::map<std::string, std::string> keys_;  // by request
};

TEST_F(FleetPurge, OfAllReachesEveryProcess) {
  Proxy& third = fleet_.add({"--memory", "0"});
  record();
  EXPECT_TRUE(is_cached(third));
  purge(first_, R"({"all":true})");
  EXPECT_FALSE(is_cached(first_));
  wait_until_gone(second_);
  wait_until_gone(third);
  EXPECT_FALSE(is_cached(fleet_.add()));
  // What is asked afterwards is shared again.
  record();
  EXPECT_TRUE(is_cached(third));
  EXPECT_TRUE(is_cached(fleet_.add()));
}

TEST_F(FleetPurge, OfANamespaceLeavesOthers) {
  const Ask other{.headers = "X-Reprise-Namespace: n\r\n"};
  record();
  record(other);
  purge(first_, R"({"namespace":"n"})");
  wait_until_gone(second_, other);
  EXPECT_TRUE(is_cached(second_));
  Proxy& third = fleet_.add();
  EXPECT_FALSE(is_cached(third, other));
  EXPECT_TRUE(is_cached(third));
  purge(second_, R"({"namespace":""})");
  wait_until_gone(first_);
}

TEST_F(FleetPurge, OfAModelMeansTheOneAskedForAndTheOneThatAnswered) {
  for (const char* model : {"gpt-test", "gpt-test-2024"}) {
    record();
    purge(first_, R"({"model":"another"})");
    purge(first_, R"({"model":")" + std::string(model) + "\"}");
    wait_until_gone(second_);
    EXPECT_FALSE(is_cached(fleet_.add()));
  }
  record();
  purge(first_, R"({"model":"another"})");
  purge(first_, R"({"namespace":"unused"})");
  // Purges are learned in their order, so this one comes behind those that must not matter.
  const Ask marker{.prompt = "marker", .headers = "X-Reprise-Namespace: marker\r\n"};
  record(marker);
  purge(first_, R"({"namespace":"marker"})");
  wait_until_gone(second_, marker);
  EXPECT_TRUE(is_cached(second_));
}

TEST_F(FleetPurge, StaysWithinItsOwnNamespace) {
  Proxy& in_a = fleet_.add({"--namespace", "a"});
  Proxy& also_in_a = fleet_.add({"--namespace", "a"});
  record();
  fleet_.record(in_a, chat_request());
  expect_hit(also_in_a.ask(chat_request()), "memcached");
  purge(in_a, R"({"all":true})");
  wait_until_gone(also_in_a);
  EXPECT_TRUE(is_cached(second_));
  EXPECT_TRUE(is_cached(fleet_.add()));
}

TEST_F(FleetPurge, OfOneEntryReachesEveryProcess) {
  const Ask kept{.prompt = "kept"};
  const std::string key = record();
  record(kept);
  EXPECT_EQ(remove(first_, key), 204);
  EXPECT_FALSE(is_cached(first_));
  wait_until_gone(second_);
  Proxy& third = fleet_.add();
  EXPECT_FALSE(is_cached(third));
  EXPECT_TRUE(is_cached(third, kept));
  EXPECT_TRUE(is_cached(second_, kept));
  EXPECT_FALSE(fleet_.server(0).get(entry_name(key)) || fleet_.server(1).get(entry_name(key)));
  record();
}

TEST_F(FleetPurge, OfOneEntryWorksWhereverItIsHeld) {
  const std::string key = fleet_.record(first_, chat_request()).get("X-Reprise-Key");
  EXPECT_EQ(remove(second_, std::string(32, '0')), 404);
  EXPECT_EQ(remove(second_, key), 204) << "only Memcached held it";
  wait_until_gone(first_);
  EXPECT_EQ(remove(second_, key), 404);
  // Held by another process's memory alone it is removed there, although this one cannot know it.
  const std::string other =
      fleet_.record(first_, chat_request({.prompt = "other"})).get("X-Reprise-Key");
  fleet_.server(fleet_.holder_of(other)).remove(entry_name(other));
  EXPECT_EQ(remove(second_, other), 404);
  wait_until_gone(first_, {.prompt = "other"});
}

TEST_F(FleetPurge, AnEntryInMemcachedIsDescribedAndExplained) {
  const std::string key = fleet_.record(first_, chat_request()).get("X-Reprise-Key");
  const std::string there = entry(second_, key);
  EXPECT_EQ(json_at(there, "/tier"), "memcached") << there;
  EXPECT_EQ(json_at(there, "/key"), key);
  const std::string here = entry(first_, key);
  EXPECT_EQ(json_at(here, "/tier"), "memory") << here;
  for (const char* member : {"/route", "/form", "/model", "/finish_reason", "/usage/total_tokens",
                             "/stored", "/duration_ms", "/bytes"}) {
    EXPECT_EQ(json_at(there, member), json_at(here, member)) << member;
  }
  const Ask asked{.path = "/explain/v1/chat/completions"};
  const std::string told = second_.ask_admin(chat_request(asked)).body;
  EXPECT_EQ(json_at(told, "/decision"), "hit") << told;
  EXPECT_EQ(json_at(told, "/tier"), "memcached") << told;
  const Response compared = second_.ask_admin(
      chat_request({.members = R"(,"seed":2)", .path = "/explain/v1/chat/completions?key=" + key}));
  EXPECT_EQ(json_at(compared.body, "/differs"), R"(["seed"])") << compared.body;
  // Looking is not asking: nothing of it came into its memory.
  expect_hit(second_.ask(chat_request()), "memcached");
  EXPECT_EQ(json_at(entry(second_, key), "/tier"), "memory");
  EXPECT_EQ(upstream_.requests(), 1U);
}

class LostServer : public FleetPurge, public testing::WithParamInterface<bool> {};

// Whichever of two servers is lost, and whether for good or emptied.
TEST_P(LostServer, ThatHeldNoneOfTheEntryForgetsNoPurge) {
  const std::string key = record();
  purge(first_, R"({"all":true})");
  wait_until_gone(second_);
  // One that a server may still hold, even though it was purged.
  servers::MemcachedServer& lost = fleet_.server(1 - std::min<size_t>(fleet_.holder_of(key), 1));
  if (GetParam()) {
    lost.restart();
  } else {
    lost.kill();
  }
  const Proxy::Args hasty = {"--memcached-timeout", "1s"};
  EXPECT_FALSE(is_cached(fleet_.add(hasty)));
}

INSTANTIATE_TEST_SUITE_P(Memcached, LostServer, testing::Bool());

TEST(FleetPurgeRecovery, AProcessThatKnowsAPurgePutsItBack) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  const std::string key = fleet.record(first, chat_request()).get("X-Reprise-Key");
  const std::string value = fleet.server().get(entry_name(key)).value();
  const Ask kept{.prompt = "kept", .headers = "X-Reprise-Namespace: kept\r\n"};
  const std::string kept_key = fleet.record(first, chat_request(kept)).get("X-Reprise-Key");
  const std::string kept_value = fleet.server().get(entry_name(kept_key)).value();
  purge(first, R"({"namespace":""})");
  fleet.server().restart();
  eventually("the purge is there again", [&] { return !fleet.names().empty(); });
  // As if another server had kept them.
  fleet.server().set(entry_name(key), value);
  fleet.server().set(entry_name(kept_key), kept_value);
  Proxy& second = fleet.add();
  EXPECT_FALSE(is_cached(second));
  EXPECT_TRUE(is_cached(second, kept));
}

TEST(FleetPurgeRecovery, ADeletionIsPutBackToo) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  const std::string key = fleet.record(first, chat_request()).get("X-Reprise-Key");
  const std::string value = fleet.server().get(entry_name(key)).value();
  EXPECT_EQ(remove(first, key), 204);
  fleet.server().restart();
  eventually("the deletion is there again", [&] { return !fleet.names().empty(); });
  fleet.server().set(entry_name(key), value);
  EXPECT_FALSE(is_cached(fleet.add()));
  EXPECT_FALSE(is_cached(first));
}

TEST(FleetPurgeRecovery, ManyDeletionsForgetNone) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const std::string key = fleet.record(first, chat_request()).get("X-Reprise-Key");
  const std::string value = fleet.server().get(entry_name(key)).value();
  EXPECT_TRUE(is_cached(second));
  EXPECT_EQ(remove(first, key), 204);
  // More than any journal of them may hold.
  RawClient admin = first.connect_admin();
  for (int i = 0; i < 5000; ++i) {
    std::array<char, 33> unknown{};
    std::snprintf(unknown.data(), unknown.size(), "%032x", i);
    admin.send("DELETE /entries/" + std::string(unknown.data()) +
               " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_EQ(admin.read_response("DELETE").status, 404);
  }
  wait_until_gone(second);
  fleet.server().set(entry_name(key), value);
  EXPECT_FALSE(is_cached(first));
  EXPECT_FALSE(is_cached(fleet.add()));
}

TEST(FleetPurgeRecovery, APurgeWithoutMemcachedReachesTheFleetLater) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Fleet fleet(upstream);
  const Proxy::Args hasty = {"--memcached-timeout", "300ms"};
  Proxy& first = fleet.add(hasty);
  Proxy& second = fleet.add(hasty);
  fleet.record(first, chat_request());
  eventually("it is in both memories", [&] { return is_cached(second); });
  fleet.server().kill();
  purge(first, R"({"all":true})");
  EXPECT_FALSE(is_cached(first));
  fleet.server().restart();
  wait_until_gone(second);
}

TEST(FleetPurgeFlight, OneBegunBeforeIsNeitherStoredNorFollowed) {
  HeldStreams held;
  ScriptedUpstream upstream(held.script());
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const std::string request = chat_request({.stream = true});
  RawClient before = follow(first, request, "MISS", held.begun(1));
  purge(second, R"({"all":true})");
  // The other process knows the purge; the one with the flight learns of it.
  RawClient after = follow(second, request, "MISS", held.begun(2));
  held.rest.release();
  EXPECT_EQ(before.read_rest().body, held.body(1));
  EXPECT_EQ(after.read_rest().body, held.body(2));
  Proxy& third = fleet.add({"--memory", "0"});
  eventually("the later answer is shared", [&] { return is_cached(third, {.stream = true}); });
  EXPECT_EQ(third.ask(request).body, held.body(2));
  EXPECT_EQ(upstream.requests(), 2U);
}

}  // namespace
}  // namespace reprise::e2e
