#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/model_table.h"
#include "cache/envelope.h"
#include "cache/memcached_client.h"
#include "cache/memcached_counters.h"
#include "cache/memory_tier.h"
#include "cache/purge_record.h"
#include "cache/server_health.h"

namespace reprise::cache {

// LaneParts: what the lanes of one server work with. Everything outlives them; all of it takes any
// thread.
struct LaneParts {
  const MemcachedAddress& address;
  int64_t patience_ms;     // of each wait for the server
  size_t value_bytes_max;  // of an entry, encoded or not
  int64_t keep_ms;         // how long an entry is kept beyond its ttl
  ValueLabel purges_label;
  const base::Clock& clock;
  const Envelope& envelope;
  ServerHealth& health;
  MemcachedCounters& counters;
  PurgeRecord& purges;
  MemoryTier& memory;
  base::ModelTable& models;
};

// How large a value may be in one item of the server: its own bound less what the name and the
// item's head take. mcrouter does not tell, and then it is what memcached has by default.
inline size_t item_room(MemcachedClient& client) {
  constexpr uint64_t kDefault = 1024 * 1024;
  constexpr uint64_t kMax = 16 * 1024 * 1024;
  constexpr uint64_t kOverhead = 256;
  const uint64_t bound = std::min(client.item_bytes_max().value_or(kDefault), kMax);
  return bound > 2 * kOverhead ? static_cast<size_t>(bound - kOverhead) : kOverhead;
}

}  // namespace reprise::cache
