#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "cache/keyed_hash.h"
#include "cache/s3_fifo.h"
#include "cache/tier.h"

namespace reprise::cache {

// MemoryTier: the entries that this process holds, bounded in bytes with every overhead counted.
//
// The index is sharded, the bound is not: any entry that fits the whole memory can be stored, and
// eviction ranks all entries together. A find locks one shard for a lookup, allocates nothing and
// writes nothing but the entry's counts. Stores and removals, which are as rare as answers from
// elsewhere, take turns. Nothing is freed under a lock except an index that has grown.
//
// Owner: Server. Thread: any. Lock order: policy_mutex_, then a shard's mutex.
class MemoryTier final : public Tier {
 public:
  // `bytes_max` 0 stores nothing.
  explicit MemoryTier(size_t bytes_max);
  ~MemoryTier() override;
  MemoryTier(const MemoryTier&) = delete;
  MemoryTier& operator=(const MemoryTier&) = delete;

  std::shared_ptr<const Entry> find(const base::Digest128& key, const base::Sha256& proof) override;
  // An entry that could not fit even alone is not stored; the one that it supersedes goes all the
  // same.
  void store(std::shared_ptr<const Entry> entry) override;
  std::shared_ptr<const Entry> look_up(const base::Digest128& key) override;
  bool remove(const base::Digest128& key) override;

  // Puts `richer` in the place of `held`, of which it is a copy that knows more, if `held` is what
  // is there; false if it is not. One that has become too large to be worth it changes nothing.
  bool enrich(const Entry& held, std::shared_ptr<const Entry> richer);

  // Some of the entries, `count_max` at most.
  std::vector<std::shared_ptr<const Entry>> sample(size_t count_max) const;

  // For metrics: each a moment's value.
  size_t bytes_max() const { return bytes_max_; }
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  size_t entries() const { return entries_.load(std::memory_order_relaxed); }
  uint64_t evictions() const { return evictions_.load(std::memory_order_relaxed); }
  uint64_t too_large() const { return too_large_.load(std::memory_order_relaxed); }

 private:
  // Slot: an entry in its place.
  struct Slot final : Resident {
    Slot(uint64_t hash_of_key, size_t cost, std::shared_ptr<const Entry> held)
        : Resident(hash_of_key, cost), entry(std::move(held)) {}
    const std::shared_ptr<const Entry> entry;
  };

  using Index = absl::flat_hash_map<base::Digest128, std::unique_ptr<Slot>, KeyedHash>;

  // Shard: a part of the index. Changed under policy_mutex_ and mutex, read under either.
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Index index;
  };

  // Doomed: slots to be freed once the locks are released: declare it before taking them.
  class Doomed {
   public:
    Doomed() = default;
    Doomed(const Doomed&) = delete;
    Doomed& operator=(const Doomed&) = delete;
    ~Doomed();
    void add(std::unique_ptr<Slot> slot);

   private:
    base::IntrusiveList<Resident> slots_;
  };

  static constexpr size_t kShardBits = 6;
  static constexpr size_t kShards = size_t{1} << kShardBits;

  // The index uses the hash's low bits.
  Shard& shard_of(uint64_t hash) { return shards_[hash >> (64 - kShardBits)]; }
  static size_t index_bytes(const Index& index);

  // All of these with policy_mutex_ held.
  size_t held_bytes() const { return overhead_bytes_ + policy_.bytes(); }
  Slot* slot_under(const base::Digest128& key, uint64_t hash);
  std::unique_ptr<Slot> put_in_index(std::unique_ptr<Slot> slot);
  std::unique_ptr<Slot> take_from_index(const Slot& slot);
  void forget(Slot& slot, Doomed& doomed);
  void put(std::unique_ptr<Slot> incoming, Slot* old, Doomed& doomed);
  bool make_room(const Slot& incoming, Resident::Queue queue, Doomed& doomed);
  void publish_counts();

  const size_t bytes_max_;
  const KeyedHash hash_;
  std::mutex policy_mutex_;
  S3Fifo policy_;              // guarded by policy_mutex_
  size_t overhead_bytes_ = 0;  // guarded by policy_mutex_: ourselves, the index, the policy
  std::array<Shard, kShards> shards_;

  std::atomic<size_t> bytes_{0};
  std::atomic<size_t> entries_{0};
  std::atomic<uint64_t> evictions_{0};
  std::atomic<uint64_t> too_large_{0};
};

}  // namespace reprise::cache
