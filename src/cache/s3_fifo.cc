#include "cache/s3_fifo.h"

#include <algorithm>

namespace reprise::cache {

namespace {

constexpr size_t kSmallShare = 10;              // small's part of all bytes: a tenth
constexpr uint8_t kUsesToStay = 2;              // uses in small that earn a place in main
constexpr size_t kLooksMax = 512;               // entries of main looked at in one eviction
constexpr size_t kBytesPerGhost = 2048;         // ghosts cost 8 bytes each: 0.4 % of all
constexpr size_t kGhostsMax = size_t{1} << 20;  // 8 MiB
constexpr size_t kGhostWindowMin = 16;          // while main is still empty

}  // namespace

S3Fifo::S3Fifo(size_t bytes_max)
    : small_bytes_max_(bytes_max / kSmallShare),
      ghosts_(std::min(bytes_max / kBytesPerGhost, kGhostsMax)) {}

S3Fifo::Queue S3Fifo::choose(uint64_t hash) {
  // As many ghosts count as main has entries.
  const size_t window = std::max(main_.count, kGhostWindowMin);
  return ghosts_.take(hash, window) ? Queue::kMain : Queue::kSmall;
}

void S3Fifo::admit(Resident& resident, Queue queue) {
  Fifo& to = fifo(queue);
  resident.queue = queue;
  to.list.push_back(resident);
  to.bytes += resident.cost_bytes;
  ++to.count;
}

void S3Fifo::drop(Resident& resident) {
  Fifo& from = fifo(resident.queue);
  resident.unlink();
  from.bytes -= resident.cost_bytes;
  --from.count;
}

Resident* S3Fifo::evict(size_t incoming_bytes, Queue queue) {
  const size_t joining_small = queue == Queue::kSmall ? incoming_bytes : 0;
  if (small_.bytes + joining_small > small_bytes_max_ || main_.count == 0) {
    if (Resident* victim = evict_from_small()) return victim;
  }
  return evict_from_main();
}

Resident* S3Fifo::evict_from_small() {
  while (small_.count > 0) {
    Resident& oldest = small_.list.front();
    drop(oldest);
    if (oldest.uses.load(std::memory_order_relaxed) < kUsesToStay) {
      ghosts_.add(oldest.hash);
      return &oldest;
    }
    oldest.uses.store(0, std::memory_order_relaxed);
    admit(oldest, Queue::kMain);
  }
  return nullptr;
}

Resident* S3Fifo::evict_from_main() {
  for (size_t looks = 1; main_.count > 0; ++looks) {
    Resident& oldest = main_.list.front();
    drop(oldest);
    const uint8_t uses = oldest.uses.load(std::memory_order_relaxed);
    if (uses == 0 || looks == kLooksMax) return &oldest;
    oldest.uses.store(uses - 1, std::memory_order_relaxed);
    admit(oldest, Queue::kMain);
  }
  return nullptr;
}

}  // namespace reprise::cache
