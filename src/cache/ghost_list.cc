#include "cache/ghost_list.h"

#include <algorithm>
#include <bit>

namespace reprise::cache {

namespace {

uint32_t fingerprint_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

}  // namespace

GhostList::GhostList(size_t cells)
    : cells_(std::bit_floor(std::max(cells, kWays))), row_mask_(cells_.size() / kWays - 1) {}

void GhostList::add(uint64_t hash) {
  if (++added_ == 0) ++added_;
  Cell* cells = row(hash);
  // Ages, not stamps: they stay in order when the counter wraps.
  Cell* oldest = std::max_element(cells, cells + kWays, [this](const Cell& a, const Cell& b) {
    if (a.added == 0 || b.added == 0) return b.added == 0 && a.added != 0;
    return added_ - a.added < added_ - b.added;
  });
  *oldest = {fingerprint_of(hash), added_};
}

bool GhostList::take(uint64_t hash, size_t window) {
  Cell* cells = row(hash);
  for (Cell* cell = cells; cell != cells + kWays; ++cell) {
    if (cell->added == 0 || cell->fingerprint != fingerprint_of(hash)) continue;
    const bool recent = added_ - cell->added < window;
    *cell = {};
    return recent;
  }
  return false;
}

}  // namespace reprise::cache
