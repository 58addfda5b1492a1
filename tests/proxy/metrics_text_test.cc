#include "proxy/metrics_text.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>
#include <string>

#include "openai/bypass.h"
#include "openai/verdict.h"

namespace reprise::proxy {
namespace {

using base::CacheResult;

// Exposition: a text, parsed by the rules of the format and checked while it is.
class Exposition {
 public:
  explicit Exposition(const std::string& text) {
    EXPECT_TRUE(text.ends_with('\n'));
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) read(line);
  }

  // "name{labels}", labels as written; -1 if it is not there.
  double operator[](const std::string& series) const {
    const auto found = values_.find(series);
    return found == values_.end() ? -1 : found->second;
  }
  bool has(const std::string& series) const { return values_.contains(series); }
  std::string type(const std::string& family) const {
    const auto found = types_.find(family);
    return found == types_.end() ? "" : found->second;
  }
  const std::map<std::string, double>& values() const { return values_; }

 private:
  void read(const std::string& line) {
    if (line.starts_with("# TYPE ")) {
      const size_t space = line.find(' ', 7);
      const std::string name = line.substr(7, space - 7);
      EXPECT_TRUE(types_.emplace(name, line.substr(space + 1)).second) << "twice: " << line;
      return;
    }
    if (line.starts_with("# HELP ")) return;
    const size_t space = line.rfind(' ');
    ASSERT_NE(space, std::string::npos) << line;
    const std::string series = line.substr(0, space);
    EXPECT_FALSE(family_type(series.substr(0, series.find('{'))).empty()) << "untyped: " << line;
    EXPECT_TRUE(values_.emplace(series, std::stod(line.substr(space + 1))).second)
        << "twice: " << line;
  }

  // A histogram's series have names of their own.
  std::string family_type(const std::string& name) const {
    for (const char* suffix : {"", "_bucket", "_sum", "_count"}) {
      if (!name.ends_with(suffix)) continue;
      const std::string found = type(name.substr(0, name.size() - std::string(suffix).size()));
      if (!found.empty()) return found;
    }
    return "";
  }

  std::map<std::string, std::string> types_;
  std::map<std::string, double> values_;
};

std::string series(const std::string& name, const std::string& labels) {
  return name + "{" + labels + "}";
}

TEST(MetricsText, NamesWhatWasCounted) {
  base::Metrics metrics(1);
  base::WorkerMetrics& worker = metrics.worker(0);
  worker.count_request(static_cast<size_t>(openai::Route::kChatCompletions), CacheResult::kHit);
  worker.count_request(static_cast<size_t>(openai::Route::kOther), CacheResult::kPassed);
  worker.count_upstream_answer(429);
  worker.count_upstream_answer(700);
  worker.count_upstream_failure();
  worker.count_bypass(static_cast<size_t>(openai::BypassReason::kStateful));
  worker.count_not_stored(static_cast<size_t>(openai::NotStored::kTruncated));
  worker.connection_opened();
  worker.stream_opened();
  Readings readings;
  readings.totals = metrics.total();
  readings.uptime_us = 1'500'000;
  readings.memory = {.entries = 3, .bytes = 4096, .bytes_max = 1 << 28, .evictions = 5};
  readings.recordings = {.open = 2, .bytes = 77};
  const Exposition text(metrics_text(readings));

  EXPECT_EQ(text[R"(reprise_requests_total{route="chat/completions",cache="hit"})"], 1);
  EXPECT_EQ(text[R"(reprise_requests_total{route="other",cache="passed"})"], 1);
  EXPECT_EQ(text[R"(reprise_upstream_requests_total{status="429"})"], 1);
  EXPECT_EQ(text[R"(reprise_upstream_requests_total{status="other"})"], 1);
  EXPECT_EQ(text[R"(reprise_upstream_requests_total{status="error"})"], 1);
  EXPECT_EQ(text[R"(reprise_bypass_total{reason="stateful"})"], 1);
  EXPECT_EQ(text[R"(reprise_not_stored_total{reason="truncated"})"], 1);
  EXPECT_EQ(text["reprise_memory_bytes"], 4096);
  EXPECT_EQ(text["reprise_memory_bytes_max"], 1 << 28);
  EXPECT_EQ(text["reprise_memory_entries"], 3);
  EXPECT_EQ(text["reprise_evictions_total"], 5);
  EXPECT_EQ(text["reprise_in_flight"], 1);
  EXPECT_EQ(text["reprise_in_flight_recordings"], 2);
  EXPECT_EQ(text["reprise_in_flight_bytes"], 77);
  EXPECT_EQ(text["reprise_connections"], 1);
  EXPECT_EQ(text["reprise_uptime_seconds"], 1.5);
  EXPECT_EQ(text.type("reprise_requests_total"), "counter");
  EXPECT_EQ(text.type("reprise_request_seconds"), "histogram");
  EXPECT_EQ(text.type("reprise_in_flight"), "gauge");
}

TEST(MetricsText, KnownSeriesAreThereBeforeAnythingHappened) {
  const Exposition text(metrics_text(Readings{}));
  for (size_t route = 1; route < openai::kRouteCount; ++route) {
    for (const char* cache : {"hit", "miss", "coalesced", "stale", "bypass"}) {
      const std::string labels =
          "route=\"" + std::string(openai::route_name(static_cast<openai::Route>(route))) +
          "\",cache=\"" + cache + "\"";
      EXPECT_EQ(text[series("reprise_requests_total", labels)], 0) << labels;
    }
  }
  EXPECT_FALSE(text.has(R"(reprise_requests_total{route="other",cache="hit"})"));
  EXPECT_FALSE(text.has(R"(reprise_requests_total{route="embeddings",cache="passed"})"));
  for (size_t i = 0; i < openai::kBypassReasonCount; ++i) {
    const std::string name(openai::bypass_name(static_cast<openai::BypassReason>(i)));
    EXPECT_EQ(text[series("reprise_bypass_total", "reason=\"" + name + "\"")], 0) << name;
  }
  for (size_t i = 1; i < openai::kNotStoredCount; ++i) {
    const std::string name(openai::not_stored_name(static_cast<openai::NotStored>(i)));
    EXPECT_EQ(text[series("reprise_not_stored_total", "reason=\"" + name + "\"")], 0) << name;
  }
  EXPECT_FALSE(text.has(R"(reprise_not_stored_total{reason=""})"));
  EXPECT_EQ(text[R"(reprise_upstream_requests_total{status="200"})"], 0);
  EXPECT_EQ(text[R"(reprise_upstream_requests_total{status="error"})"], 0);
}

TEST(MetricsText, AnUnexpectedPairIsNotSwallowed) {
  base::Metrics metrics(1);
  metrics.worker(0).count_request(static_cast<size_t>(openai::Route::kScore), CacheResult::kPassed);
  Readings readings;
  readings.totals = metrics.total();
  const Exposition text(metrics_text(readings));
  EXPECT_EQ(text[R"(reprise_requests_total{route="score",cache="passed"})"], 1);
}

TEST(MetricsText, HistogramsAccumulate) {
  base::Metrics metrics(1);
  for (const int64_t us : {40, 50, 51, 2'000'000, 700'000'000}) {
    metrics.worker(0).observe_request(CacheResult::kMiss, us);
  }
  metrics.worker(0).observe_first_byte(CacheResult::kHit, 90);
  Readings readings;
  readings.totals = metrics.total();
  const Exposition text(metrics_text(readings));
  const auto bucket = [&](const std::string& bound) {
    return text[series("reprise_request_seconds_bucket", R"(cache="miss",le=")" + bound + '"')];
  };
  EXPECT_EQ(bucket("5e-05"), 2);
  EXPECT_EQ(bucket("0.0001"), 3);
  EXPECT_EQ(bucket("1"), 3);
  EXPECT_EQ(bucket("2.5"), 4);
  EXPECT_EQ(bucket("600"), 4);
  EXPECT_EQ(bucket("+Inf"), 5);
  EXPECT_EQ(text[R"(reprise_request_seconds_count{cache="miss"})"], 5);
  EXPECT_DOUBLE_EQ(text[R"(reprise_request_seconds_sum{cache="miss"})"], 702.000141);
  EXPECT_EQ(text[R"(reprise_first_byte_seconds_count{cache="hit"})"], 1);
  EXPECT_EQ(text[R"(reprise_first_byte_seconds_count{cache="miss"})"], 0);
  EXPECT_EQ(text[R"(reprise_first_byte_seconds_bucket{cache="hit",le="0.0001"})"], 1);
}

TEST(MetricsText, SavingsComeByModel) {
  base::Metrics metrics(2);
  const base::ModelId model = metrics.models().intern("a\"b\\c");
  metrics.worker(0).count_saved(model, {10, 20, 1'500'000, 7'500});
  metrics.worker(1).count_saved(model, {1, 2, 250'000, 2'000'000'000});
  metrics.worker(1).count_saved(base::ModelTable::kOther, {7, 0, 0, 0});
  Readings readings;
  readings.totals = metrics.total();
  readings.models = metrics.models().names();
  const Exposition text(metrics_text(readings));
  EXPECT_EQ(text[R"(reprise_saved_tokens_total{model="a\"b\\c"})"], 33);
  EXPECT_EQ(text[R"(reprise_saved_seconds_total{model="a\"b\\c"})"], 1.75);
  EXPECT_EQ(text[R"(reprise_saved_usd_total{model="a\"b\\c"})"], 2.0000075);
  EXPECT_EQ(text[R"(reprise_saved_tokens_total{model="other"})"], 7);
  EXPECT_EQ(text[R"(reprise_saved_usd_total{model="other"})"], 0);
}

// Every number is another one, so that a pair that was swapped shows.
cache::MemcachedReadings memcached_readings() {
  cache::MemcachedReadings memcached;
  memcached.servers = {{"cache-1:11211", true, 2}, {"[::1]:11212", false, 3}};
  memcached.hits = 11;
  memcached.misses = 12;
  memcached.timeouts = 13;
  memcached.failed_lookups = 14;
  memcached.dropped_lookups = 15;
  memcached.stores = 16;
  memcached.failed_stores = 17;
  memcached.dropped_stores = 18;
  memcached.refused = {21, 22, 23, 24};
  memcached.batches = {1, 2, 4, 8, 16, 32, 64, 128, 256};
  memcached.batched_names = 4711;
  memcached.lookup_time.buckets[0] = 5;   // up to 50 us
  memcached.lookup_time.buckets[8] = 6;   // up to 25 ms
  memcached.lookup_time.buckets[22] = 7;  // beyond 600 s
  memcached.lookup_time.sum_us = 2'500'000;
  return memcached;
}

TEST(MetricsText, MemcachedIsCounted) {
  Readings readings;
  readings.memcached = memcached_readings();
  const Exposition text(metrics_text(readings));
  EXPECT_EQ(text[R"(reprise_memcached_lookups_total{result="hit"})"], 11);
  EXPECT_EQ(text[R"(reprise_memcached_lookups_total{result="miss"})"], 12);
  EXPECT_EQ(text["reprise_memcached_timeouts_total"], 13);
  EXPECT_EQ(text[R"(reprise_memcached_lookups_total{result="failed"})"], 14);
  EXPECT_EQ(text[R"(reprise_memcached_lookups_total{result="dropped"})"], 15);
  EXPECT_EQ(text[R"(reprise_memcached_stores_total{result="stored"})"], 16);
  EXPECT_EQ(text[R"(reprise_memcached_stores_total{result="failed"})"], 17);
  EXPECT_EQ(text[R"(reprise_memcached_stores_total{result="dropped"})"], 18);
  EXPECT_EQ(text[R"(reprise_memcached_refused_values_total{reason="foreign"})"], 21);
  EXPECT_EQ(text[R"(reprise_memcached_refused_values_total{reason="version"})"], 22);
  EXPECT_EQ(text[R"(reprise_memcached_refused_values_total{reason="corrupt"})"], 23);
  EXPECT_EQ(text[R"(reprise_memcached_refused_values_total{reason="too_large"})"], 24);
  EXPECT_EQ(text.type("reprise_memcached_lookups_total"), "counter");
  EXPECT_EQ(text.type("reprise_memcached_timeouts_total"), "counter");
  EXPECT_EQ(text.type("reprise_memcached_stores_total"), "counter");
  EXPECT_EQ(text.type("reprise_memcached_refused_values_total"), "counter");
}

TEST(MetricsText, MemcachedServersComeByAddress) {
  Readings readings;
  readings.memcached = memcached_readings();
  const Exposition text(metrics_text(readings));
  EXPECT_EQ(text[R"(reprise_memcached_server_up{server="cache-1:11211"})"], 1);
  EXPECT_EQ(text[R"(reprise_memcached_server_up{server="[::1]:11212"})"], 0);
  EXPECT_EQ(text[R"(reprise_memcached_server_failures_total{server="cache-1:11211"})"], 2);
  EXPECT_EQ(text[R"(reprise_memcached_server_failures_total{server="[::1]:11212"})"], 3);
  EXPECT_EQ(text.type("reprise_memcached_server_up"), "gauge");
  EXPECT_EQ(text.type("reprise_memcached_server_failures_total"), "counter");
}

TEST(MetricsText, MemcachedHistogramsAccumulate) {
  Readings readings;
  readings.memcached = memcached_readings();
  const Exposition text(metrics_text(readings));
  const auto batch = [&](const std::string& bound) {
    return text[series("reprise_memcached_batch_size_bucket", "le=\"" + bound + '"')];
  };
  EXPECT_EQ(batch("1"), 1);
  EXPECT_EQ(batch("2"), 3);
  EXPECT_EQ(batch("4"), 7);
  EXPECT_EQ(batch("128"), 255);
  EXPECT_FALSE(text.has(R"(reprise_memcached_batch_size_bucket{le="256"})"));
  EXPECT_EQ(batch("+Inf"), 511);
  EXPECT_EQ(text["reprise_memcached_batch_size_count"], 511);
  EXPECT_EQ(text["reprise_memcached_batch_size_sum"], 4711);
  EXPECT_EQ(text.type("reprise_memcached_batch_size"), "histogram");

  const auto lookup = [&](const std::string& bound) {
    return text[series("reprise_memcached_lookup_seconds_bucket", "le=\"" + bound + '"')];
  };
  EXPECT_EQ(lookup("5e-05"), 5);
  EXPECT_EQ(lookup("0.01"), 5);
  EXPECT_EQ(lookup("0.025"), 11);
  EXPECT_EQ(lookup("600"), 11);
  EXPECT_EQ(lookup("+Inf"), 18);
  EXPECT_EQ(text["reprise_memcached_lookup_seconds_count"], 18);
  EXPECT_EQ(text["reprise_memcached_lookup_seconds_sum"], 2.5);
  EXPECT_EQ(text.type("reprise_memcached_lookup_seconds"), "histogram");
}

// A batch size is counted in the bucket that its metric says.
TEST(MetricsText, BatchesAreCountedWhereTheyBelong) {
  cache::MemcachedCounters counters;
  for (const size_t names : {1, 2, 3, 4, 5, 128, 129, 100'000}) counters.observe_batch(names);
  Readings readings;
  counters.read(&readings.memcached.emplace());
  const Exposition text(metrics_text(readings));
  const auto batch = [&](const std::string& bound) {
    return text[series("reprise_memcached_batch_size_bucket", "le=\"" + bound + '"')];
  };
  EXPECT_EQ(batch("1"), 1);
  EXPECT_EQ(batch("2"), 2);
  EXPECT_EQ(batch("4"), 4);
  EXPECT_EQ(batch("8"), 5);
  EXPECT_EQ(batch("64"), 5);
  EXPECT_EQ(batch("128"), 6);
  EXPECT_EQ(batch("+Inf"), 8);
  EXPECT_EQ(text["reprise_memcached_batch_size_sum"], 100'272);
}

TEST(MetricsText, MemcachedSeriesAreThereFromTheStartIfItIsUsed) {
  Readings readings;
  readings.memcached.emplace();
  const Exposition text(metrics_text(readings));
  for (const char* known :
       {R"(reprise_memcached_lookups_total{result="hit"})",
        R"(reprise_memcached_lookups_total{result="dropped"})", "reprise_memcached_timeouts_total",
        R"(reprise_memcached_stores_total{result="failed"})",
        R"(reprise_memcached_refused_values_total{reason="corrupt"})",
        "reprise_memcached_batch_size_count", "reprise_memcached_lookup_seconds_count"}) {
    EXPECT_EQ(text[known], 0) << known;
  }
}

TEST(MetricsText, WithoutMemcachedNothingIsSaidOfIt) {
  const Exposition text(metrics_text(Readings{}));
  for (const auto& [name, value] : text.values()) {
    EXPECT_FALSE(name.starts_with("reprise_memcached")) << name;
  }
  EXPECT_EQ(text.type("reprise_memcached_lookups_total"), "");
}

TEST(MetricsText, ACassetteIsThereIfItIsUsed) {
  EXPECT_FALSE(
      Exposition(metrics_text(Readings{})).has(R"(reprise_cassette_lookups_total{result="hit"})"));
  Readings readings;
  readings.cassette = cache::CassetteReadings{.hits = 1,
                                              .misses = 2,
                                              .damaged = 3,
                                              .timeouts = 4,
                                              .dropped_lookups = 5,
                                              .stores = 6,
                                              .failed_stores = 7,
                                              .dropped_stores = 8};
  const Exposition text(metrics_text(readings));
  EXPECT_EQ(text[R"(reprise_cassette_lookups_total{result="hit"})"], 1);
  EXPECT_EQ(text[R"(reprise_cassette_lookups_total{result="miss"})"], 2);
  EXPECT_EQ(text[R"(reprise_cassette_lookups_total{result="damaged"})"], 3);
  EXPECT_EQ(text[R"(reprise_cassette_lookups_total{result="timeout"})"], 4);
  EXPECT_EQ(text[R"(reprise_cassette_lookups_total{result="dropped"})"], 5);
  EXPECT_EQ(text[R"(reprise_cassette_stores_total{result="stored"})"], 6);
  EXPECT_EQ(text[R"(reprise_cassette_stores_total{result="failed"})"], 7);
  EXPECT_EQ(text[R"(reprise_cassette_stores_total{result="dropped"})"], 8);
}

}  // namespace
}  // namespace reprise::proxy
