#pragma once

#include <cstddef>
#include <cstdint>

#include "base/digest.h"

namespace reprise::cache {

// KeyedHash: spreads digests over buckets. XXH3 is no secret, so digests that agree in any chosen
// bits can be made; which bucket they share cannot be known: each KeyedHash draws its own seeds.
class KeyedHash {
 public:
  KeyedHash();
  size_t operator()(const base::Digest128& digest) const {
    const Wide product = static_cast<Wide>(digest.high ^ seed_high_) * (digest.low ^ seed_low_);
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

 private:
  __extension__ using Wide = unsigned __int128;
  uint64_t seed_high_ = 0;
  uint64_t seed_low_ = 0;
};

}  // namespace reprise::cache
