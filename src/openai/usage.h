#pragma once

#include <cstdint>

namespace reprise::openai {

// Usage: the token counts that an answer reported, whatever its route calls them.
struct Usage {
  bool present = false;
  uint64_t prompt = 0;
  uint64_t completion = 0;
  uint64_t total = 0;
  bool operator==(const Usage&) const = default;
};

}  // namespace reprise::openai
