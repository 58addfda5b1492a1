#include "cache/writing_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "cache/lease.h"
#include "cache/tier_process.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using End = SharedJob::End;
using Op = SharedWrite::Op;

class WritingLaneTest : public testing::Test {
 protected:
  void SetUp() override {
    process_.meet();
    other_.meet();
  }

  std::string lying_at(const ValueLabel& label) {
    const auto job = process_.ask(label.subject, {label});
    EXPECT_TRUE(job->wait_ms(kPatienceMs));
    return job->values[0].found ? job->values[0].payload : "(none)";
  }
  std::string packed(const base::Digest128& token, uint64_t published) {
    Lease lease;
    lease.token = token;
    lease.published = published;
    return pack_lease(lease);
  }

  MemcachedServer server_;
  TierProcess process_{patient({address_of(server_)})};
  TierProcess other_{patient({address_of(server_)})};
  const ValueLabel lease_ = lease_label(base::xxh3_128("q"), LeaseKind::kCommon);
  const base::Digest128 mine_{1, 2};
  const base::Digest128 theirs_{1, 3};
};

TEST_F(WritingLaneTest, AddingTakesOnlyAFreePlace) {
  EXPECT_EQ(process_.write(Op::kAdd, lease_, "first"), Written::kDone);
  EXPECT_EQ(other_.write(Op::kAdd, lease_, "second"), Written::kExists);
  EXPECT_EQ(lying_at(lease_), "first");
}

TEST_F(WritingLaneTest, SettingTakesAnyPlace) {
  process_.set(lease_, "first");
  other_.set(lease_, "second");
  EXPECT_EQ(lying_at(lease_), "second");
}

TEST_F(WritingLaneTest, RemovingTellsWhetherThereWasSomething) {
  EXPECT_EQ(process_.write(Op::kRemove, lease_), Written::kMissing);
  ASSERT_EQ(process_.write(Op::kAdd, lease_, "x"), Written::kDone);
  EXPECT_EQ(process_.write(Op::kRemove, lease_), Written::kDone);
  EXPECT_EQ(lying_at(lease_), "(none)");
}

TEST_F(WritingLaneTest, AnItemLivesAsLongAsItWasTold) {
  ASSERT_EQ(process_.write(Op::kAdd, lease_, "x", 3'600'000), Written::kDone);
  const std::string name = process_.envelope.name(lease_);
  EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), 3600, 30);
  process_.set(lease_, "x", 600'000);
  EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), 600, 30);
}

TEST_F(WritingLaneTest, OnlyTheHolderRenewsALease) {
  EXPECT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 1)), Written::kDone);
  EXPECT_EQ(other_.write(Op::kHold, lease_, packed(theirs_, 1)), Written::kExists);
  EXPECT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 2), 3'600'000), Written::kDone);
  EXPECT_EQ(lying_at(lease_), packed(mine_, 2));
  EXPECT_GT(server_.seconds_left(process_.envelope.name(lease_)).value(), 3000);
}

// It was thrown out, or it ran out while its holder was held up.
TEST_F(WritingLaneTest, ALostLeaseIsHeldAgainUnlessAnotherHasIt) {
  ASSERT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 1)), Written::kDone);
  server_.flush();
  EXPECT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 2)), Written::kDone);
  server_.flush();
  EXPECT_EQ(other_.write(Op::kHold, lease_, packed(theirs_, 1)), Written::kDone);
  EXPECT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 3)), Written::kExists);
  EXPECT_EQ(lying_at(lease_), packed(theirs_, 1));
}

TEST_F(WritingLaneTest, OnlyTheHolderLetsGoOfALease) {
  EXPECT_EQ(process_.write(Op::kRelease, lease_, lease_prefix(mine_)), Written::kMissing);
  ASSERT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 1)), Written::kDone);
  EXPECT_EQ(other_.write(Op::kRelease, lease_, lease_prefix(theirs_)), Written::kMissing);
  EXPECT_EQ(lying_at(lease_), packed(mine_, 1));
  EXPECT_EQ(process_.write(Op::kRelease, lease_, lease_prefix(mine_)), Written::kDone);
  EXPECT_EQ(server_.get(process_.envelope.name(lease_)), std::nullopt);
  EXPECT_EQ(other_.write(Op::kAdd, lease_, packed(theirs_, 1)), Written::kDone);
}

TEST_F(WritingLaneTest, NobodyHoldsWhatIsNotALeaseOfOurs) {
  server_.set(process_.envelope.name(lease_), "none of ours");
  EXPECT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 1)), Written::kExists);
  EXPECT_EQ(process_.write(Op::kRelease, lease_, lease_prefix(mine_)), Written::kMissing);
  EXPECT_EQ(process_.write(Op::kAdd, lease_, packed(mine_, 1)), Written::kExists);
  EXPECT_EQ(server_.get(process_.envelope.name(lease_)), "none of ours");
}

// So a lease is let go of behind the store that it covered.
TEST_F(WritingLaneTest, WritesInTheOrderInWhichItIsTold) {
  ASSERT_EQ(process_.write(Op::kHold, lease_, packed(mine_, 1)), Written::kDone);
  server_.stop_answering();
  const auto store = process_.order_store(with_body("q", noise(100'000)));
  const auto release = process_.order(Op::kRelease, lease_, lease_prefix(mine_));
  server_.go_on();
  ASSERT_TRUE(release->wait_ms(kPatienceMs));
  EXPECT_EQ(store->end(), End::kDone);
  EXPECT_EQ(store->written, Written::kDone);
  EXPECT_EQ(release->written, Written::kDone);
}

TEST_F(WritingLaneTest, AFullQueueDropsAndCounts) {
  const auto large = with_body("q", noise(4u << 20));
  const size_t many = WritingLane::kWaitingBytesMax / large->cost_bytes() + 3;
  server_.stop_answering();
  std::vector<std::shared_ptr<SharedWrite>> waiting;
  size_t dropped = 0;
  for (size_t i = 0; i < many; ++i) {
    const auto job = process_.order_store(large);
    if (job->end() == End::kDropped) {
      ++dropped;
    } else {
      waiting.push_back(job);
    }
  }
  EXPECT_GE(dropped, 1u);
  server_.go_on();
  for (const auto& job : waiting) {
    ASSERT_TRUE(job->wait_ms(kPatienceMs));
    EXPECT_EQ(job->written, Written::kDone);
  }
  EXPECT_EQ(process_.tier.read().dropped_stores, dropped);
  EXPECT_EQ(process_.tier.read().stores, waiting.size());
}

TEST_F(WritingLaneTest, WhatIsUnusableIsReplaced) {
  const auto entry = sample("q");
  for (const std::string_view value : {"", "none of ours"}) {
    server_.set(process_.name_of(entry->key), value);
    EXPECT_EQ(process_.store(entry), Written::kDone);
    EXPECT_EQ(other_.found(entry), "answer to q");
  }
}

// Nobody would be given it, so it must not stand in anybody's way.
TEST_F(WritingLaneTest, WhatComesFromTheFutureIsReplaced) {
  TierProcess ahead(patient({address_of(server_)}), TierProcess::kWallUs + 120'000'000);
  ahead.meet();
  ASSERT_EQ(ahead.store(sample("q", TierProcess::kWallUs + 119'000'000)), Written::kDone);
  const auto entry = sample("q");
  EXPECT_EQ(process_.store(entry), Written::kDone);
  EXPECT_EQ(process_.found(entry), "answer to q");
}

// Two who recorded the same: however they take turns, the one asked later stays.
TEST_F(WritingLaneTest, TheLaterOfTwoStaysWhoeverWritesLast) {
  for (int round = 0; round < 50; ++round) {
    const std::string name = "q" + std::to_string(round);
    const auto earlier = process_.order_store(with_body(name, "earlier", 1'000'000));
    const auto later = other_.order_store(with_body(name, "later", 1'000'001));
    ASSERT_TRUE(earlier->wait_ms(kPatienceMs));
    ASSERT_TRUE(later->wait_ms(kPatienceMs));
    EXPECT_EQ(later->written, Written::kDone);
    EXPECT_EQ(process_.found(sample(name)), "later");
  }
}

TEST(WritingLaneNoRoom, AFullServerRefusesStoresAndStaysUp) {
  MemcachedServer server({"-M", "-m", "4"});
  TierProcess process(patient({address_of(server)}));
  process.meet();
  const auto first = with_body("first", noise(100'000));
  ASSERT_EQ(process.store(first), Written::kDone);
  Written written = Written::kDone;
  size_t stored = 1;
  for (uint64_t i = 0; written == Written::kDone && i < 200; ++i) {
    written = process.store(with_body("q" + std::to_string(i), noise(100'000, i)));
    if (written == Written::kDone) ++stored;
  }
  EXPECT_EQ(written, Written::kNoRoom);
  EXPECT_TRUE(process.is_up());
  EXPECT_EQ(process.tier.read().servers[0].failures, 0u);
  EXPECT_EQ(process.tier.read().stores, stored);
  EXPECT_EQ(process.tier.read().failed_stores, 1u);
  EXPECT_EQ(process.found(first), body_of(first));
}

}  // namespace
}  // namespace reprise::cache
