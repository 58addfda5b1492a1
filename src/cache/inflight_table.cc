#include "cache/inflight_table.h"

#include "base/check.h"

namespace reprise::cache {

// The proof decides; the key only finds.
bool InflightTable::join_locked(const std::shared_ptr<const Flight>& flight,
                                const Newcomer& newcomer) const {
  const Flight& wanted = *newcomer.mine;
  if (flight->proof != wanted.proof) return false;
  const bool same = flight->form == wanted.form;
  const bool converts = newcomer.company == Company::kAnyForm &&
                        openai::may_serve(flight->route, flight->form, wanted.form);
  if (!same && !converts) return false;
  if (purges_.gone(flight->asked_at_us, flight->key, flight->name_space, flight->model_asked)) {
    return false;
  }
  return newcomer.cursor.join(flight->recording);
}

std::shared_ptr<const Flight> InflightTable::join_or_lead(const Newcomer& newcomer,
                                                          absl::FunctionRef<bool()> appeared) {
  Shard& shard = shard_of(*newcomer.mine);
  std::shared_ptr<const Flight> replaced = newcomer.mine;  // the lock goes before its recording may
  std::scoped_lock lock(shard.mutex);
  const auto found = shard.flights.find(newcomer.mine->key);
  if (found != shard.flights.end() && join_locked(found->second, newcomer)) return found->second;
  if (appeared()) return nullptr;
  shard.flights[newcomer.mine->key].swap(replaced);
  CHECK(newcomer.cursor.join(newcomer.mine->recording));
  return newcomer.mine;
}

void InflightTable::lead(const std::shared_ptr<const Flight>& mine, recording::Cursor& cursor) {
  Shard& shard = shard_of(*mine);
  std::shared_ptr<const Flight> replaced = mine;
  std::scoped_lock lock(shard.mutex);
  shard.flights[mine->key].swap(replaced);
  CHECK(cursor.join(mine->recording));
}

bool InflightTable::lead_unread(const std::shared_ptr<const Flight>& mine) {
  Shard& shard = shard_of(*mine);
  std::scoped_lock lock(shard.mutex);
  return shard.flights.try_emplace(mine->key, mine).second;
}

void InflightTable::land(const Flight& flight) {
  Shard& shard = shard_of(flight);
  std::shared_ptr<const Flight> landed;
  std::scoped_lock lock(shard.mutex);
  const auto found = shard.flights.find(flight.key);
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
