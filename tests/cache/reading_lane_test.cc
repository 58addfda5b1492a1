#include "cache/reading_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

#include "cache/tier_process.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using End = SharedJob::End;
using Op = SharedWrite::Op;

uint64_t sum_of(const std::array<uint64_t, MemcachedReadings::kBatchBuckets>& batches) {
  return std::accumulate(batches.begin(), batches.end(), uint64_t{0});
}

class ReadingLaneTest : public testing::Test {
 protected:
  using Jobs = std::vector<std::shared_ptr<SharedRead>>;

  void SetUp() override { process_.meet(); }

  void expect_all(const Jobs& jobs, End end) {
    for (const auto& job : jobs) {
      ASSERT_TRUE(job->wait_ms(kPatienceMs));
      EXPECT_EQ(job->end(), end);
    }
  }

  MemcachedServer server_;
  TierProcess process_{patient({address_of(server_)})};
};

TEST_F(ReadingLaneTest, WhatWaitsGoesOutTogether) {
  constexpr size_t kLookups = 600;
  std::vector<std::shared_ptr<const Entry>> entries;
  for (size_t i = 0; i < kLookups; ++i) {
    entries.push_back(sample("q" + std::to_string(i)));
    if (i % 3 == 0) process_.tier.store(entries.back());
  }
  ASSERT_EQ(process_.store(sample("behind")), Written::kDone);
  server_.stop_answering();
  Jobs jobs;
  for (const auto& entry : entries) jobs.push_back(process_.ask(entry->key));
  server_.go_on();
  expect_all(jobs, End::kDone);
  for (size_t i = 0; i < kLookups; ++i) {
    EXPECT_EQ(body_of(jobs[i]->entry), i % 3 == 0 ? body_of(entries[i]) : "(no entry)");
  }
  const MemcachedReadings readings = process_.tier.read();
  EXPECT_EQ(readings.batched_names, kLookups);
  // One that the server was stopped in, then full ones.
  EXPECT_LE(sum_of(readings.batches), 2 + kLookups / ReadingLane::kBatchMax);
  EXPECT_EQ(readings.hits, kLookups / 3);
  EXPECT_EQ(readings.misses, kLookups - kLookups / 3);
}

TEST_F(ReadingLaneTest, WhatIsSubmittedQuietlyGoesOutWhenTheLanesAreTold) {
  Jobs jobs;
  for (int i = 0; i < 20; ++i) {
    auto job = std::make_shared<SharedRead>(nullptr);
    job->home = base::xxh3_128(std::to_string(i));
    job->want({ValueKind::kEntry, job->home, {}, 0});
    process_.tier.submit_quietly(job);
    jobs.push_back(job);
  }
  process_.tier.tell_lanes();
  expect_all(jobs, End::kDone);
  EXPECT_EQ(process_.tier.read().batched_names, 20u);
}

TEST_F(ReadingLaneTest, AFullQueueDropsAndCounts) {
  constexpr size_t kTooMany = ReadingLane::kWaitingMax / SharedRead::kLabelsMax + 50;
  server_.stop_answering();
  Jobs waiting;
  Jobs dropped;
  for (size_t i = 0; i < kTooMany; ++i) {
    const base::Digest128 key{i, i};
    std::vector<ValueLabel> labels{{ValueKind::kEntry, key, {}, 0}};
    for (uint32_t number = 1; number < SharedRead::kLabelsMax; ++number) {
      labels.push_back({ValueKind::kLease, key, {}, number});
    }
    const auto job = process_.ask(key, labels);
    // Those that a lane took out meanwhile, a batch at most, made room.
    (job->end() == End::kDropped ? dropped : waiting).push_back(job);
  }
  EXPECT_FALSE(dropped.empty());
  EXPECT_LE(waiting.size() * SharedRead::kLabelsMax,
            ReadingLane::kWaitingMax + ReadingLane::kBatchMax);
  server_.go_on();
  expect_all(waiting, End::kDone);
  const MemcachedReadings readings = process_.tier.read();
  EXPECT_EQ(readings.dropped_lookups, dropped.size());
  EXPECT_EQ(readings.misses, waiting.size());
  EXPECT_EQ(process_.fate({1, 1}), End::kDone);
}

TEST_F(ReadingLaneTest, NobodyIsAskedForWhatNobodyWaitsFor) {
  const auto wanted = sample("wanted");
  const auto promoted = sample("promoted");
  const auto forgotten = sample("forgotten");
  for (const auto& entry : {wanted, promoted, forgotten}) {
    ASSERT_EQ(process_.store(entry), Written::kDone);
  }
  server_.stop_answering();
  const auto first = process_.ask(base::xxh3_128("the lane waits for it"));
  Jobs jobs{first};
  for (const auto& entry : {promoted, forgotten}) {
    const auto job = std::make_shared<SharedRead>(nullptr);
    job->home = entry->key;
    job->want({ValueKind::kEntry, entry->key, {}, 0});
    if (entry == promoted) job->promote = SharedRead::Promote::kToMemory;
    job->forget();
    process_.tier.submit(job);
    jobs.push_back(job);
  }
  jobs.push_back(process_.ask(wanted->key));
  server_.go_on();
  for (const auto& job : jobs) ASSERT_TRUE(job->wait_ms(kPatienceMs));
  EXPECT_EQ(process_.tier.read().batched_names, 3u);
  EXPECT_NE(process_.memory.find(promoted->key, promoted->proof), nullptr);
  EXPECT_EQ(jobs[2]->entry, nullptr);
  EXPECT_EQ(body_of(jobs[3]->entry), "answer to wanted");
}

TEST_F(ReadingLaneTest, TwoMayAskForTheSameAtOnce) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  server_.stop_answering();
  Jobs jobs{process_.ask(base::xxh3_128("the lane waits for it"))};
  for (int i = 0; i < 5; ++i) {
    jobs.push_back(process_.ask(entry->key));
    jobs.push_back(process_.ask(base::xxh3_128("nobody's")));
  }
  server_.go_on();
  expect_all(jobs, End::kDone);
  for (size_t i = 1; i < jobs.size(); i += 2) {
    EXPECT_EQ(body_of(jobs[i]->entry), "answer to q");
    EXPECT_EQ(jobs[i + 1]->entry, nullptr);
  }
}

// Whatever else has been made of it stays, and is given to whoever asks.
TEST_F(ReadingLaneTest, WhatMemoryHasOfItIsNotReplaced) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  const auto promote = [&] {
    auto job = std::make_shared<SharedRead>(nullptr);
    job->home = entry->key;
    job->promote = SharedRead::Promote::kToMemory;
    job->want({ValueKind::kEntry, entry->key, {}, 0});
    process_.tier.submit(job);
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->entry;
  };
  process_.memory.remove(entry->key);
  const auto first = promote();
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(process_.memory.look_up(entry->key), first);
  auto richer = std::make_shared<Entry>(*first);
  richer->renditions.push_back(std::make_shared<const Rendition>());
  ASSERT_TRUE(process_.memory.enrich(*first, richer));
  EXPECT_EQ(promote(), richer);
  EXPECT_EQ(process_.memory.look_up(entry->key), richer);
  // Another recording of the question is another entry.
  process_.memory.remove(entry->key);
  process_.memory.store(sample("q", entry->asked_at_us - 1));
  const auto newer = promote();
  EXPECT_EQ(newer->asked_at_us, entry->asked_at_us);
  EXPECT_EQ(process_.memory.look_up(entry->key), newer);
}

TEST_F(ReadingLaneTest, OneJobBringsValuesOfSeveralKinds) {
  const auto entry = sample("q");
  const ValueLabel of_entry{ValueKind::kEntry, entry->key, {}, 0};
  const ValueLabel lease{ValueKind::kLease, entry->key, {}, 0};
  const ValueLabel marker{ValueKind::kMarker, entry->key, {}, 0};
  const ValueLabel empty{ValueKind::kSegment, entry->key, {}, 1};
  ASSERT_EQ(process_.store(entry), Written::kDone);
  process_.set(lease, std::string("a lease\0", 8));
  process_.set(empty);
  const auto job = process_.ask(entry->key, {of_entry, marker, lease, empty});
  ASSERT_TRUE(job->wait_ms(kPatienceMs));
  EXPECT_EQ(body_of(job->entry), "answer to q");
  EXPECT_FALSE(job->values[0].found);  // an entry is not kept twice
  EXPECT_FALSE(job->values[1].found);
  EXPECT_TRUE(job->values[2].found);
  EXPECT_EQ(job->values[2].payload, std::string("a lease\0", 8));
  EXPECT_TRUE(job->values[3].found);
  EXPECT_EQ(job->values[3].payload, "");
}

// What is counted as a lookup is what a request asked for, once.
TEST_F(ReadingLaneTest, OnlyLookupsAreCounted) {
  const auto job = std::make_shared<SharedRead>(nullptr);
  job->home = base::xxh3_128("q");
  job->want({ValueKind::kLease, job->home, {}, 0});
  process_.tier.submit(job);
  ASSERT_TRUE(job->wait_ms(kPatienceMs));
  process_.tier.look_up(job->home);
  EXPECT_EQ(process_.tier.read().misses, 0u);
  EXPECT_EQ(process_.tier.read().lookup_time.buckets, base::DurationTotals{}.buckets);
  process_.tier.find(job->home, {});
  EXPECT_EQ(process_.tier.read().misses, 1u);
}

// What lies there may be anyone's, damaged, or another question's answer.
TEST_F(ReadingLaneTest, WhatIsUnusableIsAMissAndCounted) {
  const auto entry = sample("q");
  const auto other = sample("another");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  ASSERT_EQ(process_.store(other), Written::kDone);
  const std::string name = process_.name_of(entry->key);
  const std::string good = server_.get(name).value();
  const auto expect_refused = [&](const std::string& value, ValueFault fault) {
    const uint64_t before = process_.refused(fault);
    server_.set(name, value);
    EXPECT_EQ(process_.found(entry), "(no entry)");
    EXPECT_EQ(process_.refused(fault), before + 1) << value_fault_name(fault);
  };
  expect_refused("", ValueFault::kForeign);
  expect_refused("{\"some\":\"other cache's\"}", ValueFault::kForeign);
  expect_refused(good.substr(0, good.size() / 2), ValueFault::kCorrupt);
  expect_refused(good + "x", ValueFault::kCorrupt);
  expect_refused(server_.get(process_.name_of(other->key)).value(), ValueFault::kCorrupt);
  std::string newer = good;
  ++newer[2];
  expect_refused(newer, ValueFault::kVersion);
  // Well packed, but not what it says it is.
  const ValueLabel label{ValueKind::kEntry, entry->key, {}, 0};
  expect_refused(process_.envelope.close(label, ""), ValueFault::kCorrupt);
  EntryItem item;
  item.whole = "none of ours, whatever the envelope says";
  expect_refused(process_.envelope.close(label, pack_entry_item(item)), ValueFault::kForeign);
  EntryCodec codec(process_.models, size_t{1} << 20);
  const std::string encoded = codec.encode(*other);
  item.whole = encoded;
  expect_refused(process_.envelope.close(label, pack_entry_item(item)), ValueFault::kCorrupt);
  EXPECT_TRUE(process_.is_up());
  EXPECT_EQ(process_.tier.read().servers[0].failures, 0u);
  server_.set(name, good);
  EXPECT_EQ(process_.found(entry), "answer to q");
}

// It would outlive every purge.
TEST_F(ReadingLaneTest, WhatComesFromTheFutureIsRefused) {
  TierProcess ahead(patient({address_of(server_)}), TierProcess::kWallUs + 120'000'000);
  ahead.meet();
  const auto entry = sample("q", TierProcess::kWallUs + 119'000'000);
  ASSERT_EQ(ahead.store(entry), Written::kDone);
  EXPECT_EQ(process_.found(entry), "(no entry)");
  EXPECT_EQ(process_.refused(ValueFault::kCorrupt), 1u);
  EXPECT_EQ(ahead.found(entry), "answer to q");
}

TEST_F(ReadingLaneTest, PurgesAreToldAtOnce) {
  TierProcess other(patient({address_of(server_)}));
  other.meet();
  for (int i = 1; i <= 5; ++i) {
    ASSERT_TRUE(process_.purges.purge_all(i));
    EXPECT_EQ(process_.tier.tell_purges(), 1u);
    EXPECT_EQ(other.tier.tell_purges(), 1u);
    EXPECT_EQ(other.purges.snapshot().all_us, i);
  }
}

// By themselves, whether anybody asks for anything or not.
TEST_F(ReadingLaneTest, PurgesReachTheOthers) {
  TierProcess other(patient({address_of(server_)}));
  other.meet();
  ASSERT_TRUE(process_.purges.purge_all(17));
  eventually("the other knows", [&] { return other.purges.snapshot().all_us == 17; });
}

// Whoever is to stop does not wait for what was asked, but who asked hears of it.
TEST_F(ReadingLaneTest, NobodyIsLeftWaitingWhenItEnds) {
  Jobs jobs;
  {
    TierProcess leaving(brisk({address_of(server_)}));
    ASSERT_EQ(leaving.tier.tell_purges(), 1u);
    server_.stop_answering();
    for (int i = 0; i < 300; ++i) jobs.push_back(leaving.ask(base::xxh3_128(std::to_string(i))));
  }
  server_.go_on();
  for (const auto& job : jobs) {
    EXPECT_TRUE(job->wait_ms(0));
    EXPECT_EQ(job->end(), End::kFailed);
  }
}

}  // namespace
}  // namespace reprise::cache
