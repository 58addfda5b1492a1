#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "openai/conversion.h"
#include "recording/record.h"

namespace reprise::cache {

struct Entry;

// Rendition: what an entry's answer was converted to, its content coding undone; or why it cannot
// be. Immutable, so any thread may read it.
struct Rendition {
  openai::Conversion conversion;
  std::shared_ptr<const recording::Record> answer;  // null: refused
  base::Bytes replay_head;                          // as an entry's
  openai::Unconvertible refused = openai::Unconvertible::kRoute;

  // Everything that keeping it costs, allocator overheads included.
  size_t cost_bytes() const;
};

// Converts the answer of `entry`, to at most `bytes_max`. May take milliseconds. Where events stay
// what they were, so do the times at which they came.
std::shared_ptr<const Rendition> make_rendition(const Entry& entry,
                                                const openai::Conversion& conversion,
                                                size_t bytes_max);

// Whether the recorded bytes are coded (RFC 9110 §8.4).
bool is_coded(const recording::Record& answer);

}  // namespace reprise::cache
