#pragma once

#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/cassette_tier.h"
#include "cache/inflight_table.h"
#include "cache/memcached_tier.h"
#include "cache/memory_tier.h"
#include "cache/purge_record.h"
#include "cache/refresh_book.h"
#include "cache/renderer.h"
#include "proxy/settings.h"
#include "recording/budget.h"

namespace reprise::proxy {

// Commons: what all workers of a process share, and the settings that are in force.
// Owner: each worker, and the server, has one of its own. Thread: its owner's; what it refers to
// outlives it and guards itself or is immutable.
struct Commons {
  std::shared_ptr<const Settings> settings;  // replaced as a whole, by the thread that owns this
  const base::Clock& clock;
  cache::MemoryTier& memory;
  cache::CassetteTier* cassette;    // null: no files
  cache::MemcachedTier* memcached;  // null: not shared
  cache::Renderer& renderer;
  cache::RefreshBook& refreshes;
  cache::InflightTable& inflight;
  cache::PurgeRecord& purges;
  recording::Budget& budget;
  base::Metrics& metrics;

  bool has_slower_tier() const { return cassette != nullptr || memcached != nullptr; }
};

}  // namespace reprise::proxy
