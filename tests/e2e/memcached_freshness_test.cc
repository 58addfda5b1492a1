// An entry keeps its age and its ttl wherever it goes, and askers say the same about it everywhere.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

constexpr long kDay = 24 * 3600;

std::string with(const std::string& headers) { return chat_request({.headers = headers}); }

std::string cache_control(const std::string& value) {
  return with("Cache-Control: " + value + "\r\n");
}

class MemcachedFreshness : public testing::Test {
 protected:
  // How long Memcached keeps what a process with these options records by this request.
  long life_of(const Proxy::Args& options, const std::string& request) {
    const Response recorded = fleet_.record(fleet_.add(options), request);
    const long life = item_ttl(fleet_.server(), entry_name(recorded.get("X-Reprise-Key")));
    fleet_.server().flush();
    return life;
  }
  // Records; returns once the entry has expired for those who accept nothing stale.
  void record_expired(Proxy& first, const Proxy& second) {
    fleet_.record(first, with("X-Reprise-TTL: 100ms\r\n"));
    eventually("the entry expires", [&] { return !is_cached(second); });
  }

  Counting counting_;
  ScriptedUpstream upstream_{counting_.script()};
  Fleet fleet_{upstream_};
};

TEST_F(MemcachedFreshness, AnEntryKeepsItsTtlInOtherProcesses) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add({"--ttl", "10s"});
  fleet_.record(first, with("X-Reprise-TTL: 2h\r\n"));
  for (const char* tier : {"memcached", "memory"}) {
    const Response hit = second.ask(with("X-Reprise-TTL: 1s\r\n"));
    expect_hit(hit, tier);
    EXPECT_GT(ttl_of(hit), 7000);
    EXPECT_LE(ttl_of(hit), 7200);
  }
}

TEST_F(MemcachedFreshness, MemcachedKeepsAnEntryADayLongerThanItIsFresh) {
  // A time is sent in whole seconds.
  const auto about = [](long life, long wanted) {
    return life > wanted - 100 && life <= wanted + 2;
  };
  const std::string an_hour = with("X-Reprise-TTL: 1h\r\n");
  long life = life_of({}, an_hour);
  EXPECT_TRUE(about(life, 3600 + kDay)) << life;
  // More than 30 days would mean a time in 1970 if it were sent as a duration.
  life = life_of({"--ttl", "40d"}, chat_request());
  EXPECT_TRUE(about(life, 41 * kDay)) << life;
}

TEST_F(MemcachedFreshness, AnExpiredEntryIsAMissEverywhere) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add();
  record_expired(first, second);
  const Response anew = second.ask(chat_request());
  expect_cache(anew, "MISS");
  EXPECT_EQ(content_of(anew), "answer 2");
}

TEST_F(MemcachedFreshness, NoCacheAsksAgainAndRefreshesTheEntryForAll) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add();
  Proxy& third = fleet_.add({"--memory", "0"});
  fleet_.record(first, chat_request());
  const Response refreshed = second.ask(cache_control("no-cache"));
  expect_cache(refreshed, "MISS");
  EXPECT_EQ(content_of(refreshed), "answer 2");
  eventually("the new answer is shared",
             [&] { return content_of(third.ask(chat_request())) == "answer 2"; });
  expect_hit(third.ask(chat_request()), "memcached");
  EXPECT_EQ(upstream_.requests(), 2U);
}

TEST_F(MemcachedFreshness, MaxAgeCountsFromTheRecording) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add({"--memory", "0"});
  fleet_.record(first, chat_request());
  expect_hit(second.ask(cache_control("max-age=3600")), "memcached");
  Response response = second.ask(cache_control("max-age=1"));
  eventually("the answer is older than a second",
             [&] { return second.ask(cache_control("max-age=1, only-if-cached")).status == 504; });
  expect_hit(second.ask(cache_control("max-age=3600")), "memcached");
  response = second.ask(cache_control("max-age=1"));
  expect_cache(response, "MISS");
  EXPECT_EQ(content_of(response), "answer 2");
}

TEST_F(MemcachedFreshness, OnlyIfCachedFindsWhatOnlyMemcachedHolds) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add();
  expect_error(second.ask(cache_control("only-if-cached")), 504, "not_cached");
  fleet_.record(first, chat_request());
  expect_hit(second.ask(cache_control("only-if-cached")), "memcached");
  expect_hit(second.ask(cache_control("only-if-cached")), "memory");
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(MemcachedFreshness, MaxStaleReachesWhatMemcachedHolds) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add();
  record_expired(first, second);
  const Response stale = second.ask(cache_control("max-stale"));
  expect_cache(stale, "STALE");
  EXPECT_EQ(detail_of(stale), "max-stale");
  EXPECT_LT(ttl_of(stale), 0);
  EXPECT_EQ(content_of(stale), "answer 1");
  EXPECT_EQ(upstream_.requests(), 1U);
}

TEST_F(MemcachedFreshness, StaleIfErrorReachesWhatMemcachedHolds) {
  Proxy& first = fleet_.add();
  Proxy& second = fleet_.add();
  record_expired(first, second);
  counting_.failing = 503;
  const Response stale = second.ask(cache_control("stale-if-error=600"));
  expect_cache(stale, "STALE");
  EXPECT_EQ(detail_of(stale), "stale-error");
  EXPECT_EQ(content_of(stale), "answer 1");
  EXPECT_EQ(upstream_.requests(), 2U);
}

TEST_F(MemcachedFreshness, ModeOffLeavesMemcachedAlone) {
  Proxy& first = fleet_.add();
  Proxy& off = fleet_.add({"--mode", "off"});
  fleet_.record(first, chat_request());
  EXPECT_EQ(content_of(off.ask(chat_request({.prompt = "other"}))), "answer 2");
  EXPECT_EQ(content_of(off.ask(chat_request())), "answer 3");
  EXPECT_FALSE(is_cached(first, {.prompt = "other"}));
  EXPECT_EQ(upstream_.requests(), 3U);
}

// Of two recordings of one question the one asked later stays, whichever ends last.
TEST(MemcachedOrder, TheAnswerAskedForLaterStays) {
  Latch first_may_end;
  std::atomic<int> count{0};
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      connection.read_request();
      const int number = ++count;
      if (number == 1) connection.wait(first_may_end);
      connection.send(json_response(chat_answer("answer " + std::to_string(number))));
    }
  });
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  RawClient slow = first.connect();
  slow.send(chat_request());
  upstream.wait_for_requests(1);
  const Response later = fleet.record(second, cache_control("no-cache"));
  EXPECT_EQ(content_of(later), "answer 2");
  first_may_end.release();
  EXPECT_EQ(content_of(slow.read_response()), "answer 1");
  // Its store, if it tried one, is done before this one.
  fleet.record(first, chat_request({.prompt = "another"}));
  EXPECT_EQ(content_of(fleet.add().ask(chat_request())), "answer 2");
  EXPECT_EQ(upstream.requests(), 3U);
}

}  // namespace
}  // namespace reprise::e2e
