#include "cache/keyed_hash.h"

#include <sys/random.h>

#include "base/check.h"

namespace reprise::cache {

namespace {

uint64_t random_seed() {
  uint64_t seed = 0;
  // Up to 256 bytes come whole and uninterrupted.
  CHECK(::getrandom(&seed, sizeof(seed), 0) == sizeof(seed));
  return seed;
}

}  // namespace

KeyedHash::KeyedHash() : seed_high_(random_seed()), seed_low_(random_seed()) {}

}  // namespace reprise::cache
