// What the admin listener says of files, and does to them.
#include <gtest/gtest.h>

#include "e2e/support/cassette.h"
#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

class CassetteAdmin : public testing::Test {
 protected:
  CassetteAdmin() {
    key_ =
        cassette_.record(Proxy(upstream_, cassette_.args()), chat_request()).get("X-Reprise-Key");
  }
  Proxy next() const { return Proxy(upstream_, cassette_.args()); }
  static int remove(const Proxy& proxy, const std::string& key) {
    return proxy.ask_admin("DELETE /entries/" + key + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .status;
  }

  ScriptedUpstream upstream_{always(json_response(chat_answer("x")))};
  const Cassette cassette_;
  std::string key_;
};

TEST_F(CassetteAdmin, ShowsAnEntryAndWhereItIs) {
  const Proxy proxy = next();
  const std::string entry = proxy.ask_admin(get("/entries/" + key_), "GET").body;
  EXPECT_EQ(json_at(entry, "/tier"), "cassette");
  EXPECT_EQ(json_at(entry, "/key"), key_);
  EXPECT_EQ(proxy.ask_admin(get("/entries/" + std::string(32, '0')), "GET").status, 404);
}

TEST_F(CassetteAdmin, ExplainsAHit) {
  const Proxy proxy = next();
  const std::string explanation =
      proxy.ask_admin(post("/explain/v1/chat/completions", chat_body({}))).body;
  EXPECT_EQ(json_at(explanation, "/decision"), "hit");
  EXPECT_EQ(json_at(explanation, "/tier"), "cassette");
  const std::string other =
      proxy.ask_admin(post("/explain/v1/chat/completions?key=" + key_, chat_body({.prompt = "o"})))
          .body;
  EXPECT_EQ(json_at(other, "/decision"), "miss");
  EXPECT_EQ(json_at(other, "/differs/0"), "messages");
}

TEST_F(CassetteAdmin, DeletingAnEntryRemovesItsFile) {
  {
    const Proxy proxy = next();
    EXPECT_EQ(remove(proxy, key_), 204);
    EXPECT_FALSE(std::filesystem::exists(cassette_.file(key_)));
    EXPECT_EQ(remove(proxy, key_), 404);
    EXPECT_FALSE(is_cached(proxy));
    cassette_.record(proxy, chat_request());
  }
  expect_hit(next().ask(chat_request()), "cassette");
}

TEST_F(CassetteAdmin, APurgeSurvivesARestart) {
  {
    const Proxy proxy = next();
    const Response purged = proxy.ask_admin(post("/purge", R"({"all":true})"));
    EXPECT_EQ(json_at(purged.body, "/cassette/kept"), "true");
    EXPECT_FALSE(is_cached(proxy));
  }
  EXPECT_TRUE(std::filesystem::exists(cassette_.file(key_)));
  const Proxy proxy = next();
  EXPECT_FALSE(is_cached(proxy));
  EXPECT_EQ(proxy.ask_admin(get("/entries/" + key_), "GET").status, 404);
  cassette_.record(proxy, chat_request());
  expect_hit(next().ask(chat_request()), "cassette");
}

TEST_F(CassetteAdmin, CountsLookupsAndStores) {
  const Proxy proxy = next();
  proxy.ask(chat_request());
  cassette_.record(proxy, chat_request({.prompt = "other"}));
  EXPECT_EQ(proxy.metric(R"(reprise_cassette_lookups_total{result="hit"})"), 1);
  EXPECT_EQ(proxy.metric(R"(reprise_cassette_lookups_total{result="miss"})"), 1);
  EXPECT_EQ(proxy.metric(R"(reprise_cassette_stores_total{result="stored"})"), 1);
}

TEST_F(CassetteAdmin, WhatCannotBeWrittenIsCountedAndNoErrorToAnybody) {
  Proxy proxy = next();
  std::filesystem::remove_all(cassette_.path());
  std::ofstream(cassette_.path()) << "a file";
  expect_cache(proxy.ask(chat_request()), "MISS");
  proxy.wait_for_metric(R"(reprise_cassette_stores_total{result="failed"})", 1);
  expect_hit(proxy.ask(chat_request()), "memory");
  EXPECT_TRUE(contains(proxy.process().log(), "cassette file not written"));
}

TEST(CassetteOptions, NeedADirectoryThatCanBeUsed) {
  const TempDir directory;
  const std::string file = directory.write("file", "");
  const Finished no_directory = run_reprise({{"--cassette", file}, {}, 0});
  EXPECT_EQ(no_directory.status, 2);
  EXPECT_TRUE(contains(no_directory.log, "--cassette \"" + file + "\"")) << no_directory.log;
  const Finished no_parent = run_reprise({{"--cassette", directory.path("a/b")}, {}, 0});
  EXPECT_EQ(no_parent.status, 2);
  EXPECT_TRUE(contains(no_parent.log, "No such file or directory")) << no_parent.log;
  const Finished checked = run_reprise({{"--check", "--cassette", directory.path("a")}, {}, 0});
  EXPECT_EQ(checked.status, 0) << checked.log;
  EXPECT_TRUE(contains(checked.output, "scope = \"global\"")) << checked.output;
  EXPECT_FALSE(std::filesystem::exists(directory.path("a")));
}

}  // namespace
}  // namespace reprise::e2e
