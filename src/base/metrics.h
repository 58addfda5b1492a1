#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/model_table.h"

namespace reprise::base {

// CacheResult: how a request was answered.
enum class CacheResult : uint8_t {
  kHit,
  kMiss,
  kCoalesced,
  kStale,
  kBypass,
  kPassed,  // a route that is never cached
};
inline constexpr size_t kCacheResultCount = 6;
std::string_view cache_result_name(CacheResult result);  // "hit", …

// Upper bounds (inclusive) of the duration buckets; one more bucket takes what is longer. A hit
// takes microseconds, a model thinks for minutes.
inline constexpr std::array<uint64_t, 22> kDurationBoundsUs = {
    50,         100,        250,        500,         1'000,       2'500,      5'000,     10'000,
    25'000,     50'000,     100'000,    250'000,     500'000,     1'000'000,  2'500'000, 5'000'000,
    10'000'000, 30'000'000, 60'000'000, 120'000'000, 300'000'000, 600'000'000};
inline constexpr size_t kDurationBuckets = kDurationBoundsUs.size() + 1;

// The bucket of a duration: found by its bit width and at most two comparisons.
size_t duration_bucket(uint64_t us);

// What the floors above count in: their enums are numbers here, their names come with rendering.
inline constexpr size_t kMetricRoutesMax = 16;
inline constexpr size_t kMetricReasonsMax = 32;

// MetricCells: where each number lies in a worker's block. One flat block makes summing one loop
// that cannot forget a counter.
struct MetricCells {
  static constexpr int kStatusMin = 100;
  static constexpr int kStatusMax = 599;

  static constexpr size_t kRequests = 0;
  static constexpr size_t kUpstream = kRequests + kMetricRoutesMax * kCacheResultCount;
  static constexpr size_t kUpstreamOther = kUpstream + (kStatusMax - kStatusMin + 1);
  static constexpr size_t kUpstreamFailed = kUpstreamOther + 1;
  static constexpr size_t kDurationCells = kDurationBuckets + 1;  // and the sum
  static constexpr size_t kRequestTime = kUpstreamFailed + 1;
  static constexpr size_t kFirstByteTime = kRequestTime + kCacheResultCount * kDurationCells;
  static constexpr size_t kBypass = kFirstByteTime + kCacheResultCount * kDurationCells;
  static constexpr size_t kNotStored = kBypass + kMetricReasonsMax;
  static constexpr size_t kSavedCells = 4;  // as SavedWork has them
  static constexpr size_t kSaved = kNotStored + kMetricReasonsMax;
  static constexpr size_t kConnections = kSaved + ModelTable::kIds * kSavedCells;
  static constexpr size_t kStreams = kConnections + 1;
  static constexpr size_t kCount = kStreams + 1;

  static size_t request(size_t route, CacheResult result) {
    CHECK(route < kMetricRoutesMax);
    return kRequests + route * kCacheResultCount + static_cast<size_t>(result);
  }
  static size_t upstream(int status) {
    return status < kStatusMin || status > kStatusMax ? kUpstreamOther
                                                      : kUpstream + size_t(status - kStatusMin);
  }
  static size_t duration(size_t first, CacheResult result) {
    return first + static_cast<size_t>(result) * kDurationCells;
  }
  static size_t reason(size_t first, size_t reason) {
    CHECK(reason < kMetricReasonsMax);
    return first + reason;
  }
  static size_t saved(ModelId model) {
    CHECK(model < ModelTable::kIds);
    return kSaved + model * kSavedCells;
  }
};

// No answer has more; what an upstream claims must not make a sum wrap.
inline constexpr uint64_t kTokensPerAnswerMax = 1'000'000'000;

// SavedWork: what one answer spared its asker.
struct SavedWork {
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;
  int64_t duration_us = 0;
  uint64_t nano_usd = 0;  // billionths of a dollar
};

// WorkerMetrics: one worker's counters, on cache lines of its own.
// Owner: Metrics. Thread: one writes, any reads. With one writer an increment needs no locked
// instruction: a relaxed load and a relaxed store.
class alignas(64) WorkerMetrics {
 public:
  WorkerMetrics() = default;
  WorkerMetrics(const WorkerMetrics&) = delete;
  WorkerMetrics& operator=(const WorkerMetrics&) = delete;

  void count_request(size_t route, CacheResult result) {
    add(MetricCells::request(route, result), 1);
  }
  void observe_request(CacheResult result, int64_t us) {
    observe(MetricCells::duration(MetricCells::kRequestTime, result), us);
  }
  void observe_first_byte(CacheResult result, int64_t us) {
    observe(MetricCells::duration(MetricCells::kFirstByteTime, result), us);
  }
  void count_upstream_answer(int status) { add(MetricCells::upstream(status), 1); }
  void count_upstream_failure() { add(MetricCells::kUpstreamFailed, 1); }
  void count_bypass(size_t reason) { add(MetricCells::reason(MetricCells::kBypass, reason), 1); }
  void count_not_stored(size_t reason) {
    add(MetricCells::reason(MetricCells::kNotStored, reason), 1);
  }
  void count_saved(ModelId model, const SavedWork& work);

  // Gauges: what is open now. Whoever opens on this worker closes on it.
  void connection_opened() { add(MetricCells::kConnections, 1); }
  void connection_closed() { add(MetricCells::kConnections, ~uint64_t{0}); }
  void stream_opened() { add(MetricCells::kStreams, 1); }
  void stream_closed() { add(MetricCells::kStreams, ~uint64_t{0}); }

 private:
  friend class Metrics;
  void add(size_t cell, uint64_t amount) {
    std::atomic<uint64_t>& counter = cells_[cell];
    counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void observe(size_t first, int64_t us) {
    const uint64_t duration = us < 0 ? 0 : static_cast<uint64_t>(us);
    add(first + duration_bucket(duration), 1);
    add(first + kDurationBuckets, duration);
  }

  std::array<std::atomic<uint64_t>, MetricCells::kCount> cells_{};
};

// DurationTotals: one histogram, buckets not yet cumulated.
struct DurationTotals {
  std::array<uint64_t, kDurationBuckets> buckets{};
  uint64_t sum_us = 0;
};

// MetricTotals: the sum over all workers at one moment.
class MetricTotals {
 public:
  uint64_t requests(size_t route, CacheResult result) const {
    return cells_[MetricCells::request(route, result)];
  }
  uint64_t upstream_answers(int status) const { return cells_[MetricCells::upstream(status)]; }
  // Answers whose status is none that HTTP knows.
  uint64_t upstream_other() const { return cells_[MetricCells::kUpstreamOther]; }
  uint64_t upstream_failures() const { return cells_[MetricCells::kUpstreamFailed]; }
  DurationTotals request_time(CacheResult result) const {
    return durations(MetricCells::duration(MetricCells::kRequestTime, result));
  }
  DurationTotals first_byte_time(CacheResult result) const {
    return durations(MetricCells::duration(MetricCells::kFirstByteTime, result));
  }
  uint64_t bypasses(size_t reason) const {
    return cells_[MetricCells::reason(MetricCells::kBypass, reason)];
  }
  uint64_t not_stored(size_t reason) const {
    return cells_[MetricCells::reason(MetricCells::kNotStored, reason)];
  }
  SavedWork saved(ModelId model) const;
  uint64_t connections() const { return cells_[MetricCells::kConnections]; }
  uint64_t streams() const { return cells_[MetricCells::kStreams]; }

 private:
  friend class Metrics;
  DurationTotals durations(size_t first) const;

  std::array<uint64_t, MetricCells::kCount> cells_{};
};

// Metrics: every worker's counters and the models they name.
// Owner: Server. Thread: any; worker(i) is written by worker i alone.
class Metrics {
 public:
  explicit Metrics(size_t workers) : workers_(workers) {}

  WorkerMetrics& worker(size_t index) {
    CHECK(index < workers_.size());
    return workers_[index];
  }
  MetricTotals total() const;
  ModelTable& models() { return models_; }
  const ModelTable& models() const { return models_; }

 private:
  std::vector<WorkerMetrics> workers_;
  ModelTable models_;
};

}  // namespace reprise::base
