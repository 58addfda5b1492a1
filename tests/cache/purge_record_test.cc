#include "cache/purge_record.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "cache/entries.h"

namespace reprise::cache {
namespace {

constexpr int64_t kNow = 1'700'000'000'000'000;

// A clock that stands still.
class StillClock final : public base::Clock {
 public:
  int64_t monotonic_us() const override { return 0; }
  int64_t wall_us() const override { return kNow; }
};

class PurgeRecordTest : public testing::Test {
 protected:
  bool purged(int64_t asked_at_us, std::string_view name_space = "",
              std::string_view model_asked = "asked", std::string_view model_answered = "") {
    return record_.purged(asked_at_us, name_space, model_asked, model_answered);
  }

  StillClock clock_;
  PurgeRecord record_{clock_};
};

TEST_F(PurgeRecordTest, NothingIsGoneAtFirst) {
  EXPECT_FALSE(purged(1));
  EXPECT_FALSE(record_.removed(1, base::xxh3_128("q")));
  EXPECT_EQ(record_.snapshot(), PurgeTimes{});
}

TEST_F(PurgeRecordTest, AllIsAllUntilThen) {
  EXPECT_TRUE(record_.purge_all(kNow));
  EXPECT_TRUE(purged(kNow - 1));
  EXPECT_TRUE(purged(kNow, "a", "m", "n"));
  EXPECT_TRUE(record_.removed(kNow, base::xxh3_128("q")));
  EXPECT_FALSE(purged(kNow + 1));
  EXPECT_FALSE(record_.removed(kNow + 1, base::xxh3_128("q")));
}

TEST_F(PurgeRecordTest, ANamespaceIsExactlyThatOne) {
  EXPECT_TRUE(record_.purge_namespace("a", kNow));
  EXPECT_TRUE(purged(kNow, "a"));
  EXPECT_FALSE(purged(kNow + 1, "a"));
  for (const char* other : {"", "a/b", "b/a", "A", "ab", "a/"}) EXPECT_FALSE(purged(kNow, other));
}

TEST_F(PurgeRecordTest, TheDefaultNamespaceIsOneOfThem) {
  EXPECT_TRUE(record_.purge_namespace("", kNow));
  EXPECT_TRUE(purged(kNow, ""));
  EXPECT_FALSE(purged(kNow, "a"));
}

TEST_F(PurgeRecordTest, AModelCountsWhetherAskedForOrAnswering) {
  EXPECT_TRUE(record_.purge_model("m", kNow));
  EXPECT_TRUE(purged(kNow, "", "m", "n"));
  EXPECT_TRUE(purged(kNow, "", "n", "m"));
  EXPECT_TRUE(purged(kNow, "a", "m", ""));
  EXPECT_FALSE(purged(kNow, "", "n", "o"));
  EXPECT_FALSE(purged(kNow + 1, "", "m", "m"));
}

TEST_F(PurgeRecordTest, ANamespaceAndAModelOfOneNameAreTwoThings) {
  record_.purge_model("x", kNow);
  EXPECT_FALSE(purged(kNow, "x"));
  record_.purge_namespace("y", kNow);
  EXPECT_FALSE(purged(kNow, "", "y", "y"));
}

TEST_F(PurgeRecordTest, ARemovalIsOfOneKey) {
  EXPECT_TRUE(record_.remove(base::xxh3_128("q"), kNow));
  EXPECT_TRUE(record_.removed(kNow, base::xxh3_128("q")));
  EXPECT_FALSE(record_.removed(kNow + 1, base::xxh3_128("q")));
  EXPECT_FALSE(record_.removed(kNow, base::xxh3_128("r")));
  EXPECT_FALSE(purged(kNow));
}

TEST_F(PurgeRecordTest, AnEntryIsGoneForAnyOfThese) {
  const auto entry = sample("q", kNow);
  EXPECT_FALSE(record_.gone(*entry));
  record_.purge_model("another", kNow);
  EXPECT_FALSE(record_.gone(*entry));
  record_.remove(entry->key, kNow);
  EXPECT_TRUE(record_.gone(*entry));
  EXPECT_FALSE(record_.gone(*sample("r", kNow)));
  record_.purge_model("gpt-4o-2024-08-06", kNow);
  EXPECT_TRUE(record_.gone(*sample("r", kNow)));
}

TEST_F(PurgeRecordTest, TimesOnlyMoveForward) {
  record_.purge_all(kNow - 10);
  record_.purge_all(kNow - 20);
  EXPECT_TRUE(purged(kNow - 10));
  record_.purge_namespace("a", kNow - 5);
  record_.purge_namespace("a", kNow - 7);
  EXPECT_TRUE(purged(kNow - 5, "a"));
  EXPECT_FALSE(purged(kNow - 5, "b"));
}

TEST_F(PurgeRecordTest, ATimeTooFarAheadIsIgnored) {
  const int64_t edge = kNow + PurgeRecord::kAheadMaxUs;
  EXPECT_FALSE(record_.purge_all(edge + 1));
  EXPECT_FALSE(record_.purge_namespace("", edge + 1));
  EXPECT_FALSE(record_.purge_model("asked", edge + 1));
  EXPECT_FALSE(record_.remove(base::xxh3_128("q"), edge + 1));
  EXPECT_FALSE(record_.merge({.all_us = edge + 1,
                              .scopes = {{base::xxh3_128("s"), INT64_MAX}},
                              .removals = {{base::xxh3_128("q"), edge + 1}}}));
  EXPECT_EQ(record_.snapshot(), PurgeTimes{});
  EXPECT_TRUE(record_.purge_all(edge));
  EXPECT_TRUE(purged(edge));
}

TEST_F(PurgeRecordTest, TooManyScopesBecomeAPurgeOfAllUntilTheOldest) {
  const auto time = [](size_t i) { return kNow - 1'000'000 + static_cast<int64_t>(i); };
  for (size_t i = 0; i <= PurgeRecord::kScopesMax; ++i) {
    record_.purge_namespace("n" + std::to_string(i), time(i));
  }
  EXPECT_EQ(record_.snapshot().scopes.size(), PurgeRecord::kScopesMax);
  EXPECT_EQ(record_.snapshot().all_us, time(0));
  EXPECT_TRUE(purged(time(0), "n0"));
  EXPECT_TRUE(purged(time(0), "bystander"));
  EXPECT_FALSE(purged(time(1), "bystander"));
  for (size_t i = 1; i <= PurgeRecord::kScopesMax; ++i) {
    ASSERT_TRUE(purged(time(i), "n" + std::to_string(i)));
    ASSERT_FALSE(purged(time(i) + 1, "n" + std::to_string(i)));
  }
}

TEST_F(PurgeRecordTest, TooManyRemovalsBecomeAPurgeOfAllUntilTheOldest) {
  const auto time = [](size_t i) { return kNow - 1'000'000 + static_cast<int64_t>(i); };
  for (size_t i = 0; i <= PurgeRecord::kRemovalsMax; ++i) {
    record_.remove(base::xxh3_128("q" + std::to_string(i)), time(i));
  }
  EXPECT_EQ(record_.snapshot().removals.size(), PurgeRecord::kRemovalsMax);
  EXPECT_TRUE(purged(time(0)));
  EXPECT_FALSE(purged(time(1)));
  for (size_t i = 0; i <= PurgeRecord::kRemovalsMax; ++i) {
    ASSERT_TRUE(record_.removed(time(i), base::xxh3_128("q" + std::to_string(i))));
  }
}

TEST_F(PurgeRecordTest, APurgeOfAllForgetsWhatItCovers) {
  record_.purge_namespace("a", kNow - 10);
  record_.purge_namespace("b", kNow);
  record_.remove(base::xxh3_128("q"), kNow - 10);
  record_.purge_all(kNow - 5);
  EXPECT_EQ(record_.snapshot().scopes.size(), 1u);
  EXPECT_TRUE(record_.snapshot().removals.empty());
  record_.purge_model("m", kNow - 5);
  EXPECT_EQ(record_.snapshot().scopes.size(), 1u);
}

TEST_F(PurgeRecordTest, TwoRecordsThatExchangeTimesAgree) {
  PurgeRecord other(clock_);
  record_.purge_all(kNow - 100);
  record_.purge_namespace("a", kNow - 3);
  record_.purge_model("m", kNow - 2);
  other.purge_all(kNow - 50);
  other.purge_namespace("a", kNow - 4);
  other.remove(base::xxh3_128("q"), kNow - 1);

  EXPECT_TRUE(other.merge(record_.snapshot()));
  EXPECT_TRUE(record_.merge(other.snapshot()));
  EXPECT_FALSE(other.merge(record_.snapshot()));
  EXPECT_EQ(record_.snapshot(), other.snapshot());
  EXPECT_TRUE(other.purged(kNow - 3, "a", "", ""));
  EXPECT_TRUE(record_.removed(kNow - 1, base::xxh3_128("q")));
  EXPECT_EQ(record_.snapshot().all_us, kNow - 50);
}

TEST_F(PurgeRecordTest, MergingMoreThanFitsStaysBoundedAndCorrect) {
  PurgeTimes flood;
  for (size_t i = 0; i < 3 * PurgeRecord::kScopesMax; ++i) {
    flood.scopes.push_back({base::xxh3_128(std::to_string(i)), kNow - 1 - static_cast<int64_t>(i)});
  }
  record_.purge_namespace("a", kNow);
  EXPECT_TRUE(record_.merge(flood));
  EXPECT_LE(record_.snapshot().scopes.size(), PurgeRecord::kScopesMax);
  EXPECT_TRUE(purged(kNow, "a"));
  EXPECT_TRUE(purged(kNow - 3 * static_cast<int64_t>(PurgeRecord::kScopesMax)));
}

// A purge that has returned is seen by whoever asks afterwards, and never taken back by an
// overflow.
TEST_F(PurgeRecordTest, NoThreadEverSeesAPurgeTakenBack) {
  std::atomic<bool> done{false};
  std::atomic<size_t> wrong{0};
  record_.purge_namespace("first", kNow - 10'000'000);
  const auto ask = [&] {
    do {
      if (!purged(kNow - 10'000'000, "first")) ++wrong;
      if (purged(kNow + 1, "first")) ++wrong;
    } while (!done.load());
  };
  std::thread asker(ask);
  std::thread another(ask);
  for (size_t i = 0; i < 4 * PurgeRecord::kScopesMax; ++i) {
    const int64_t at_us = kNow - 9'000'000 + static_cast<int64_t>(i);
    const std::string name = "n" + std::to_string(i);
    record_.purge_namespace(name, at_us);
    if (!purged(at_us, name)) ++wrong;
  }
  done = true;
  asker.join();
  another.join();
  EXPECT_EQ(wrong, 0u);
}

}  // namespace
}  // namespace reprise::cache
