#include "base/metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

namespace reprise::base {
namespace {

TEST(Metrics, SumsWhatEveryWorkerCounted) {
  Metrics metrics(2);
  metrics.worker(0).count_request(1, CacheResult::kHit);
  metrics.worker(1).count_request(1, CacheResult::kHit);
  metrics.worker(1).count_request(1, CacheResult::kMiss);
  metrics.worker(1).count_request(0, CacheResult::kPassed);
  metrics.worker(0).count_bypass(3);
  metrics.worker(1).count_not_stored(3);
  const MetricTotals totals = metrics.total();
  EXPECT_EQ(totals.requests(1, CacheResult::kHit), 2u);
  EXPECT_EQ(totals.requests(1, CacheResult::kMiss), 1u);
  EXPECT_EQ(totals.requests(0, CacheResult::kPassed), 1u);
  EXPECT_EQ(totals.requests(2, CacheResult::kHit), 0u);
  EXPECT_EQ(totals.bypasses(3), 1u);
  EXPECT_EQ(totals.not_stored(3), 1u);
  EXPECT_EQ(totals.not_stored(2), 0u);
}

TEST(Metrics, EveryCounterHasACellOfItsOwn) {
  Metrics metrics(1);
  WorkerMetrics& worker = metrics.worker(0);
  worker.count_request(kMetricRoutesMax - 1, CacheResult::kPassed);
  worker.count_upstream_answer(100);
  worker.count_upstream_answer(599);
  worker.count_upstream_answer(99);
  worker.count_upstream_answer(600);
  worker.count_upstream_failure();
  worker.observe_request(CacheResult::kHit, 0);
  worker.observe_request(CacheResult::kPassed, std::numeric_limits<int64_t>::max());
  worker.observe_first_byte(CacheResult::kHit, -5);
  worker.count_bypass(0);
  worker.count_bypass(kMetricReasonsMax - 1);
  worker.count_not_stored(0);
  worker.count_not_stored(kMetricReasonsMax - 1);
  worker.count_saved(ModelTable::kOther, {1, 2, 3, 4});
  worker.connection_opened();
  worker.stream_opened();
  worker.stream_opened();
  const MetricTotals totals = metrics.total();
  EXPECT_EQ(totals.requests(kMetricRoutesMax - 1, CacheResult::kPassed), 1u);
  EXPECT_EQ(totals.upstream_answers(100), 1u);
  EXPECT_EQ(totals.upstream_answers(599), 1u);
  EXPECT_EQ(totals.upstream_other(), 2u);
  EXPECT_EQ(totals.upstream_failures(), 1u);
  EXPECT_EQ(totals.request_time(CacheResult::kHit).buckets.front(), 1u);
  EXPECT_EQ(totals.request_time(CacheResult::kPassed).buckets.back(), 1u);
  EXPECT_EQ(totals.first_byte_time(CacheResult::kHit).buckets.front(), 1u);
  EXPECT_EQ(totals.first_byte_time(CacheResult::kHit).sum_us, 0u);
  EXPECT_EQ(totals.bypasses(0), 1u);
  EXPECT_EQ(totals.bypasses(kMetricReasonsMax - 1), 1u);
  EXPECT_EQ(totals.not_stored(0), 1u);
  EXPECT_EQ(totals.not_stored(kMetricReasonsMax - 1), 1u);
  EXPECT_EQ(totals.saved(ModelTable::kOther).prompt_tokens, 1u);
  EXPECT_EQ(totals.saved(ModelTable::kOther).completion_tokens, 2u);
  EXPECT_EQ(totals.saved(ModelTable::kOther).duration_us, 3);
  EXPECT_EQ(totals.saved(ModelTable::kOther).nano_usd, 4u);
  EXPECT_EQ(totals.connections(), 1u);
  EXPECT_EQ(totals.streams(), 2u);
}

TEST(Metrics, GaugesFallAgain) {
  Metrics metrics(2);
  metrics.worker(0).connection_opened();
  metrics.worker(1).connection_opened();
  metrics.worker(1).connection_closed();
  metrics.worker(1).stream_opened();
  metrics.worker(1).stream_closed();
  EXPECT_EQ(metrics.total().connections(), 1u);
  EXPECT_EQ(metrics.total().streams(), 0u);
}

TEST(Metrics, ADurationFallsIntoTheFirstBucketThatHoldsIt) {
  const auto expected = [](uint64_t us) {
    return static_cast<size_t>(
        std::lower_bound(kDurationBoundsUs.begin(), kDurationBoundsUs.end(), us) -
        kDurationBoundsUs.begin());
  };
  EXPECT_TRUE(std::is_sorted(kDurationBoundsUs.begin(), kDurationBoundsUs.end()));
  std::vector<uint64_t> durations = {0, 1, std::numeric_limits<uint64_t>::max()};
  for (const uint64_t bound : kDurationBoundsUs) {
    durations.insert(durations.end(), {bound - 1, bound, bound + 1});
  }
  for (int width = 1; width < 64; ++width) {
    durations.insert(durations.end(), {(uint64_t{1} << width) - 1, uint64_t{1} << width});
  }
  for (const uint64_t us : durations) EXPECT_EQ(duration_bucket(us), expected(us)) << us;
  EXPECT_EQ(duration_bucket(50), 0u);
  EXPECT_EQ(duration_bucket(51), 1u);
}

TEST(Metrics, AnAbsurdTokenCountDoesNotWrapTheSum) {
  Metrics metrics(1);
  for (int i = 0; i < 3; ++i) {
    metrics.worker(0).count_saved(0, {std::numeric_limits<uint64_t>::max(), 7, -1, 0});
  }
  EXPECT_EQ(metrics.total().saved(0).prompt_tokens, 3'000'000'000u);
  EXPECT_EQ(metrics.total().saved(0).completion_tokens, 21u);
  EXPECT_EQ(metrics.total().saved(0).duration_us, 0);
}

TEST(Metrics, IsReadWhileItIsWritten) {
  constexpr size_t kWorkers = 3;
  constexpr uint64_t kRounds = 20'000;
  Metrics metrics(kWorkers);
  std::atomic<size_t> running{kWorkers};
  std::vector<std::thread> workers;
  for (size_t i = 0; i < kWorkers; ++i) {
    workers.emplace_back([&metrics, &running, i] {
      for (uint64_t round = 0; round < kRounds; ++round) {
        metrics.worker(i).count_request(1, CacheResult::kHit);
        metrics.worker(i).observe_request(CacheResult::kHit, 40);
      }
      running.fetch_sub(1);
    });
  }
  uint64_t last = 0;
  while (running.load() > 0) {
    const uint64_t now = metrics.total().requests(1, CacheResult::kHit);
    EXPECT_GE(now, last);
    last = now;
  }
  for (std::thread& worker : workers) worker.join();
  const MetricTotals totals = metrics.total();
  EXPECT_EQ(totals.requests(1, CacheResult::kHit), kWorkers * kRounds);
  EXPECT_EQ(totals.request_time(CacheResult::kHit).buckets.front(), kWorkers * kRounds);
  EXPECT_EQ(totals.request_time(CacheResult::kHit).sum_us, kWorkers * kRounds * 40);
}

TEST(ModelTable, GivesOneNameOneId) {
  ModelTable models;
  const ModelId mini = models.intern("gpt-4o-mini");
  EXPECT_EQ(models.intern("gpt-4o-mini"), mini);
  EXPECT_NE(models.intern("gpt-4o"), mini);
  EXPECT_EQ(models.names(), (std::vector<std::string>{"gpt-4o-mini", "gpt-4o"}));
}

TEST(ModelTable, KnowsTwoHundredModelsThenOther) {
  ModelTable models;
  for (size_t i = 0; i < ModelTable::kModelsMax; ++i) {
    EXPECT_EQ(models.intern("model-" + std::to_string(i)), i);
  }
  EXPECT_EQ(models.intern("one too many"), ModelTable::kOther);
  EXPECT_EQ(models.intern("model-0"), 0);
  EXPECT_EQ(models.intern("model-199"), 199);
  EXPECT_EQ(models.names().size(), ModelTable::kModelsMax);
}

TEST(ModelTable, KeepsLabelsPrintableAndDistinct) {
  ModelTable models;
  EXPECT_EQ(models.intern(""), ModelTable::kOther);
  EXPECT_EQ(models.intern("other"), ModelTable::kOther);
  const ModelId hostile = models.intern("a\n\xFF\"z ");
  EXPECT_EQ(models.names().at(hostile), "a??\"z?");
  const ModelId long_name = models.intern(std::string(5000, 'x'));
  EXPECT_EQ(models.names().at(long_name), std::string(ModelTable::kNameBytesMax, 'x'));
  EXPECT_EQ(models.intern(std::string(6000, 'x')), long_name);
}

TEST(ModelTable, ThreadsThatNameTheSameModelAgree) {
  constexpr size_t kThreads = 4;
  constexpr size_t kNames = 300;
  ModelTable models;
  std::vector<std::vector<ModelId>> seen(kThreads);
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&models, &ids = seen[thread]] {
      for (size_t i = 0; i < kNames; ++i) ids.push_back(models.intern(std::to_string(i)));
    });
  }
  for (size_t i = 0; i < 50; ++i) EXPECT_LE(models.names().size(), ModelTable::kModelsMax);
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> names = models.names();
  ASSERT_EQ(names.size(), ModelTable::kModelsMax);
  for (const std::vector<ModelId>& ids : seen) {
    for (size_t i = 0; i < kNames; ++i) {
      if (ids[i] == ModelTable::kOther) continue;
      EXPECT_EQ(names[ids[i]], std::to_string(i));
    }
  }
}

}  // namespace
}  // namespace reprise::base
