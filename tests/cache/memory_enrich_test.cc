// What a memory holds may be replaced by a copy that knows more.
#include <gtest/gtest.h>

#include <thread>

#include "cache/entries.h"
#include "cache/memory_tier.h"

namespace reprise::cache {
namespace {

// A copy of `entry` that costs so many bytes more.
std::shared_ptr<const Entry> richer(const std::shared_ptr<const Entry>& entry, size_t bytes) {
  auto copy = std::make_shared<Entry>(*entry);
  auto rendition = std::make_shared<Rendition>();
  rendition->replay_head = base::Bytes::with_size(bytes);
  copy->renditions.push_back(std::move(rendition));
  return copy;
}

std::string name_of(size_t number) { return "question " + std::to_string(number); }

bool holds(MemoryTier& tier, const std::string& name) {
  return tier.find(base::xxh3_128(name), base::sha256(name)) != nullptr;
}

// On the heap: AddressSanitizer's stack does not align as much as a memory asks for.
class MemoryEnrich : public testing::Test {
 protected:
  MemoryTier& make(size_t bytes_max) {
    tier_ = std::make_unique<MemoryTier>(bytes_max);
    return *tier_;
  }

 private:
  std::unique_ptr<MemoryTier> tier_;
};

TEST_F(MemoryEnrich, PutsTheCopyInItsPlaceAndCountsIt) {
  MemoryTier& tier = make(1u << 20);
  const auto entry = ballast("q", 4000);
  tier.store(entry);
  const size_t before = tier.bytes();
  const auto copy = richer(entry, 50'000);
  EXPECT_TRUE(tier.enrich(*entry, copy));
  EXPECT_EQ(tier.look_up(entry->key), copy);
  EXPECT_EQ(tier.entries(), 1u);
  EXPECT_EQ(tier.bytes() - before, copy->cost_bytes() - entry->cost_bytes());
  EXPECT_TRUE(tier.remove(entry->key));
  EXPECT_LT(tier.bytes(), before);
}

TEST_F(MemoryEnrich, OnlyOfWhatIsThere) {
  MemoryTier& tier = make(1u << 20);
  const auto old = sample("q", 1);
  const auto newer = sample("q", 2);
  EXPECT_FALSE(tier.enrich(*old, richer(old, 10)));
  EXPECT_EQ(tier.entries(), 0u);
  tier.store(newer);
  EXPECT_FALSE(tier.enrich(*old, richer(old, 10)));
  EXPECT_EQ(tier.look_up(newer->key), newer);
  tier.remove(newer->key);
  EXPECT_FALSE(tier.enrich(*newer, richer(newer, 10)));
  EXPECT_EQ(tier.look_up(newer->key), nullptr);
  // One of two who enrich the same must look again.
  tier.store(newer);
  const auto first = richer(newer, 10);
  EXPECT_TRUE(tier.enrich(*newer, first));
  EXPECT_FALSE(tier.enrich(*newer, richer(newer, 20)));
  EXPECT_EQ(tier.look_up(newer->key), first);
}

TEST_F(MemoryEnrich, OneThatWouldTakeTooMuchStaysAsItWas) {
  MemoryTier& tier = make(1u << 20);
  const auto entry = ballast("q", 4000);
  tier.store(entry);
  const size_t before = tier.bytes();
  EXPECT_TRUE(tier.enrich(*entry, richer(entry, 300u << 10)));
  EXPECT_EQ(tier.look_up(entry->key), entry);
  EXPECT_EQ(tier.bytes(), before);
}

TEST_F(MemoryEnrich, EvictsOthersToMakeRoom) {
  constexpr size_t kMax = 1u << 20;
  MemoryTier& tier = make(kMax);
  for (size_t i = 0; i < 1000; ++i) tier.store(ballast(name_of(i), 4000));
  const uint64_t evictions = tier.evictions();
  const auto entry = tier.look_up(base::xxh3_128(name_of(999)));
  ASSERT_NE(entry, nullptr);
  const auto copy = richer(entry, 200u << 10);
  EXPECT_TRUE(tier.enrich(*entry, copy));
  EXPECT_EQ(tier.look_up(entry->key), copy);
  EXPECT_LE(tier.bytes(), kMax);
  EXPECT_GT(tier.evictions(), evictions + 10);
}

TEST_F(MemoryEnrich, TheCopyIsAsPopular) {
  MemoryTier& tier = make(4u << 20);
  std::vector<std::shared_ptr<const Entry>> popular;
  for (size_t i = 0; i < 50; ++i) {
    popular.push_back(ballast(name_of(i), 4000));
    tier.store(popular.back());
  }
  for (size_t use = 0; use < 3; ++use) {
    for (size_t i = 0; i < 50; ++i) holds(tier, name_of(i));
  }
  for (const auto& entry : popular) EXPECT_TRUE(tier.enrich(*entry, richer(entry, 1000)));
  for (size_t i = 0; i < 20'000; ++i) tier.store(ballast("scan " + name_of(i), 4000));
  for (size_t i = 0; i < 50; ++i) EXPECT_TRUE(holds(tier, name_of(i))) << i;
}

// For the thread sanitizer, and for the bound.
TEST_F(MemoryEnrich, ManyThreadsDoIt) {
  constexpr size_t kMax = 512u << 10;
  MemoryTier& tier = make(kMax);
  std::atomic<size_t> wrong{0};
  std::atomic<size_t> enriched{0};
  const auto work = [&](uint64_t seed) {
    for (size_t i = 0; i < 3000; ++i) {
      const std::string name = name_of((seed + i * 7) % 60);
      const auto found = tier.find(base::xxh3_128(name), base::sha256(name));
      if (found == nullptr) {
        tier.store(ballast(name, 2000));
      } else if (found->renditions.size() < 4 && tier.enrich(*found, richer(found, 3000))) {
        ++enriched;
      } else if (i % 5 == 0) {
        tier.remove(found->key);
      }
      if (tier.bytes() > kMax) ++wrong;
    }
  };
  std::vector<std::thread> threads;
  for (uint64_t seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_GT(enriched, 100u);
}

}  // namespace
}  // namespace reprise::cache
