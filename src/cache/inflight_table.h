#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/digest.h"
#include "cache/entry.h"
#include "cache/keyed_hash.h"
#include "cache/purge_record.h"
#include "openai/endpoint.h"
#include "recording/cursor.h"

namespace reprise::cache {

// Flight: one question that upstream is being asked right now, or may soon be. Immutable but for
// its recording, and for what its leader's thread notes about the answer before the recording has a
// head or has failed: that may be read once it has.
struct Flight {
  // Source: who records the answer.
  enum class Source : uint8_t { kUpstream, kFleet };

  base::Digest128 key;
  base::Sha256 proof{};
  openai::Form form;
  int64_t asked_at_us = 0;  // wall clock
  std::string name_space;
  std::string model_asked;
  std::shared_ptr<recording::Recording> recording;
  Source source = Source::kUpstream;  // kFleet: another process asks, and its answer is followed
  std::shared_ptr<const Entry> held;  // what a slower tier held; null: nothing
};

// InflightTable: the newest joinable flight of each question and form.
// Owner: Server. Thread: any. Lock order: a shard's mutex, then a Recording's or a tier's.
class InflightTable {
 public:
  explicit InflightTable(const PurgeRecord& purges) : purges_(purges) {}
  InflightTable(const InflightTable&) = delete;
  InflightTable& operator=(const InflightTable&) = delete;

  // Joins `cursor` to the flight that asks the same in the same form; or, if there is none that
  // still takes newcomers, makes `mine` the one to join and returns it, with `cursor` as its
  // recording's first reader. One step, so that of a crowd exactly one leads. Null if `appeared`
  // says that the answer has meanwhile been remembered: a flight lands only after its answer was
  // stored, so whoever misses the one finds the other.
  std::shared_ptr<const Flight> join_or_lead(const std::shared_ptr<const Flight>& mine,
                                             recording::Cursor& cursor,
                                             absl::FunctionRef<bool()> appeared);

  // Makes `mine` the one to join, whoever else asks the same.
  void lead(const std::shared_ptr<const Flight>& mine, recording::Cursor& cursor);

  // Takes `flight` out, if it is still the one to join.
  void land(const Flight& flight);

  size_t size() const;

 private:
  static constexpr size_t kShards = 16;
  using Map = absl::flat_hash_map<base::Digest128, std::shared_ptr<const Flight>, KeyedHash>;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Map flights;  // guarded by mutex
  };

  static base::Digest128 slot_of(const Flight& flight);
  Shard& shard_of(const base::Digest128& slot) { return shards_[slot.high % kShards]; }
  bool join_locked(const std::shared_ptr<const Flight>& flight, const Flight& wanted,
                   recording::Cursor& cursor) const;

  const PurgeRecord& purges_;
  std::array<Shard, kShards> shards_;
};

}  // namespace reprise::cache
