#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/digest.h"
#include "cache/keyed_hash.h"

namespace reprise::cache {

// RefreshBook: which entries are being refreshed while their stale answers are served, and which
// are left alone for a while because that has failed: for 1 s at first, then twice as long each
// time, up to 60 s.
// Owner: Server; outlives every Refresh. Thread: any.
class RefreshBook {
 public:
  static constexpr int64_t kPauseMinUs = 1'000'000;
  static constexpr int64_t kPauseMaxUs = 60'000'000;
  // Beyond it nothing more is refreshed behind anybody's back.
  static constexpr size_t kQuestionsMax = 16384;

  // Refresh: leave to refresh one entry. Unless it says how it ended it has failed when it is
  // destroyed. Owner: whoever asks upstream. Thread: one.
  class Refresh {
   public:
    Refresh(RefreshBook& book, const base::Digest128& key) : book_(book), key_(key) {}
    ~Refresh();
    Refresh(const Refresh&) = delete;
    Refresh& operator=(const Refresh&) = delete;

    // There is a newer entry.
    void succeed() { end_ = End::kSucceeded; }
    // Somebody else sees to it; it is worth another look soon.
    void defer() { end_ = End::kDeferred; }

   private:
    friend class RefreshBook;
    enum class End : uint8_t { kFailed, kDeferred, kSucceeded };
    RefreshBook& book_;
    const base::Digest128 key_;
    End end_ = End::kFailed;
  };

  // `clock` outlives the book.
  explicit RefreshBook(const base::Clock& clock) : clock_(clock) {}
  RefreshBook(const RefreshBook&) = delete;
  RefreshBook& operator=(const RefreshBook&) = delete;

  // Null: that is being done already, or has failed lately.
  std::unique_ptr<Refresh> begin(const base::Digest128& key);

  size_t size() const;

 private:
  // Page: what is known of one question.
  struct Page {
    bool under_way = false;
    uint32_t failures = 0;
    int64_t not_before_us = 0;  // monotonic
  };

  void end(const Refresh& refresh);
  void forget_old_locked(int64_t now_us);

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  absl::flat_hash_map<base::Digest128, Page, KeyedHash> pages_;  // guarded by mutex_
};

}  // namespace reprise::cache
