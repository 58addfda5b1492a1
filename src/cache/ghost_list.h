#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reprise::cache {

// GhostList: which entries were evicted a short while ago, kept as fingerprints in a table of fixed
// size; a full row forgets its oldest. A wrong "yes" (once in 2^30) costs one place in a queue.
// Owner: S3Fifo. Thread: guarded by the owner's user.
class GhostList {
 public:
  // Remembers at most `cells`, rounded down to a power of two.
  explicit GhostList(size_t cells);

  void add(uint64_t hash);
  // True if `hash` is among the last `window` added; it is then forgotten.
  bool take(uint64_t hash, size_t window);

  size_t bytes() const { return cells_.size() * sizeof(Cell); }

 private:
  struct Cell {
    uint32_t fingerprint = 0;
    uint32_t added = 0;  // value of added_ when it came; 0 is an empty cell
  };
  static constexpr size_t kWays = 4;

  Cell* row(uint64_t hash) { return &cells_[(hash & row_mask_) * kWays]; }

  std::vector<Cell> cells_;
  uint64_t row_mask_ = 0;
  uint32_t added_ = 0;
};

}  // namespace reprise::cache
