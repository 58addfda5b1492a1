#include "proxy/stats_json.h"

#include <gtest/gtest.h>

namespace reprise::proxy {
namespace {

using base::CacheResult;

TEST(StatsJson, IsCompleteWhenNothingHappened) {
  EXPECT_EQ(stats_json(Readings{}),
            R"({"uptime_s":0,)"
            R"("requests":{"hit":0,"miss":0,"coalesced":0,"stale":0,"bypass":0,"passed":0},)"
            R"("memory":{"entries":0,"bytes":0,"bytes_max":0,"evictions":0},)"
            R"("memcached":{"servers":[],"hits":0,"misses":0,"timeouts":0},)"
            R"("in_flight":{"streams":0,"recordings":0,"bytes":0},)"
            R"("saved":{"prompt_tokens":0,"completion_tokens":0,"usd":0,"seconds":0}})");
}

TEST(StatsJson, AddsUpRoutesAndModels) {
  base::Metrics metrics(2);
  metrics.worker(0).count_request(1, CacheResult::kHit);
  metrics.worker(1).count_request(5, CacheResult::kHit);
  metrics.worker(1).count_request(1, CacheResult::kCoalesced);
  metrics.worker(0).count_request(0, CacheResult::kPassed);
  metrics.worker(0).count_saved(metrics.models().intern("a"), {1, 2, 500'000, 1});
  metrics.worker(1).count_saved(metrics.models().intern("b"), {10, 20, 2'000'000, 250'000'000});
  metrics.worker(1).stream_opened();
  Readings readings;
  readings.uptime_us = 61'999'999;
  readings.totals = metrics.total();
  readings.memory = {.entries = 1, .bytes = 2, .bytes_max = 3, .evictions = 4};
  readings.recordings = {.open = 5, .bytes = 6};
  EXPECT_EQ(
      stats_json(readings),
      R"({"uptime_s":61,)"
      R"("requests":{"hit":2,"miss":0,"coalesced":1,"stale":0,"bypass":0,"passed":1},)"
      R"("memory":{"entries":1,"bytes":2,"bytes_max":3,"evictions":4},)"
      R"("memcached":{"servers":[],"hits":0,"misses":0,"timeouts":0},)"
      R"("in_flight":{"streams":1,"recordings":5,"bytes":6},)"
      R"("saved":{"prompt_tokens":11,"completion_tokens":22,"usd":0.250000001,"seconds":2.5}})");
}

TEST(StatsJson, NamesTheServersAndWhatTheyAnswered) {
  Readings readings;
  cache::MemcachedReadings& memcached = readings.memcached.emplace();
  memcached.servers = {{"cache-1:11211", true, 1}, {"[::1]:11212", false, 2}};
  memcached.hits = 3;
  memcached.misses = 4;
  memcached.timeouts = 5;
  memcached.failed_lookups = 6;
  memcached.dropped_lookups = 7;
  const std::string text = stats_json(readings);
  EXPECT_NE(text.find(R"("evictions":0},)"
                      R"("memcached":{"servers":[{"address":"cache-1:11211","state":"up"},)"
                      R"({"address":"[::1]:11212","state":"down"}],)"
                      R"("hits":3,"misses":4,"timeouts":5},)"
                      R"("in_flight":)"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace reprise::proxy
