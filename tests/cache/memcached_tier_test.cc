#include "cache/memcached_tier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "cache/tier_contract.h"
#include "cache/tier_process.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kSecret = "a secret of this fleet";

template <size_t kServers, bool kSealed>
class MemcachedTierHost {
 public:
  MemcachedTierHost() {
    process_.meet();
    // One question for each server.
    const MemcachedRing ring(addresses());
    std::set<size_t> met;
    for (uint64_t i = 0; met.size() < kServers; ++i) {
      const base::Digest128 home{i, i};
      if (met.insert(ring.server_of(process_.name_of(home))).second) homes_.push_back(home);
    }
  }

  Tier& tier() { return process_.tier; }
  // A lane writes in order: what is behind the stores was written after them.
  void settle() {
    std::vector<std::shared_ptr<SharedWrite>> behind;
    for (const base::Digest128& home : homes_) {
      behind.push_back(process_.order(SharedWrite::Op::kSet, {ValueKind::kMarker, home, {}, 0}));
    }
    for (const auto& job : behind) {
      ASSERT_TRUE(job->wait_ms(kPatienceMs));
      ASSERT_EQ(job->written, Written::kDone);
    }
  }

 private:
  std::vector<MemcachedAddress> addresses() const {
    std::vector<MemcachedAddress> addresses;
    for (const MemcachedServer& server : servers_) addresses.push_back(address_of(server));
    return addresses;
  }
  MemcachedTerms terms() const {
    MemcachedTerms terms = patient(addresses());
    if (kSealed) terms.secret = kSecret;
    return terms;
  }

  std::array<MemcachedServer, kServers> servers_;
  TierProcess process_{terms()};
  std::vector<base::Digest128> homes_;
};

using OnePlain = MemcachedTierHost<1, false>;
using OneSealed = MemcachedTierHost<1, true>;
using ThreePlain = MemcachedTierHost<3, false>;
using ThreeSealed = MemcachedTierHost<3, true>;
using Hosts = testing::Types<OnePlain, OneSealed, ThreePlain, ThreeSealed>;
INSTANTIATE_TYPED_TEST_SUITE_P(MemcachedTier, TierContract, Hosts);

class MemcachedTierTest : public testing::Test {
 protected:
  void SetUp() override {
    process_.meet();
    other_.meet();
  }

  MemcachedServer server_;
  const MemcachedTerms terms_ = patient({address_of(server_)});
  TierProcess process_{terms_};
  TierProcess other_{terms_};
};

TEST_F(MemcachedTierTest, WhatOneStoresTheOtherFinds) {
  const auto entry = sample("q");
  EXPECT_EQ(process_.store(entry), Written::kDone);
  EXPECT_EQ(other_.found(entry), "answer to q");
  const MemcachedReadings readings = other_.tier.read();
  EXPECT_EQ(readings.hits, 1u);
  EXPECT_EQ(readings.misses, 0u);
  EXPECT_EQ(process_.tier.read().stores, 1u);
  EXPECT_EQ(other_.found(sample("another")), "(no entry)");
  EXPECT_EQ(other_.tier.read().misses, 1u);
}

TEST_F(MemcachedTierTest, WhatIsFoundIsRememberedInMemory) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  ASSERT_NE(other_.tier.look_up(entry->key), nullptr);
  EXPECT_EQ(other_.memory.entries(), 0u);  // people who look are no reason
  ASSERT_NE(other_.tier.find(entry->key, entry->proof), nullptr);
  EXPECT_EQ(body_of(other_.memory.find(entry->key, entry->proof)), "answer to q");
}

TEST_F(MemcachedTierTest, WhatIsGoneIsNotRememberedInMemory) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  ASSERT_TRUE(other_.purges.purge_all(entry->asked_at_us));
  other_.tier.find(entry->key, entry->proof);
  EXPECT_EQ(other_.memory.entries(), 0u);
  // Nor is it stored again by whoever knows.
  server_.flush();
  other_.store(entry);
  EXPECT_EQ(other_.found(entry), "(no entry)");
}

TEST_F(MemcachedTierTest, WhatIsPastItsTtlIsRememberedInMemoryToo) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  other_.clock.advance_wall_us((entry->ttl_ms + 1000) * 1000);
  other_.tier.find(entry->key, entry->proof);
  EXPECT_EQ(other_.memory.entries(), 1u);
}

TEST_F(MemcachedTierTest, ModelsAreNamedInThisProcess) {
  const auto entry = sample("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  const auto found = other_.tier.find(entry->key, entry->proof);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->model_id, other_.models.intern(entry->model_answered));
}

// Until its ttl has passed, and for as long as it is to be kept beyond that.
TEST_F(MemcachedTierTest, AnItemLivesAsLongAsItsEntry) {
  SampleEntry an_hour("q", TierProcess::kWallUs - 250'000);  // recorded now
  an_hour.entry.ttl_ms = 3'600'000;
  const auto entry = std::move(an_hour).make();
  const std::string name = process_.name_of(entry->key);
  ASSERT_EQ(process_.store(entry), Written::kDone);
  EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), 3600, 30);
  MemcachedTerms keeping = terms_;
  keeping.keep_ms = 86'400'000;
  TierProcess keeper(keeping);
  keeper.meet();
  // The same again would be left as it is.
  server_.remove(name);
  ASSERT_EQ(keeper.store(entry), Written::kDone);
  EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), 3600 + 86'400, 30);
  // What has been recorded for a while has that much less.
  process_.clock.advance_wall_us(int64_t{1'800} * 1'000'000);
  server_.remove(name);
  ASSERT_EQ(process_.store(entry), Written::kDone);
  EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), 1800, 30);
}

TEST_F(MemcachedTierTest, WhatHasExpiredIsNotStored) {
  const auto entry = sample("q");
  process_.clock.advance_wall_us((entry->ttl_ms + 1000) * 1000);
  EXPECT_NE(process_.store(entry), Written::kDone);
  EXPECT_THAT(server_.names(), IsEmpty());
}

TEST_F(MemcachedTierTest, FlushWritesWhatWaits) {
  std::vector<std::shared_ptr<const Entry>> entries;
  server_.stop_answering();
  for (int i = 0; i < 300; ++i) {
    entries.push_back(sample("q" + std::to_string(i)));
    process_.tier.store(entries.back());
  }
  server_.go_on();
  process_.tier.flush();
  for (const auto& entry : entries) EXPECT_EQ(other_.found(entry), body_of(entry));
  EXPECT_EQ(process_.tier.read().stores, 300u);
  // It takes no more, and says so.
  const auto late = process_.order_store(sample("late"));
  EXPECT_TRUE(late->wait_ms(0));
  EXPECT_EQ(late->end(), SharedJob::End::kDropped);
  EXPECT_EQ(process_.tier.read().dropped_stores, 1u);
  EXPECT_EQ(process_.found(entries[0]), "answer to q0");
}

// All that belongs to a question lies on one server, whichever that is.
TEST(MemcachedTierRing, AQuestionsValuesLieTogether) {
  std::array<MemcachedServer, 3> servers;
  TierProcess process(
      patient({address_of(servers[0]), address_of(servers[1]), address_of(servers[2])}));
  process.meet();
  std::array<size_t, 3> questions{};
  for (int i = 0; i < 60; ++i) {
    const auto entry = sample("q" + std::to_string(i));
    ASSERT_EQ(process.store(entry), Written::kDone);
    const ValueLabel lease{ValueKind::kLease, entry->key, {}, 0};
    ASSERT_EQ(process.write(SharedWrite::Op::kAdd, lease, "held"), Written::kDone);
    size_t homes = 0;
    for (size_t server = 0; server < servers.size(); ++server) {
      const bool here = servers[server].get(process.name_of(entry->key)).has_value();
      EXPECT_EQ(servers[server].get(process.envelope.name(lease)).has_value(), here);
      questions[server] += here ? 1 : 0;
      homes += here ? 1 : 0;
    }
    EXPECT_EQ(homes, 1u);
  }
  EXPECT_THAT(questions, testing::Each(testing::Gt(0u)));
}

// Another secret, or none, is another cache: none finds the others' values, and none is harmed.
TEST(MemcachedTierSecret, SecretsDoNotMeet) {
  MemcachedServer server;
  MemcachedTerms terms = patient({address_of(server)});
  TierProcess plain(terms);
  terms.secret = kSecret;
  TierProcess sealed(terms);
  terms.secret = "another secret, of others";
  TierProcess others(terms);
  const auto entry = sample("q");
  for (TierProcess* process : {&plain, &sealed, &others}) {
    process->meet();
    EXPECT_EQ(process->found(entry), "(no entry)");
    ASSERT_EQ(process->store(entry), Written::kDone);
  }
  EXPECT_THAT(server.names(), SizeIs(3));
  for (TierProcess* process : {&plain, &sealed, &others}) {
    EXPECT_EQ(process->found(entry), "answer to q");
  }
}

}  // namespace
}  // namespace reprise::cache
