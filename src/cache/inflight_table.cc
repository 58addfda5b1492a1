#include "cache/inflight_table.h"

#include "base/check.h"

namespace reprise::cache {

// Forms do not join each other, so each has its own slot. The proof decides; the slot only finds.
base::Digest128 InflightTable::slot_of(const Flight& flight) {
  const uint64_t form = openai::form_number(flight.form);
  return {flight.key.high, flight.key.low ^ (form * 0x9E3779B97F4A7C15U)};
}

bool InflightTable::join_locked(const std::shared_ptr<const Flight>& flight, const Flight& wanted,
                                recording::Cursor& cursor) const {
  if (flight->proof != wanted.proof || !(flight->form == wanted.form)) return false;
  if (purges_.gone(flight->asked_at_us, flight->key, flight->name_space, flight->model_asked)) {
    return false;
  }
  return cursor.join(flight->recording);
}

std::shared_ptr<const Flight> InflightTable::join_or_lead(const std::shared_ptr<const Flight>& mine,
                                                          recording::Cursor& cursor,
                                                          absl::FunctionRef<bool()> appeared) {
  const base::Digest128 slot = slot_of(*mine);
  Shard& shard = shard_of(slot);
  std::shared_ptr<const Flight> replaced = mine;  // the lock goes before its recording may
  std::scoped_lock lock(shard.mutex);
  const auto found = shard.flights.find(slot);
  if (found != shard.flights.end() && join_locked(found->second, *mine, cursor)) {
    return found->second;
  }
  if (appeared()) return nullptr;
  shard.flights[slot].swap(replaced);
  CHECK(cursor.join(mine->recording));
  return mine;
}

void InflightTable::lead(const std::shared_ptr<const Flight>& mine, recording::Cursor& cursor) {
  const base::Digest128 slot = slot_of(*mine);
  Shard& shard = shard_of(slot);
  std::shared_ptr<const Flight> replaced = mine;
  std::scoped_lock lock(shard.mutex);
  shard.flights[slot].swap(replaced);
  CHECK(cursor.join(mine->recording));
}

void InflightTable::land(const Flight& flight) {
  const base::Digest128 slot = slot_of(flight);
  Shard& shard = shard_of(slot);
  std::shared_ptr<const Flight> landed;
  std::scoped_lock lock(shard.mutex);
  const auto found = shard.flights.find(slot);
  if (found == shard.flights.end() || found->second.get() != &flight) return;
  landed = std::move(found->second);
  shard.flights.erase(found);
}

size_t InflightTable::size() const {
  size_t flights = 0;
  for (const Shard& shard : shards_) {
    std::scoped_lock lock(shard.mutex);
    flights += shard.flights.size();
  }
  return flights;
}

}  // namespace reprise::cache
