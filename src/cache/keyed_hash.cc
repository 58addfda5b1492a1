#include "cache/keyed_hash.h"

#include "base/random.h"

namespace reprise::cache {

KeyedHash::KeyedHash() : seed_high_(base::random_u64()), seed_low_(base::random_u64()) {}

}  // namespace reprise::cache
