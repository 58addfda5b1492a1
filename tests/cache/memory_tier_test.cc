#include "cache/memory_tier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <list>
#include <random>
#include <unordered_map>

#include "cache/tier_contract.h"

namespace reprise::cache {
namespace {

struct MemoryTierHost {
  Tier& tier() { return tier_; }
  void settle() {}
  MemoryTier tier_{64u << 20};
};
INSTANTIATE_TYPED_TEST_SUITE_P(MemoryTier, TierContract, MemoryTierHost);

std::string name_of(size_t number) { return "question " + std::to_string(number); }

bool holds(MemoryTier& tier, const std::string& name) {
  return tier.find(base::xxh3_128(name), base::sha256(name)) != nullptr;
}

TEST(MemoryTier, OffStoresNothing) {
  MemoryTier tier(0);
  tier.store(sample("q"));
  EXPECT_FALSE(holds(tier, "q"));
  EXPECT_EQ(tier.entries(), 0u);
  EXPECT_EQ(tier.bytes(), 0u);
  EXPECT_FALSE(tier.remove(base::xxh3_128("q")));
}

TEST(MemoryTier, CountsWhatItHolds) {
  MemoryTier tier(1u << 20);
  const size_t empty = tier.bytes();
  const auto entry = sample("q");
  tier.store(entry);
  EXPECT_EQ(tier.entries(), 1u);
  EXPECT_GT(tier.bytes(), empty + entry->cost_bytes());
  const size_t one = tier.bytes();
  tier.store(entry);
  EXPECT_EQ(tier.bytes(), one);
  tier.remove(entry->key);
  EXPECT_EQ(tier.entries(), 0u);
  EXPECT_LT(tier.bytes(), empty + 256);  // its place in the index stays
  EXPECT_EQ(tier.evictions(), 0u);
}

TEST(MemoryTier, NeverHoldsMoreThanItsBound) {
  constexpr size_t kMax = 4u << 20;
  MemoryTier tier(kMax);
  std::mt19937_64 random(1);
  for (size_t i = 0; i < 20'000; ++i) {
    const size_t bytes = random() % 50 == 0 ? random() % (2u << 20) : random() % 4000;
    tier.store(ballast(name_of(random() % 5000), bytes));
    ASSERT_LE(tier.bytes(), kMax);
    if (random() % 4 == 0) tier.remove(base::xxh3_128(name_of(random() % 5000)));
    holds(tier, name_of(random() % 5000));
  }
  EXPECT_GT(tier.evictions(), 0u);
  EXPECT_GT(tier.entries(), 10u);
}

TEST(MemoryTier, GivesEverythingBack) {
  MemoryTier tier(4u << 20);
  std::vector<std::weak_ptr<const Entry>> seen;
  for (size_t i = 0; i < 3000; ++i) {
    const auto entry = ballast(name_of(i), 4000);
    seen.push_back(entry);
    tier.store(entry);
  }
  const auto alive =
      std::count_if(seen.begin(), seen.end(), [](const auto& entry) { return !entry.expired(); });
  EXPECT_EQ(static_cast<size_t>(alive), tier.entries());
  for (size_t i = 0; i < 3000; ++i) tier.remove(base::xxh3_128(name_of(i)));
  EXPECT_EQ(tier.entries(), 0u);
  EXPECT_TRUE(
      std::all_of(seen.begin(), seen.end(), [](const auto& entry) { return entry.expired(); }));
}

TEST(MemoryTier, StoresWhateverFitsTheWholeMemory) {
  MemoryTier tier(1u << 20);
  for (size_t i = 0; i < 500; ++i) tier.store(ballast(name_of(i), 4000));
  tier.store(ballast("large", 900u << 10));
  EXPECT_TRUE(holds(tier, "large"));
  EXPECT_LE(tier.bytes(), tier.bytes_max());
}

TEST(MemoryTier, LeavesOutWhatCannotFit) {
  MemoryTier tier(1u << 20);
  tier.store(ballast("small", 1000));
  tier.store(ballast("larger than all", 2u << 20));
  EXPECT_FALSE(holds(tier, "larger than all"));
  EXPECT_TRUE(holds(tier, "small"));
  EXPECT_EQ(tier.too_large(), 1u);
}

TEST(MemoryTier, AnAnswerTooLargeStillSupersedesTheOldOne) {
  MemoryTier tier(1u << 20);
  tier.store(ballast("q", 1000));
  tier.store(ballast("q", 2u << 20));
  EXPECT_FALSE(holds(tier, "q"));
  EXPECT_EQ(tier.entries(), 0u);
}

TEST(MemoryTier, TheNewestIsAlwaysThere) {
  MemoryTier tier(1u << 20);
  for (size_t i = 0; i < 2000; ++i) {
    tier.store(ballast(name_of(i), i % 7 == 0 ? 200'000 : 2000));
    ASSERT_TRUE(holds(tier, name_of(i)));
  }
}

TEST(MemoryTier, AScanDoesNotWashOutWhatIsUsed) {
  MemoryTier tier(4u << 20);
  for (size_t i = 0; i < 100; ++i) tier.store(ballast(name_of(i), 4000));
  for (size_t use = 0; use < 3; ++use) {
    for (size_t i = 0; i < 100; ++i) holds(tier, name_of(i));
  }
  // Twenty times the memory, asked once each.
  for (size_t i = 0; i < 20'000; ++i) tier.store(ballast("scan " + name_of(i), 4000));
  for (size_t i = 0; i < 100; ++i) EXPECT_TRUE(holds(tier, name_of(i))) << i;
}

TEST(MemoryTier, LookingUpDoesNotCountAsUse) {
  MemoryTier tier(4u << 20);
  tier.store(ballast("q", 4000));
  for (size_t use = 0; use < 5; ++use) tier.look_up(base::xxh3_128("q"));
  for (size_t i = 0; i < 5000; ++i) tier.store(ballast(name_of(i), 4000));
  EXPECT_FALSE(holds(tier, "q"));
}

TEST(MemoryTier, KeysMadeToAgreeSpreadAllTheSame) {
  MemoryTier tier(64u << 20);
  for (const bool high : {true, false}) {
    for (uint64_t i = 0; i < 20'000; ++i) {
      auto entry = std::make_shared<Entry>();
      entry->key = high ? base::Digest128{i << 40, 42} : base::Digest128{42, i << 40};
      tier.store(entry);
    }
  }
  EXPECT_EQ(tier.entries(), 40'000u);
  // Beyond this the test would take minutes, if all of them shared a bucket.
}

// LruModel: what a plain LRU of as many bytes would do.
class LruModel {
 public:
  explicit LruModel(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool use(size_t question, size_t cost) {
    if (const auto place = places_.find(question); place != places_.end()) {
      order_.splice(order_.begin(), order_, place->second);
      return true;
    }
    order_.emplace_front(question, cost);
    places_[question] = order_.begin();
    bytes_ += cost;
    while (bytes_ > bytes_max_) {
      bytes_ -= order_.back().second;
      places_.erase(order_.back().first);
      order_.pop_back();
    }
    return false;
  }

 private:
  using Order = std::list<std::pair<size_t, size_t>>;
  const size_t bytes_max_;
  size_t bytes_ = 0;
  Order order_;
  std::unordered_map<size_t, Order::iterator> places_;
};

// Zipf: question 0 is the most popular.
class Zipf {
 public:
  Zipf(size_t count, double skew) {
    double sum = 0;
    for (size_t i = 0; i < count; ++i) sums_.push_back(sum += 1 / std::pow(i + 1, skew));
  }
  size_t draw(std::mt19937_64& random) const {
    const double point = static_cast<double>(random() >> 11) * 0x1p-53 * sums_.back();
    return static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end(), point) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

struct Ratios {
  double tier = 0;
  double lru = 0;
};

// Every `scan_every`th question is one that is never asked again; 0 = none is.
Ratios simulate(size_t bytes_max, size_t scan_every) {
  constexpr size_t kQuestions = 10'000;
  constexpr size_t kRequests = 150'000;
  const Zipf zipf(kQuestions, 0.9);
  std::mt19937_64 random(20'240'501);
  MemoryTier tier(bytes_max);
  LruModel lru(bytes_max);
  size_t tier_hits = 0;
  size_t lru_hits = 0;
  size_t fresh = kQuestions;
  for (size_t i = 0; i < kRequests; ++i) {
    const bool one_off = scan_every > 0 && i % scan_every == 0;
    const size_t question = one_off ? fresh++ : std::min(zipf.draw(random), kQuestions - 1);
    const size_t cost = 1000 + question * 7919 % 6000;
    const std::string name = name_of(question);
    const auto entry = ballast(name, cost);
    if (tier.find(entry->key, entry->proof) != nullptr) {
      ++tier_hits;
    } else {
      tier.store(entry);
    }
    lru_hits += lru.use(question, cost) ? 1 : 0;
  }
  return {static_cast<double>(tier_hits) / kRequests, static_cast<double>(lru_hits) / kRequests};
}

TEST(MemoryTier, BeatsLruWherePopularityIsUneven) {
  const Ratios ratios = simulate(4u << 20, 0);
  RecordProperty("tier", std::to_string(ratios.tier));
  RecordProperty("lru", std::to_string(ratios.lru));
  EXPECT_GT(ratios.tier, ratios.lru + 0.02);
}

TEST(MemoryTier, BeatsLruByMoreWhereManyAskOnce) {
  const Ratios ratios = simulate(4u << 20, 3);
  RecordProperty("tier", std::to_string(ratios.tier));
  RecordProperty("lru", std::to_string(ratios.lru));
  EXPECT_GT(ratios.tier, ratios.lru + 0.04);
}

// Everything at once in a memory far too small: for the thread sanitizer, and for the bound.
TEST(MemoryTier, ManyThreadsShareASmallMemory) {
  constexpr size_t kMax = 512u << 10;
  MemoryTier tier(kMax);
  std::atomic<size_t> wrong{0};
  const auto work = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (size_t i = 0; i < 4000; ++i) {
      const std::string name = name_of(random() % 300);
      const base::Digest128 key = base::xxh3_128(name);
      const base::Sha256 proof = base::sha256(name);
      const auto found = tier.find(key, proof);
      if (found == nullptr) {
        tier.store(ballast(name, 1000 + random() % 20'000));
      } else if (found->proof != proof) {
        ++wrong;
      }
      if (random() % 64 == 0) tier.remove(key);
      if (random() % 64 == 0) tier.look_up(key);
      if (tier.bytes() > kMax) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(tier.evictions(), 0u);
}

}  // namespace
}  // namespace reprise::cache
