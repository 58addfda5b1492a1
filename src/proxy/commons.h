#pragma once

#include "base/clock.h"
#include "base/metrics.h"
#include "cache/inflight_table.h"
#include "cache/memcached_tier.h"
#include "cache/memory_tier.h"
#include "cache/purge_record.h"
#include "cache/refresh_book.h"
#include "cache/renderer.h"
#include "proxy/settings.h"
#include "recording/budget.h"

namespace reprise::proxy {

// Commons: what all workers of a process share.
// Owner: Server; outlives the workers. Thread: any; every member guards itself or is immutable.
struct Commons {
  const Settings& settings;
  const base::Clock& clock;
  cache::MemoryTier& memory;
  cache::MemcachedTier* memcached;  // null: not shared
  cache::Renderer& renderer;
  cache::RefreshBook& refreshes;
  cache::InflightTable& inflight;
  cache::PurgeRecord& purges;
  recording::Budget& budget;
  base::Metrics& metrics;
};

}  // namespace reprise::proxy
