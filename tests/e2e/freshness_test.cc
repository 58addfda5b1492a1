// How long an answer is given again, and what an asker may say about it.
#include <gtest/gtest.h>

#include <atomic>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

std::string with(const std::string& headers) { return chat_request({.headers = headers}); }

std::string cache_control(const std::string& value) {
  return with("Cache-Control: " + value + "\r\n");
}

// Answers "answer 0", "answer 1", …; or fails, once told to.
class Counting {
 public:
  ScriptedUpstream::Script script() {
    return each_request([this](const Request&) {
      const int status = failing.load();
      if (status != 0) return error_response(status);
      return json_response(chat_answer("answer " + std::to_string(count_++)));
    });
  }
  std::atomic<int> failing{0};

 private:
  std::atomic<int> count_{0};
};

std::string content_of(const Response& response) {
  return json_at(response.body, "/choices/0/message/content");
}

// Asks until the entry has expired for those who accept nothing stale.
void wait_until_expired(const Proxy& proxy) {
  const Deadline deadline;
  while (proxy.ask(cache_control("only-if-cached")).status != 504) {
    if (deadline.passed()) throw HarnessError("the entry does not expire");
  }
}

TEST(Freshness, AnEntryLivesAsLongAsItsRecorderSaid) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(with("X-Reprise-TTL: 100ms\r\n"));
  wait_until_expired(proxy);
  const Response again = proxy.ask(chat_request());
  expect_cache(again, "MISS");
  EXPECT_EQ(content_of(again), "answer 1");
  expect_cache(proxy.ask(chat_request()), "HIT");
}

TEST(Freshness, TheDefaultTtlIsAnOption) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream, {"--ttl", "100ms"});
  proxy.ask(chat_request());
  wait_until_expired(proxy);
  expect_cache(proxy.ask(chat_request()), "MISS");
}

TEST(Freshness, ATtlOnAHitChangesNothing) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(with("X-Reprise-TTL: 1h\r\n"));
  const Response hit = proxy.ask(with("X-Reprise-TTL: 1ms\r\n"));
  expect_cache(hit, "HIT");
  EXPECT_GT(ttl_of(hit), 3000);
  EXPECT_LE(ttl_of(hit), 3600);
  expect_cache(proxy.ask(chat_request()), "HIT");
}

TEST(Freshness, ATtlOfZeroStoresNothing) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  expect_cache(proxy.ask(with("X-Reprise-TTL: 0s\r\n")), "MISS");
  expect_cache(proxy.ask(chat_request()), "MISS");
  Proxy never(upstream, {"--ttl", "0s"});
  expect_cache(never.ask(chat_request()), "MISS");
  expect_cache(never.ask(chat_request()), "MISS");
}

TEST(Freshness, NoCacheAsksAgainAndRefreshesTheEntry) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  for (const char* directive : {"no-cache", "max-age=0", "NO-CACHE", "foo, no-cache , bar=\"x\""}) {
    const Response asked = proxy.ask(cache_control(directive));
    expect_cache(asked, "MISS");
    const Response hit = proxy.ask(chat_request());
    expect_cache(hit, "HIT");
    EXPECT_EQ(content_of(hit), content_of(asked));
  }
  EXPECT_EQ(upstream.requests(), 4U);
}

TEST(Freshness, AFailureOfNoCacheIsPassedOnAndTheEntryStays) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  counting.failing = 500;
  EXPECT_EQ(proxy.ask(cache_control("no-cache")).status, 500);
  expect_cache(proxy.ask(chat_request()), "HIT");
}

TEST(Freshness, NoStoreNeitherLooksUpNorStores) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  const Response first = proxy.ask(cache_control("no-store"));
  expect_cache(first, "BYPASS");
  EXPECT_EQ(first.cache_status(), "reprise; fwd=bypass; detail=no_store");
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_cache(proxy.ask(cache_control("no-store")), "BYPASS");
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_EQ(content_of(hit), "answer 1");
}

TEST(Freshness, MaxAgeTakesOnlyWhatIsYoungEnough) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  expect_cache(proxy.ask(cache_control("max-age=3600")), "HIT");
  const Deadline deadline;
  Response response = proxy.ask(cache_control("max-age=1"));
  while (response.x_cache() == "HIT" && !deadline.passed()) {
    response = proxy.ask(cache_control("max-age=1"));
  }
  expect_cache(response, "MISS");
  EXPECT_EQ(content_of(proxy.ask(chat_request())), "answer 1");
}

TEST(Freshness, MaxStaleAcceptsAnOlderAnswer) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(with("X-Reprise-TTL: 50ms\r\n"));
  wait_until_expired(proxy);
  for (const char* directive :
       {"max-stale", "max-stale=600", "max-stale, only-if-cached", "max-age=600, max-stale"}) {
    const Response stale = proxy.ask(cache_control(directive));
    expect_cache(stale, "STALE");
    EXPECT_TRUE(contains(stale.cache_status(), "reprise; hit; ttl=-")) << stale.cache_status();
    EXPECT_TRUE(contains(stale.cache_status(), "; detail=max-stale"));
    EXPECT_LT(ttl_of(stale), 0);
    EXPECT_TRUE(stale.has("Age"));
    EXPECT_EQ(stale.get("X-Reprise-Model"), "gpt-test-2024");
    EXPECT_EQ(content_of(stale), "answer 0");
  }
  EXPECT_EQ(upstream.requests(), 1U);
  expect_cache(proxy.ask(chat_request()), "MISS");
}

class MaskedFailure : public testing::TestWithParam<int> {};

TEST_P(MaskedFailure, IsReplacedByAStaleAnswerWhenTheAskerAgrees) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(with("X-Reprise-TTL: 1ms\r\n"));
  wait_until_expired(proxy);
  counting.failing = GetParam();
  const Response stale = proxy.ask(cache_control("stale-if-error=600"));
  EXPECT_EQ(stale.status, 200);
  expect_cache(stale, "STALE");
  EXPECT_TRUE(contains(stale.cache_status(), "; detail=stale-error")) << stale.cache_status();
  EXPECT_LT(ttl_of(stale), 0);
  EXPECT_EQ(content_of(stale), "answer 0");
  const Response failed = proxy.ask(chat_request());
  EXPECT_EQ(failed.status, GetParam());
  expect_cache(failed, "MISS");
}

INSTANTIATE_TEST_SUITE_P(StaleIfError, MaskedFailure,
                         testing::Values(429, 500, 502, 503, 504, 529));

TEST(StaleIfError, NeverMasksOtherStatuses) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(with("X-Reprise-TTL: 1ms\r\n"));
  wait_until_expired(proxy);
  for (const int status : {400, 401, 403, 404, 422}) {
    counting.failing = status;
    EXPECT_EQ(proxy.ask(cache_control("stale-if-error=600")).status, status);
  }
}

TEST(StaleIfError, MasksAnEndpointThatIsGone) {
  Counting counting;
  auto upstream = std::make_unique<ScriptedUpstream>(counting.script());
  Proxy proxy(*upstream);
  proxy.ask(with("X-Reprise-TTL: 1ms\r\n"));
  wait_until_expired(proxy);
  upstream.reset();
  expect_cache(proxy.ask(cache_control("stale-if-error=600")), "STALE");
  expect_error(proxy.ask(chat_request()), 502, "upstream_unreachable");
}

TEST(StaleIfError, WorksWithNoCache) {
  Counting counting;
  ScriptedUpstream upstream(counting.script());
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  counting.failing = 503;
  const Response response = proxy.ask(cache_control("no-cache, stale-if-error=600"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(content_of(response), "answer 0");
}

TEST(OnlyIfCached, IsA504OnAMissAndAsksNobody) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const Response missing = proxy.ask(cache_control("only-if-cached"));
  expect_error(missing, 504, "not_cached");
  EXPECT_EQ(missing.get("x-should-retry"), "false");
  EXPECT_EQ(upstream.connections(), 0U);
  proxy.ask(chat_request());
  expect_cache(proxy.ask(cache_control("only-if-cached")), "HIT");
}

TEST(OnlyIfCached, NeitherLeadsNorJoins) {
  Latch rest;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.wait(rest);
    connection.send(json_response(chat_answer("x")));
  });
  Proxy proxy(upstream);
  RawClient leader = proxy.connect();
  leader.send(chat_request());
  upstream.wait_for_requests(1);
  expect_error(proxy.ask(cache_control("only-if-cached")), 504, "not_cached");
  rest.release();
  EXPECT_EQ(leader.read_response().status, 200);
}

TEST(Freshness, OfTwoRecordingsTheOneAskedLaterStays) {
  Latch second_done;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    if (connection.number() == 0) {
      connection.wait(second_done);
      connection.send(json_response(chat_answer("earlier")));
    } else {
      connection.send(json_response(chat_answer("later")));
    }
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  RawClient first = proxy.connect();
  first.send(chat_request());
  upstream.wait_for_requests(1);
  EXPECT_EQ(content_of(proxy.ask(cache_control("no-cache"))), "later");
  second_done.release();
  EXPECT_EQ(content_of(first.read_response()), "earlier");
  const Response hit = proxy.ask(chat_request());
  expect_cache(hit, "HIT");
  EXPECT_EQ(content_of(hit), "later");
}

TEST(Directives, UnknownOnesAreIgnored) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  for (const char* value : {"no-transform", "min-fresh=5", "private, x=\"a,no-cache\"", ""}) {
    expect_cache(proxy.ask(cache_control(value)), "HIT");
  }
  expect_cache(proxy.ask(with("Pragma: no-cache\r\n")), "HIT");
}

struct Malformed {
  std::string name;
  std::string value;
};
void PrintTo(const Malformed& m, std::ostream* out) { *out << m.name << ": " << m.value; }

class MalformedDirective : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedDirective, IsA400ThatNamesIt) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  const Response refused = proxy.ask(with(GetParam().name + ": " + GetParam().value + "\r\n"));
  expect_error(refused, 400, "bad_request");
  const std::string message = json_at(refused.body, "/error/message");
  const bool ours = GetParam().name != "Cache-Control";
  const std::string named =
      ours ? GetParam().name : GetParam().value.substr(0, GetParam().value.find('='));
  EXPECT_TRUE(contains(message, named)) << message;
  EXPECT_EQ(upstream.connections(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Each, MalformedDirective,
    testing::Values(
        Malformed{"Cache-Control", "max-age=x"}, Malformed{"Cache-Control", "max-age"},
        Malformed{"Cache-Control", "max-age=-1"}, Malformed{"Cache-Control", "max-stale=1.5"},
        Malformed{"Cache-Control", "stale-if-error=soon"}, Malformed{"X-Reprise-TTL", "90"},
        Malformed{"X-Reprise-TTL", "ten seconds"}, Malformed{"X-Reprise-TTL", "-5s"},
        Malformed{"X-Reprise-TTL", "1.5s"}, Malformed{"X-Reprise-TTL", "99999999999999999999d"},
        Malformed{"X-Reprise-Namespace", "a/b"}, Malformed{"X-Reprise-Namespace", ""},
        Malformed{"X-Reprise-Namespace", std::string(129, 'n')}, Malformed{"X-Reprise-Key", "a b"},
        Malformed{"X-Reprise-Key", std::string(129, 'k')}, Malformed{"X-Reprise-Pace", "fast"}));

}  // namespace
}  // namespace reprise::e2e
