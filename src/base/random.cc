#include "base/random.h"

#include <sys/random.h>

#include "base/check.h"

namespace reprise::base {

uint64_t random_u64() {
  uint64_t bits = 0;
  // Up to 256 bytes come whole and uninterrupted.
  CHECK(::getrandom(&bits, sizeof(bits), 0) == sizeof(bits));
  return bits;
}

}  // namespace reprise::base
