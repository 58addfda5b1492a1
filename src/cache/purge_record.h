#pragma once

#include <absl/container/flat_hash_map.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "cache/entry.h"
#include "cache/keyed_hash.h"

namespace reprise::cache {

// PurgeTime: what is named by `what` and was asked of upstream no later than `at_us` is gone.
struct PurgeTime {
  base::Digest128 what;
  int64_t at_us = 0;
  bool operator==(const PurgeTime&) const = default;
};

// PurgeTimes: all that a PurgeRecord knows, in a form that processes can exchange. Two records that
// know the same give equal ones.
struct PurgeTimes {
  int64_t all_us = 0;               // of everything; 0 = never
  std::vector<PurgeTime> scopes;    // of namespaces and models, by digests of their names; sorted
  std::vector<PurgeTime> removals;  // of single entries, by key; sorted
  bool operator==(const PurgeTimes&) const = default;
};

// PurgeRecord: which answers are gone. A purge is a time, not a walk: everything in its scope that
// was asked of upstream at or before that time is gone, wherever a copy of it turns up. Times only
// move forward, and merging is taking the later one, so processes may exchange theirs in any order
// and as often as they like.
//
// Bounded: when there are too many scopes or removals, the one with the oldest time becomes a purge
// of everything up to that time, which forgets more than was asked, never less.
//
// Owner: Server. Thread: any. Asking about an entry younger than every purge is one atomic load.
class PurgeRecord {
 public:
  static constexpr size_t kScopesMax = 1024;
  static constexpr size_t kRemovalsMax = 4096;
  // A time further ahead of our clock is a mistake or an attack: it would keep the cache empty.
  static constexpr int64_t kAheadMaxUs = 60'000'000;

  // `clock` outlives the record.
  explicit PurgeRecord(const base::Clock& clock);
  PurgeRecord(const PurgeRecord&) = delete;
  PurgeRecord& operator=(const PurgeRecord&) = delete;

  // All of these ignore a time too far ahead, and return false then.
  bool purge_all(int64_t at_us);
  // Exactly the effective namespace `name_space`, none nested in it.
  bool purge_namespace(std::string_view name_space, int64_t at_us);
  // Whether it was asked for or answered.
  bool purge_model(std::string_view model, int64_t at_us);
  bool remove(const base::Digest128& key, int64_t at_us);

  // True if what was asked of upstream at `asked_at_us` is gone by a purge of all, its namespace or
  // one of its models. A model that is not yet known is empty.
  bool purged(int64_t asked_at_us, std::string_view name_space, std::string_view model_asked,
              std::string_view model_answered) const;
  // True if it is gone by the removal of its entry.
  bool removed(int64_t asked_at_us, const base::Digest128& key) const;
  // True if either is so.
  bool gone(const Entry& entry) const;
  // The same of what is not answered yet.
  bool gone(int64_t asked_at_us, const base::Digest128& key, std::string_view name_space,
            std::string_view model_asked) const;
  // True of a time further ahead of our clock than kAheadMaxUs: what claims to have been asked then
  // would outlive every purge.
  bool too_far_ahead(int64_t at_us) const;

  PurgeTimes snapshot() const;
  // Another number whenever the record has learnt something.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // Takes over what `times` knows better. True if there was any such.
  bool merge(const PurgeTimes& times);

 private:
  // Times: the latest time of each of a bounded number of things.
  class Times {
   public:
    explicit Times(size_t count_max) : count_max_(count_max) {}

    // True if anything called `what` may be gone; lock-free. "No" is certain.
    bool may_cover(const base::Digest128& what, int64_t asked_at_us) const;
    bool covers(const base::Digest128& what, int64_t asked_at_us) const;
    // True if that is news.
    bool raise(const base::Digest128& what, int64_t at_us);
    // The time of the oldest, which it forgets, if there are too many; 0 otherwise.
    int64_t take_overflow();
    void forget_until(int64_t at_us);
    std::vector<PurgeTime> sorted() const;

   private:
    static constexpr size_t kCells = 256;
    static size_t cell_of(const base::Digest128& what) { return what.low % kCells; }

    const size_t count_max_;
    absl::flat_hash_map<base::Digest128, int64_t, KeyedHash> times_;
    std::set<std::pair<int64_t, base::Digest128>> by_time_;  // the same, the oldest first
    // The latest time of all that share a cell, so that most questions need no lock.
    std::array<std::atomic<int64_t>, kCells> latest_{};
  };

  bool raise(Times& times, const base::Digest128& what, int64_t at_us);
  // With mutex_ held. True if that is news.
  bool raise_all_locked(int64_t at_us);
  bool raise_locked(Times& times, const base::Digest128& what, int64_t at_us);

  const base::Clock& clock_;
  std::atomic<int64_t> latest_us_{0};  // of all times of any kind
  std::atomic<int64_t> all_us_{0};     // of everything
  std::atomic<uint64_t> version_{0};
  mutable std::mutex mutex_;
  Times scopes_;    // guarded by mutex_, but for may_cover
  Times removals_;  // guarded by mutex_, but for may_cover
};

}  // namespace reprise::cache
