#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "cache/cassette_tier.h"
#include "cache/memcached_counters.h"

namespace reprise::proxy {

// Readings: everything there is to say in numbers, at one moment. Made for each question about
// them, by adding up what the workers counted and asking the tiers.
struct Readings {
  struct Memory {
    uint64_t entries = 0;
    uint64_t bytes = 0;
    uint64_t bytes_max = 0;
    uint64_t evictions = 0;
  };
  // The answers that are open: the streams on their way to clients are in `totals`.
  struct Recordings {
    uint64_t open = 0;
    uint64_t bytes = 0;
  };

  int64_t uptime_us = 0;
  base::MetricTotals totals;
  std::vector<std::string> models;  // by id, as base::ModelTable names them
  Memory memory;
  std::optional<cache::CassetteReadings> cassette;    // nothing where it is not used
  std::optional<cache::MemcachedReadings> memcached;  // the same
  Recordings recordings;
};

}  // namespace reprise::proxy
