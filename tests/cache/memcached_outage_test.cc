// What the shared tier does while servers fail, and afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "cache/memcached_tier.h"
#include "cache/scripted_memcached.h"
#include "cache/tier_process.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using End = SharedJob::End;
using Op = SharedWrite::Op;

// Settled before the call returned: nobody waits for a server that is being left alone.
void expect_at_once(SharedJob& job, End end) {
  EXPECT_TRUE(job.wait_ms(0));
  EXPECT_EQ(job.end(), end);
}

class MemcachedOutage : public testing::Test {
 protected:
  void SetUp() override {
    process_.meet();
    eventually("it is stored", [this] { return process_.store(entry_) == Written::kDone; });
  }
  void await_failure() {
    eventually("a lookup fails", [this] { return process_.fate(entry_->key) == End::kFailed; });
    EXPECT_FALSE(process_.is_up());
    EXPECT_GE(process_.tier.read().servers[0].failures, 1u);
  }
  // Nobody asks for anything meanwhile.
  void await_return() {
    eventually("it is up again", [this] { return process_.is_up(); });
  }

  MemcachedServer server_;
  TierProcess process_{brisk({address_of(server_)})};
  const std::shared_ptr<const Entry> entry_ = sample("q");
};

TEST_F(MemcachedOutage, AKilledServerIsLeftAloneUntilItIsBack) {
  server_.kill();
  await_failure();
  const MemcachedReadings before = process_.tier.read();
  for (int i = 0; i < 100; ++i) expect_at_once(*process_.ask(entry_->key), End::kFailed);
  expect_at_once(*process_.order_store(entry_), End::kFailed);
  expect_at_once(*process_.order(Op::kAdd, {ValueKind::kMarker, entry_->key, {}, 0}), End::kFailed);
  EXPECT_EQ(process_.tier.find(entry_->key, entry_->proof), nullptr);
  EXPECT_FALSE(process_.tier.remove(entry_->key));
  EXPECT_EQ(process_.tier.tell_purges(), 0u);
  const MemcachedReadings after = process_.tier.read();
  EXPECT_EQ(after.failed_lookups, before.failed_lookups + 101);
  EXPECT_EQ(after.failed_stores, before.failed_stores + 1);
  EXPECT_EQ(after.batched_names, before.batched_names);  // nothing went out
  server_.restart();
  await_return();
  eventually("it takes stores", [this] { return process_.store(entry_) == Written::kDone; });
  eventually("it answers", [this] { return process_.found(entry_) == "answer to q"; });
}

TEST_F(MemcachedOutage, AStoppedServerIsLeftAloneUntilItGoesOn) {
  server_.stop_answering();
  await_failure();
  for (int i = 0; i < 100; ++i) expect_at_once(*process_.ask(entry_->key), End::kFailed);
  expect_at_once(*process_.order_store(entry_), End::kFailed);
  server_.go_on();
  await_return();
  eventually("it answers", [this] { return process_.found(entry_) == "answer to q"; });
}

// Its memory is gone, ours is not.
TEST_F(MemcachedOutage, WhatWasPurgedIsToldAgainAfterARestart) {
  ASSERT_TRUE(process_.purges.purge_all(17));
  process_.meet();
  const std::string name = process_.envelope.name({ValueKind::kPurges, base::xxh3_128(""), {}, 0});
  ASSERT_TRUE(server_.get(name).has_value());
  server_.restart();
  eventually("it is told", [&] { return server_.get(name).has_value(); });
  TierProcess newcomer(patient({address_of(server_)}));
  newcomer.meet();
  EXPECT_EQ(newcomer.purges.snapshot().all_us, 17);
}

// It may take less at once than the one before it.
TEST_F(MemcachedOutage, AnotherServersBoundIsAskedFor) {
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(process_.purges.remove(base::xxh3_128(std::to_string(i)), 1000 + i));
  }
  process_.meet();
  server_.restart({"-I", "16k", "-o", "slab_chunk_max=8192"});
  process_.meet();
  const auto large = with_body("large", noise(100'000));
  eventually("it is stored", [&] { return process_.store(large) == Written::kDone; });
  eventually("it is found", [&] { return process_.found(large) == body_of(large); });
}

TEST(MemcachedOutages, AServerMayComeLater) {
  MemcachedServer server;
  server.kill();
  TierProcess process(brisk({address_of(server)}));
  const auto entry = sample("q");
  EXPECT_EQ(process.fate(entry->key), End::kFailed);
  expect_at_once(*process.order_store(entry), End::kFailed);
  EXPECT_EQ(process.tier.tell_purges(), 0u);
  EXPECT_FALSE(process.is_up());
  server.restart();
  eventually("it is up", [&] { return process.is_up(); });
  eventually("it takes stores", [&] { return process.store(entry) == Written::kDone; });
}

// What waits in line for a server that dies is told so, and counted once.
TEST(MemcachedOutages, WhatWaitsFailsWithItsServer) {
  MemcachedServer server;
  TierProcess process(patient({address_of(server)}));
  process.meet();
  server.stop_answering();
  std::vector<std::shared_ptr<SharedJob>> jobs;
  for (int i = 0; i < 300; ++i) jobs.push_back(process.ask(base::xxh3_128(std::to_string(i))));
  for (int i = 0; i < 20; ++i) jobs.push_back(process.order_store(sample(std::to_string(i))));
  server.kill();
  for (const auto& job : jobs) {
    ASSERT_TRUE(job->wait_ms(kPatienceMs));
    EXPECT_EQ(job->end(), End::kFailed);
  }
  const MemcachedReadings readings = process.tier.read();
  EXPECT_EQ(readings.failed_lookups, 300u);
  EXPECT_EQ(readings.failed_stores, 20u);
  EXPECT_EQ(readings.misses, 0u);
}

class MemcachedOutageOfOne : public testing::Test {
 protected:
  static constexpr size_t kIll = 1;

  std::vector<MemcachedAddress> addresses() const {
    return {address_of(servers_[0]), address_of(servers_[1]), address_of(servers_[2])};
  }
  size_t server_of(const TierProcess& process, const std::shared_ptr<const Entry>& entry) const {
    return ring_.server_of(process.name_of(entry->key));
  }

  std::array<MemcachedServer, 3> servers_;
  const MemcachedRing ring_{addresses()};
};

TEST_F(MemcachedOutageOfOne, AHangingServerHoldsUpNobodyElsesKeys) {
  TierProcess process(patient(addresses()));
  process.meet();
  std::vector<std::shared_ptr<const Entry>> entries;
  for (int i = 0; i < 60; ++i) {
    entries.push_back(sample("q" + std::to_string(i)));
    ASSERT_EQ(process.store(entries.back()), Written::kDone);
  }
  servers_[kIll].stop_answering();
  std::vector<std::shared_ptr<SharedJob>> hanging;
  for (const auto& entry : entries) {
    if (server_of(process, entry) != kIll) continue;
    hanging.push_back(process.ask(entry->key));
    hanging.push_back(process.order_store(entry));
  }
  size_t answered = 0;
  for (const auto& entry : entries) {
    if (server_of(process, entry) == kIll) continue;
    EXPECT_EQ(process.found(entry), body_of(entry));
    EXPECT_EQ(process.store(entry), Written::kDone);
    ++answered;
  }
  EXPECT_GT(answered, 0u);
  EXPECT_FALSE(hanging.empty());
  for (const auto& job : hanging) EXPECT_EQ(job->end(), End::kPending);
  servers_[kIll].go_on();
  for (const auto& job : hanging) {
    ASSERT_TRUE(job->wait_ms(kPatienceMs));
    EXPECT_EQ(job->end(), End::kDone);
  }
}

TEST_F(MemcachedOutageOfOne, ADeadServersKeysAreMissesAndNoOtherTakesThem) {
  TierProcess process(brisk(addresses()));
  process.meet();
  servers_[kIll].kill();
  eventually("it is down", [&] { return !process.is_up(kIll); });
  eventually("the others are told", [&] { return process.tier.tell_purges() == 2; });
  for (int i = 0; i < 40; ++i) {
    const auto entry = sample("q" + std::to_string(i));
    if (server_of(process, entry) == kIll) {
      EXPECT_EQ(process.fate(entry->key), End::kFailed);
      EXPECT_EQ(process.store(entry), Written::kFailed);
    } else {
      eventually("it is stored", [&] { return process.store(entry) == Written::kDone; });
    }
  }
  servers_[kIll].restart();
  eventually("it is up again", [&] { return process.is_up(kIll); });
  EXPECT_EQ(servers_[kIll].stat("curr_items"), 0u);
}

// It would cost time and teach nothing.
TEST(MemcachedOutages, WhatIsNoMemcachedIsSentNoChange) {
  ScriptedMemcached stranger(std::vector<std::string>(2000, "HTTP/1.1 400 Bad Request\r\n\r\n"));
  TierProcess process(brisk({{"127.0.0.1", stranger.port()}}));
  EXPECT_EQ(process.fate(base::xxh3_128("q")), End::kFailed);
  EXPECT_FALSE(process.is_up());
  expect_at_once(*process.order_store(sample("q")), End::kFailed);
  EXPECT_EQ(process.tier.tell_purges(), 0u);
}

}  // namespace
}  // namespace reprise::cache
