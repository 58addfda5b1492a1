#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/lane_parts.h"

namespace reprise::cache {

// PurgeExchange: keeps what this process and one server know of purges the same, so that a purge
// reaches every process that asks the server, and survives the loss of any server for as long as a
// process or another server remembers it.
// Owner: a ReadingLane. Thread: its.
class PurgeExchange {
 public:
  // Visible everywhere within a second, with room for a slow turn.
  static constexpr int64_t kPeriodUs = 400'000;

  explicit PurgeExchange(const LaneParts& parts) : parts_(parts) {}

  enum class Outcome : uint8_t {
    kTold,
    kChanged,  // meanwhile, by another process, again and again
    kRefused,  // the server has no room
    kFailed,   // the server did not answer
  };

  // Takes over what the server knows better and tells it what we know better.
  Outcome run(MemcachedClient& client, size_t item_bytes_max);

 private:
  Outcome tell(MemcachedClient& client, size_t payload_bytes_max);

  const LaneParts& parts_;
};

}  // namespace reprise::cache
