#pragma once

#include <memory>

#include "base/digest.h"
#include "cache/entry.h"

namespace reprise::cache {

// Tier: a place that remembers entries. Thread: any.
// A tier may forget at any time; it never returns an entry other than the one that was asked for.
class Tier {
 public:
  virtual ~Tier() = default;

  // The entry under `key` whose proof is `proof`, however old; null otherwise.
  virtual std::shared_ptr<const Entry> find(const base::Digest128& key,
                                            const base::Sha256& proof) = 0;

  // Remembers `entry`. Of two entries of one key the one asked later stays.
  virtual void store(std::shared_ptr<const Entry> entry) = 0;

  // The entry under `key`, whatever its proof: for people who name a key. Null if there is none.
  virtual std::shared_ptr<const Entry> look_up(const base::Digest128& key) = 0;

  // Forgets what is under `key`. True if there was something.
  virtual bool remove(const base::Digest128& key) = 0;
};

}  // namespace reprise::cache
