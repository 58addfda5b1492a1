#include "cache/purge_exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "cache/entries.h"
#include "cache/purge_wire.h"
#include "fakes/manual_clock.h"
#include "servers/memcached_server.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using testing::IsEmpty;
using Outcome = PurgeExchange::Outcome;

constexpr int64_t kPatienceMs = 25'000;
constexpr size_t kRoom = 1'000'000;

// Party: one process that exchanges purges with a server.
class Party {
 public:
  explicit Party(const MemcachedServer& server, std::string_view name_space = "",
                 int64_t timeout_ms = kPatienceMs)
      : address_{"127.0.0.1", server.port()},
        parts_{.address = address_,
               .patience_ms = timeout_ms,
               .value_bytes_max = size_t{1} << 20,
               .keep_ms = 0,
               .purges_label = {ValueKind::kPurges, base::xxh3_128(name_space), {}, 0},
               .clock = clock,
               .envelope = envelope_,
               .health = health_,
               .counters = counters_,
               .purges = purges,
               .memory = memory_,
               .models = models_},
        client_(address_, timeout_ms),
        exchange_(parts_) {}

  Outcome run(size_t item_bytes_max = kRoom) { return exchange_.run(client_, item_bytes_max); }
  std::string name() const { return envelope_.name(parts_.purges_label); }
  std::string closed(std::string_view payload) const {
    return envelope_.close(parts_.purges_label, payload);
  }
  uint64_t refused() {
    MemcachedReadings readings;
    counters_.read(&readings);
    uint64_t sum = 0;
    for (const uint64_t count : readings.refused) sum += count;
    return sum;
  }
  void purge(std::string_view name_space) {
    ASSERT_TRUE(purges.purge_namespace(name_space, clock.wall_us()));
  }
  bool knows(std::string_view name_space) const {
    return purges.purged(clock.wall_us(), name_space, "", "");
  }

  fakes::ManualClock clock;
  PurgeRecord purges{clock};

 private:
  const MemcachedAddress address_;
  const Envelope envelope_{nullptr};
  ServerHealth health_{"server", clock};
  MemcachedCounters counters_;
  MemoryTier memory_{0};
  base::ModelTable models_;
  const LaneParts parts_;
  MemcachedClient client_;
  PurgeExchange exchange_;
};

class PurgeExchangeTest : public testing::Test {
 protected:
  void purge_for_both() {
    one_.purge("ours");
    ASSERT_EQ(one_.run(), Outcome::kTold);
    ASSERT_EQ(other_.run(), Outcome::kTold);
    ASSERT_TRUE(other_.knows("ours"));
  }

  MemcachedServer server_;
  Party one_{server_};
  Party other_{server_};
};

TEST_F(PurgeExchangeTest, NothingToTellLeavesNothing) {
  EXPECT_EQ(one_.run(), Outcome::kTold);
  EXPECT_THAT(server_.names(), IsEmpty());
}

TEST_F(PurgeExchangeTest, TwoRecordsBecomeTheSame) {
  one_.purge("ours");
  other_.purge("theirs");
  ASSERT_TRUE(one_.purges.purge_model("m", one_.clock.wall_us() - 5));
  ASSERT_TRUE(other_.purges.remove(base::xxh3_128("q"), other_.clock.wall_us() - 7));
  ASSERT_TRUE(other_.purges.purge_all(17));
  EXPECT_EQ(one_.run(), Outcome::kTold);
  EXPECT_EQ(other_.run(), Outcome::kTold);
  EXPECT_TRUE(other_.knows("ours"));
  EXPECT_FALSE(one_.knows("theirs"));
  EXPECT_EQ(one_.run(), Outcome::kTold);
  EXPECT_TRUE(one_.knows("theirs"));
  EXPECT_EQ(one_.purges.snapshot(), other_.purges.snapshot());
  EXPECT_EQ(one_.purges.snapshot().all_us, 17);
  EXPECT_FALSE(one_.knows("others'"));
}

TEST_F(PurgeExchangeTest, WhatAgreesIsNotWrittenAgain) {
  purge_for_both();
  const uint64_t written = server_.stat("cmd_set");
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(one_.run(), Outcome::kTold);
    EXPECT_EQ(other_.run(), Outcome::kTold);
  }
  EXPECT_EQ(server_.stat("cmd_set"), written);
}

TEST_F(PurgeExchangeTest, ItIsKeptForEver) {
  purge_for_both();
  EXPECT_EQ(server_.seconds_left(one_.name()), -1);
}

// A server that was restarted, or threw it out.
TEST_F(PurgeExchangeTest, ALostRecordIsPutBack) {
  purge_for_both();
  server_.flush();
  EXPECT_EQ(other_.run(), Outcome::kTold);
  Party newcomer(server_);
  EXPECT_EQ(newcomer.run(), Outcome::kTold);
  EXPECT_TRUE(newcomer.knows("ours"));
}

TEST_F(PurgeExchangeTest, AnUnusableRecordIsReplaced) {
  purge_for_both();
  const std::string good = server_.get(one_.name()).value();
  std::string bent = good;
  bent.back() = static_cast<char>(bent.back() ^ 1);
  uint64_t refused = 0;
  for (const std::string& bad :
       {std::string(), std::string("none of ours"), good.substr(0, good.size() - 1), bent,
        one_.closed(""), one_.closed("no purge times"),
        one_.closed(encode_purge_times({}, kRoom).substr(1))}) {
    server_.set(one_.name(), bad);
    EXPECT_EQ(one_.run(), Outcome::kTold);
    if (bad != one_.closed("")) ++refused;
    EXPECT_EQ(one_.refused(), refused);
    EXPECT_EQ(server_.get(one_.name()), good);
  }
  EXPECT_TRUE(one_.knows("ours"));
}

TEST_F(PurgeExchangeTest, AnOlderRecordDoesNotUndoAnything) {
  one_.purge("ours");
  ASSERT_EQ(one_.run(), Outcome::kTold);
  const std::string older = server_.get(one_.name()).value();
  one_.clock.advance_ms(1000);
  other_.clock.advance_ms(1000);
  one_.purge("ours");
  ASSERT_EQ(one_.run(), Outcome::kTold);
  server_.set(one_.name(), older);
  EXPECT_EQ(one_.run(), Outcome::kTold);
  EXPECT_EQ(other_.run(), Outcome::kTold);
  EXPECT_TRUE(other_.knows("ours"));
}

// More is forgotten than was asked, never less.
TEST_F(PurgeExchangeTest, WhatDoesNotFitIsFoldedIntoAPurgeOfEverything) {
  constexpr size_t kSmallRoom = 512;
  std::vector<base::Digest128> keys;
  for (int i = 0; i < 100; ++i) {
    keys.push_back(base::xxh3_128("q" + std::to_string(i)));
    ASSERT_TRUE(one_.purges.remove(keys.back(), one_.clock.wall_us() - 1000 + i));
  }
  EXPECT_EQ(one_.run(kSmallRoom), Outcome::kTold);
  EXPECT_LE(server_.get(one_.name()).value().size(), kSmallRoom);
  EXPECT_EQ(other_.run(kSmallRoom), Outcome::kTold);
  for (int i = 0; i < 100; ++i) {
    const int64_t at_us = one_.clock.wall_us() - 1000 + i;
    EXPECT_TRUE(other_.purges.removed(at_us, keys[static_cast<size_t>(i)]) ||
                other_.purges.purged(at_us, "", "", ""));
  }
  // The latest are still known one by one.
  EXPECT_TRUE(other_.purges.removed(one_.clock.wall_us() - 901, keys.back()));
  EXPECT_FALSE(other_.purges.purged(one_.clock.wall_us() - 901, "", "", ""));
  // It comes to rest.
  EXPECT_EQ(one_.run(kSmallRoom), Outcome::kTold);
  const uint64_t written = server_.stat("cmd_set");
  EXPECT_EQ(one_.run(kSmallRoom), Outcome::kTold);
  EXPECT_EQ(other_.run(kSmallRoom), Outcome::kTold);
  EXPECT_EQ(server_.stat("cmd_set"), written);
  EXPECT_EQ(one_.purges.snapshot(), other_.purges.snapshot());
}

// Whoever's clock is wrong, or who means harm, must not keep everybody's cache empty.
TEST_F(PurgeExchangeTest, ATimeFarAheadIsNotPassedOn) {
  one_.clock.advance_ms(120'000);
  one_.purge("ahead");
  ASSERT_EQ(one_.run(), Outcome::kTold);
  other_.purge("ours");
  EXPECT_EQ(other_.run(), Outcome::kTold);
  EXPECT_FALSE(other_.knows("ahead"));
  // It is gone from the server too: even who would take it does not find it.
  Party newcomer(server_);
  newcomer.clock.advance_ms(120'000);
  EXPECT_EQ(newcomer.run(), Outcome::kTold);
  EXPECT_TRUE(newcomer.purges.purged(other_.clock.wall_us(), "ours", "", ""));
  EXPECT_FALSE(newcomer.knows("ahead"));
}

TEST_F(PurgeExchangeTest, NamespacesDoNotMeet) {
  Party elsewhere(server_, "another");
  one_.purge("ours");
  EXPECT_EQ(one_.run(), Outcome::kTold);
  EXPECT_EQ(elsewhere.run(), Outcome::kTold);
  EXPECT_FALSE(elsewhere.knows("ours"));
  EXPECT_NE(one_.name(), elsewhere.name());
}

TEST_F(PurgeExchangeTest, TellsThatItCouldNot) {
  one_.purge("ours");
  EXPECT_EQ(one_.run(1), Outcome::kRefused);
  server_.kill();
  EXPECT_EQ(one_.run(), Outcome::kFailed);
  server_.restart();
  EXPECT_EQ(one_.run(), Outcome::kTold);
}

TEST(PurgeExchange, ItemsThatAreTooLargeAreRefused) {
  MemcachedServer server({"-I", "2k", "-o", "slab_chunk_max=1024"});
  Party one(server);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(one.purges.remove(base::xxh3_128(std::to_string(i)), one.clock.wall_us()));
  }
  EXPECT_EQ(one.run(kRoom), Outcome::kRefused);
  EXPECT_EQ(one.run(1500), Outcome::kTold);
}

// Each time one of them loses a race it merges and tries again; no purge is lost.
TEST(PurgeExchange, ManyMayTellAtOnce) {
  constexpr int kParties = 3;
  constexpr int kPurges = 60;
  MemcachedServer server;
  std::vector<std::unique_ptr<Party>> parties;
  for (int i = 0; i < kParties; ++i) parties.push_back(std::make_unique<Party>(server));
  const auto name = [](int party, int i) {
    return std::to_string(party) + "." + std::to_string(i);
  };
  std::vector<std::thread> threads;
  for (int self = 0; self < kParties; ++self) {
    threads.emplace_back([&, self] {
      Party& party = *parties[static_cast<size_t>(self)];
      for (int i = 0; i < kPurges; ++i) {
        party.purge(name(self, i));
        const Outcome outcome = party.run();
        EXPECT_TRUE(outcome == Outcome::kTold || outcome == Outcome::kChanged);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int round = 0; round < 2; ++round) {
    for (const auto& party : parties) EXPECT_EQ(party->run(), Outcome::kTold);
  }
  for (const auto& party : parties) {
    EXPECT_EQ(party->purges.snapshot(), parties[0]->purges.snapshot());
    for (int self = 0; self < kParties; ++self) {
      for (int i = 0; i < kPurges; ++i) EXPECT_TRUE(party->knows(name(self, i)));
    }
  }
}

}  // namespace
}  // namespace reprise::cache
