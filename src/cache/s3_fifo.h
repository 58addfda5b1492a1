#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/intrusive_list.h"
#include "cache/ghost_list.h"

namespace reprise::cache {

// Resident: what the eviction policy knows of one entry. Owner: whoever embeds it, who drops it
// from the policy before it dies. Thread: note_use() any; the rest as S3Fifo.
struct Resident : base::IntrusiveNode {
  enum class Queue : uint8_t { kSmall, kMain };
  static constexpr uint8_t kUsesMax = 3;

  Resident(uint64_t hash_of_key, size_t cost) : hash(hash_of_key), cost_bytes(cost) {}

  // Two racing uses may count once. A popular entry's line is only read.
  void note_use() {
    const uint8_t seen = uses.load(std::memory_order_relaxed);
    if (seen < kUsesMax) uses.store(seen + 1, std::memory_order_relaxed);
  }

  const uint64_t hash;
  const size_t cost_bytes;
  std::atomic<uint8_t> uses{0};
  Queue queue = Queue::kSmall;
};

// S3Fifo: the eviction policy of "FIFO queues are all you need for cache eviction" (Yang et al.,
// SOSP 2023), in bytes. Newcomers pass through a small queue, where one-off questions die early;
// what was used there, or comes back soon after, moves to the main queue, which gives what is used
// another round. Where the paper counts objects of one size, we differ:
// - A newcomer displaces small's entries first, so that a large one-off does not drain main.
// - One eviction looks at a bounded number of entries, so that no store waits for a walk through
//   everything; past the bound the oldest of main goes, used or not.
// Owner: MemoryTier. Thread: guarded by its user's mutex.
class S3Fifo {
 public:
  using Queue = Resident::Queue;

  explicit S3Fifo(size_t bytes_max);

  // Where a newcomer belongs: main if it was evicted a short while ago, small otherwise.
  Queue choose(uint64_t hash);
  void admit(Resident& resident, Queue queue);
  // Takes out the one to evict to make room for `incoming_bytes` in `queue`; null if all are gone.
  Resident* evict(size_t incoming_bytes, Queue queue);
  // Takes out `resident`, which is removed or replaced.
  void drop(Resident& resident);

  // What the residents cost.
  size_t bytes() const { return small_.bytes + main_.bytes; }
  size_t count() const { return small_.count + main_.count; }
  // What the policy itself costs.
  size_t overhead_bytes() const { return ghosts_.bytes(); }

 private:
  struct Fifo {
    base::IntrusiveList<Resident> list;  // the oldest in front
    size_t bytes = 0;
    size_t count = 0;
  };

  Fifo& fifo(Queue queue) { return queue == Queue::kSmall ? small_ : main_; }
  Resident* evict_from_small();
  Resident* evict_from_main();

  const size_t small_bytes_max_;
  Fifo small_;
  Fifo main_;
  GhostList ghosts_;
};

}  // namespace reprise::cache
