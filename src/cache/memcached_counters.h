#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "cache/value_fault.h"

namespace reprise::cache {

// MemcachedReadings: what the shared tier has counted, at one moment.
struct MemcachedReadings {
  // Batch sizes are counted by powers of two: bucket i holds those up to 2^i names.
  static constexpr size_t kBatchBuckets = 9;
  struct Server {
    std::string address;
    bool up = false;
    uint64_t failures = 0;
  };

  std::vector<Server> servers;
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t timeouts = 0;         // requests that went on without waiting any longer
  uint64_t failed_lookups = 0;   // the server failed, or was being left alone
  uint64_t dropped_lookups = 0;  // the queue was full
  uint64_t stores = 0;
  uint64_t failed_stores = 0;
  uint64_t dropped_stores = 0;
  std::array<uint64_t, kValueFaultCount> refused{};
  std::array<uint64_t, kBatchBuckets> batches{};
  uint64_t batched_names = 0;
  base::DurationTotals lookup_time;
};

// MemcachedCounters: the same while it is being counted.
// Owner: MemcachedTier. Thread: any.
class MemcachedCounters {
 public:
  using Counter = std::atomic<uint64_t>;
  static void add(Counter& counter, uint64_t amount = 1) {
    counter.fetch_add(amount, std::memory_order_relaxed);
  }

  void observe_batch(size_t names) {
    const size_t bucket = names <= 1 ? 0 : static_cast<size_t>(std::bit_width(names - 1));
    add(batches[bucket < batches.size() ? bucket : batches.size() - 1]);
    add(batched_names, names);
  }
  void observe_lookup(int64_t us) {
    const uint64_t duration = us < 0 ? 0 : static_cast<uint64_t>(us);
    add(lookup_buckets[base::duration_bucket(duration)]);
    add(lookup_us, duration);
  }
  void count_refused(ValueFault fault) { add(refused[static_cast<size_t>(fault)]); }

  void read(MemcachedReadings* readings) const {
    readings->hits = hits;
    readings->misses = misses;
    readings->timeouts = timeouts;
    readings->failed_lookups = failed_lookups;
    readings->dropped_lookups = dropped_lookups;
    readings->stores = stores;
    readings->failed_stores = failed_stores;
    readings->dropped_stores = dropped_stores;
    for (size_t i = 0; i < refused.size(); ++i) readings->refused[i] = refused[i];
    for (size_t i = 0; i < batches.size(); ++i) readings->batches[i] = batches[i];
    readings->batched_names = batched_names;
    for (size_t i = 0; i < lookup_buckets.size(); ++i) {
      readings->lookup_time.buckets[i] = lookup_buckets[i];
    }
    readings->lookup_time.sum_us = lookup_us;
  }

  Counter hits{0};
  Counter misses{0};
  Counter timeouts{0};
  Counter failed_lookups{0};
  Counter dropped_lookups{0};
  Counter stores{0};
  Counter failed_stores{0};
  Counter dropped_stores{0};
  std::array<Counter, kValueFaultCount> refused{};
  std::array<Counter, MemcachedReadings::kBatchBuckets> batches{};
  Counter batched_names{0};
  std::array<Counter, base::kDurationBuckets> lookup_buckets{};
  Counter lookup_us{0};
};

}  // namespace reprise::cache
