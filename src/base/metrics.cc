#include "base/metrics.h"

#include <algorithm>
#include <bit>

namespace reprise::base {
namespace {

// For each bit width the bucket of its smallest number. Bounds lie about a factor of two apart, so
// few numbers of that width belong further on.
constexpr std::array<uint8_t, 65> first_buckets() {
  std::array<uint8_t, 65> buckets{};
  for (size_t width = 0; width <= 64; ++width) {
    const uint64_t smallest = width == 0 ? 0 : uint64_t{1} << (width - 1);
    uint8_t bucket = 0;
    while (bucket < kDurationBoundsUs.size() && kDurationBoundsUs[bucket] < smallest) ++bucket;
    buckets[width] = bucket;
  }
  return buckets;
}
constexpr std::array<uint8_t, 65> kFirstBuckets = first_buckets();

}  // namespace

std::string_view cache_result_name(CacheResult result) {
  switch (result) {
    case CacheResult::kHit:
      return "hit";
    case CacheResult::kMiss:
      return "miss";
    case CacheResult::kCoalesced:
      return "coalesced";
    case CacheResult::kStale:
      return "stale";
    case CacheResult::kBypass:
      return "bypass";
    case CacheResult::kPassed:
      return "passed";
  }
  CHECK(false);
}

size_t duration_bucket(uint64_t us) {
  size_t bucket = kFirstBuckets[std::bit_width(us)];
  while (bucket < kDurationBoundsUs.size() && kDurationBoundsUs[bucket] < us) ++bucket;
  return bucket;
}

void WorkerMetrics::count_saved(ModelId model, const SavedWork& work) {
  const size_t first = MetricCells::saved(model);
  add(first, std::min(work.prompt_tokens, kTokensPerAnswerMax));
  add(first + 1, std::min(work.completion_tokens, kTokensPerAnswerMax));
  add(first + 2, static_cast<uint64_t>(std::max<int64_t>(work.duration_us, 0)));
  add(first + 3, work.nano_usd);
}

SavedWork MetricTotals::saved(ModelId model) const {
  const size_t first = MetricCells::saved(model);
  return {cells_[first], cells_[first + 1], static_cast<int64_t>(cells_[first + 2]),
          cells_[first + 3]};
}

DurationTotals MetricTotals::durations(size_t first) const {
  DurationTotals totals;
  std::copy_n(cells_.begin() + static_cast<ptrdiff_t>(first), kDurationBuckets,
              totals.buckets.begin());
  totals.sum_us = cells_[first + kDurationBuckets];
  return totals;
}

MetricTotals Metrics::total() const {
  MetricTotals totals;
  for (const WorkerMetrics& worker : workers_) {
    for (size_t cell = 0; cell < MetricCells::kCount; ++cell) {
      totals.cells_[cell] += worker.cells_[cell].load(std::memory_order_relaxed);
    }
  }
  return totals;
}

}  // namespace reprise::base
