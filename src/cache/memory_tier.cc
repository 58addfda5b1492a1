#include "cache/memory_tier.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace reprise::cache {

namespace {

constexpr size_t kAllocation = 16;  // what malloc adds to a block, rounding included
// An entry that takes more than this part of the memory is kept in one form only.
constexpr size_t kRichShareMax = 4;

}  // namespace

MemoryTier::Doomed::~Doomed() {
  while (Resident* slot = slots_.pop_front()) delete static_cast<Slot*>(slot);
}

void MemoryTier::Doomed::add(std::unique_ptr<Slot> slot) { slots_.push_back(*slot.release()); }

MemoryTier::MemoryTier(size_t bytes_max) : bytes_max_(bytes_max), policy_(bytes_max) {
  overhead_bytes_ = sizeof(MemoryTier) + policy_.overhead_bytes();
  for (Shard& shard : shards_) {
    shard.index = Index(0, hash_);
    overhead_bytes_ += index_bytes(shard.index);
  }
  if (bytes_max_ > 0) publish_counts();
}

MemoryTier::~MemoryTier() = default;

std::shared_ptr<const Entry> MemoryTier::find(const base::Digest128& key,
                                              const base::Sha256& proof) {
  const size_t hash = hash_(key);
  Shard& shard = shard_of(hash);
  std::scoped_lock lock(shard.mutex);
  const auto place = shard.index.find(key, hash);
  if (place == shard.index.end() || place->second->entry->proof != proof) return nullptr;
  place->second->note_use();
  return place->second->entry;
}

std::shared_ptr<const Entry> MemoryTier::look_up(const base::Digest128& key) {
  const size_t hash = hash_(key);
  Shard& shard = shard_of(hash);
  std::scoped_lock lock(shard.mutex);
  const auto place = shard.index.find(key, hash);
  return place == shard.index.end() ? nullptr : place->second->entry;
}

void MemoryTier::store(std::shared_ptr<const Entry> entry) {
  CHECK(entry != nullptr);
  if (bytes_max_ == 0) return;
  const int64_t asked_at_us = entry->asked_at_us;
  const size_t cost = entry->cost_bytes() + sizeof(Slot) + kAllocation;
  const uint64_t hash = hash_(entry->key);
  auto incoming = std::make_unique<Slot>(hash, cost, std::move(entry));

  Doomed doomed;
  std::scoped_lock lock(policy_mutex_);
  Slot* old = slot_under(incoming->entry->key, hash);
  if (old != nullptr && old->entry->asked_at_us > asked_at_us) return;
  if (cost > bytes_max_ || overhead_bytes_ > bytes_max_ - cost) {
    if (old != nullptr) forget(*old, doomed);
    too_large_.fetch_add(1, std::memory_order_relaxed);
    return publish_counts();
  }

  put(std::move(incoming), old, doomed);
  publish_counts();
}

bool MemoryTier::enrich(const Entry& held, std::shared_ptr<const Entry> richer) {
  const size_t cost = richer->cost_bytes() + sizeof(Slot) + kAllocation;
  const uint64_t hash = hash_(held.key);
  auto incoming = std::make_unique<Slot>(hash, cost, std::move(richer));

  Doomed doomed;
  std::scoped_lock lock(policy_mutex_);
  Slot* old = slot_under(held.key, hash);
  if (old == nullptr || old->entry.get() != &held) return false;
  if (cost > bytes_max_ / kRichShareMax) return true;
  put(std::move(incoming), old, doomed);
  publish_counts();
  return true;
}

// `old`, which may be null, is what is under the same key.
void MemoryTier::put(std::unique_ptr<Slot> incoming, Slot* old, Doomed& doomed) {
  // A successor is as popular as what it replaces.
  const Resident::Queue queue = old != nullptr ? old->queue : policy_.choose(incoming->hash);
  if (old != nullptr) {
    incoming->uses.store(old->uses.load(std::memory_order_relaxed), std::memory_order_relaxed);
    policy_.drop(*old);
  }
  Slot& slot = *incoming;
  if (auto replaced = put_in_index(std::move(incoming))) doomed.add(std::move(replaced));
  if (make_room(slot, queue, doomed)) {
    policy_.admit(slot, queue);
  } else {
    doomed.add(take_from_index(slot));
    too_large_.fetch_add(1, std::memory_order_relaxed);
  }
}

bool MemoryTier::remove(const base::Digest128& key) {
  Doomed doomed;
  std::scoped_lock lock(policy_mutex_);
  Slot* slot = slot_under(key, hash_(key));
  if (slot == nullptr) return false;
  forget(*slot, doomed);
  publish_counts();
  return true;
}

std::vector<std::shared_ptr<const Entry>> MemoryTier::sample(size_t count_max) const {
  std::vector<std::shared_ptr<const Entry>> entries;
  entries.reserve(std::min(count_max, this->entries()));
  for (const Shard& shard : shards_) {
    std::scoped_lock lock(shard.mutex);
    for (const auto& [key, slot] : shard.index) {
      if (entries.size() == count_max) return entries;
      entries.push_back(slot->entry);
    }
  }
  return entries;
}

// What the table allocates: a control byte and a place for each of its capacity, a group more.
size_t MemoryTier::index_bytes(const Index& index) {
  constexpr size_t kGroup = 16;
  if (index.capacity() == 0) return 0;
  return index.capacity() * (sizeof(Index::value_type) + 1) + kGroup + kAllocation;
}

MemoryTier::Slot* MemoryTier::slot_under(const base::Digest128& key, uint64_t hash) {
  const Index& index = shard_of(hash).index;
  const auto place = index.find(key, hash);
  return place == index.end() ? nullptr : place->second.get();
}

// Returns the slot that was there.
std::unique_ptr<MemoryTier::Slot> MemoryTier::put_in_index(std::unique_ptr<Slot> slot) {
  Shard& shard = shard_of(slot->hash);
  const size_t bytes_before = index_bytes(shard.index);
  {
    std::scoped_lock lock(shard.mutex);
    std::swap(shard.index[slot->entry->key], slot);
  }
  overhead_bytes_ += index_bytes(shard.index) - bytes_before;
  return slot;
}

std::unique_ptr<MemoryTier::Slot> MemoryTier::take_from_index(const Slot& slot) {
  Shard& shard = shard_of(slot.hash);
  std::scoped_lock lock(shard.mutex);
  const auto place = shard.index.find(slot.entry->key, slot.hash);
  CHECK(place != shard.index.end());
  std::unique_ptr<Slot> taken = std::move(place->second);
  shard.index.erase(place);
  return taken;
}

void MemoryTier::forget(Slot& slot, Doomed& doomed) {
  policy_.drop(slot);
  doomed.add(take_from_index(slot));
}

// False if `incoming` does not fit even alone, because the index has grown.
bool MemoryTier::make_room(const Slot& incoming, Resident::Queue queue, Doomed& doomed) {
  while (held_bytes() + incoming.cost_bytes > bytes_max_) {
    Resident* victim = policy_.evict(incoming.cost_bytes, queue);
    if (victim == nullptr) return false;
    doomed.add(take_from_index(static_cast<Slot&>(*victim)));
    evictions_.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

void MemoryTier::publish_counts() {
  bytes_.store(held_bytes(), std::memory_order_relaxed);
  entries_.store(policy_.count(), std::memory_order_relaxed);
}

}  // namespace reprise::cache
