#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "cache/entry.h"
#include "cache/keyed_hash.h"
#include "cache/purge_record.h"
#include "openai/endpoint.h"
#include "recording/cursor.h"

namespace reprise::cache {

// Flight: one question that upstream is being asked right now, or may soon be. Immutable but for
// its recording, and for what its leader's thread notes about the answer: what it notes before the
// recording has a head, has ended or has failed may be read once it has.
struct Flight {
  // Source: who records the answer.
  enum class Source : uint8_t { kUpstream, kFleet };

  base::Digest128 key;
  base::Sha256 proof{};
  openai::Route route = openai::Route::kOther;
  openai::Form form;        // that its leader wants
  int64_t asked_at_us = 0;  // wall clock
  std::string name_space;
  std::string model_asked;
  std::shared_ptr<recording::Recording> recording;
  bool refreshes = false;  // begun behind a stale answer: nobody need be waiting
  // Before a head or a failure:
  Source source = Source::kUpstream;  // kFleet: another process asks, and its answer is followed
  openai::Form asked_form;            // in which upstream is asked: of kFleet, not our leader's
  std::shared_ptr<const Entry> held;  // what a slower tier held; null: nothing
  std::string_view held_in;           // which
  // Before its end:
  std::shared_ptr<const Entry> kept;  // its answer; null: not good, or elsewhere
};

// Company: whose flights a question joins.
enum class Company : uint8_t {
  kAnyForm,   // those whose answer can be converted
  kSameForm,  // those whose answer needs no conversion
};

// InflightTable: the newest joinable flight of each question.
// Owner: Server. Thread: any. Lock order: a shard's mutex, then a Recording's or a tier's.
class InflightTable {
 public:
  explicit InflightTable(const PurgeRecord& purges) : purges_(purges) {}
  InflightTable(const InflightTable&) = delete;
  InflightTable& operator=(const InflightTable&) = delete;

  // A newcomer: the flight that it would lead, its cursor, and whom it joins.
  struct Newcomer {
    std::shared_ptr<const Flight> mine;
    recording::Cursor& cursor;
    Company company = Company::kAnyForm;
  };

  // Joins the newcomer's cursor to the flight that asks the same, if its answer will do; or, if
  // there is none that still takes newcomers, makes its own the one to join and returns that, with
  // the cursor as its recording's first reader. One step, so that of a crowd exactly one leads.
  // Null if `appeared` says that the answer has meanwhile been remembered: a flight lands only
  // after its answer was stored, so whoever misses the one finds the other.
  std::shared_ptr<const Flight> join_or_lead(const Newcomer& newcomer,
                                             absl::FunctionRef<bool()> appeared);

  // Makes `mine` the one to join, whoever else asks the same.
  void lead(const std::shared_ptr<const Flight>& mine, recording::Cursor& cursor);

  // Makes `mine`, which nobody reads yet, the one to join, unless the question is being asked
  // already: then false.
  bool lead_unread(const std::shared_ptr<const Flight>& mine);

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

  Shard& shard_of(const Flight& flight) { return shards_[flight.key.high % kShards]; }
  bool join_locked(const std::shared_ptr<const Flight>& flight, const Newcomer& newcomer) const;

  const PurgeRecord& purges_;
  std::array<Shard, kShards> shards_;
};

}  // namespace reprise::cache
