#include "cache/purge_record.h"

#include <algorithm>

namespace reprise::cache {

namespace {

// A kind's seed keeps a namespace and a model of the same name apart. Made collisions of these
// digests purge too much, never too little.
enum class Kind : uint64_t { kNamespace = 0x6e616d6573706163, kModel = 0x6d6f64656c000000 };

base::Digest128 scope_digest(Kind kind, std::string_view name) {
  base::Digest128 digest = base::xxh3_128(name);
  digest.high ^= static_cast<uint64_t>(kind);
  return digest;
}

// With the writers' lock held: only readers race.
void raise_to(std::atomic<int64_t>& time_us, int64_t at_us) {
  if (time_us.load(std::memory_order_relaxed) < at_us) {
    time_us.store(at_us, std::memory_order_relaxed);
  }
}

}  // namespace

bool PurgeRecord::Times::may_cover(const base::Digest128& what, int64_t asked_at_us) const {
  return asked_at_us <= latest_[cell_of(what)].load(std::memory_order_relaxed);
}

bool PurgeRecord::Times::covers(const base::Digest128& what, int64_t asked_at_us) const {
  const auto place = times_.find(what);
  return place != times_.end() && asked_at_us <= place->second;
}

bool PurgeRecord::Times::raise(const base::Digest128& what, int64_t at_us) {
  const auto [place, is_new] = times_.try_emplace(what, at_us);
  if (!is_new) {
    if (place->second >= at_us) return false;
    by_time_.erase({place->second, what});
    place->second = at_us;
  }
  by_time_.emplace(at_us, what);
  raise_to(latest_[cell_of(what)], at_us);
  return true;
}

int64_t PurgeRecord::Times::take_overflow() {
  if (times_.size() <= count_max_) return 0;
  const int64_t at_us = by_time_.begin()->first;
  forget_until(at_us);
  return at_us;
}

void PurgeRecord::Times::forget_until(int64_t at_us) {
  while (!by_time_.empty() && by_time_.begin()->first <= at_us) {
    times_.erase(by_time_.begin()->second);
    by_time_.erase(by_time_.begin());
  }
}

std::vector<PurgeTime> PurgeRecord::Times::sorted() const {
  std::vector<PurgeTime> all;
  all.reserve(times_.size());
  for (const auto& [what, at_us] : times_) all.push_back({what, at_us});
  std::sort(all.begin(), all.end(),
            [](const PurgeTime& a, const PurgeTime& b) { return a.what < b.what; });
  return all;
}

PurgeRecord::PurgeRecord(const base::Clock& clock)
    : clock_(clock), scopes_(kScopesMax), removals_(kRemovalsMax) {}

bool PurgeRecord::too_far_ahead(int64_t at_us) const {
  return at_us > clock_.wall_us() + kAheadMaxUs;
}

bool PurgeRecord::purge_all(int64_t at_us) {
  if (too_far_ahead(at_us)) return false;
  std::scoped_lock lock(mutex_);
  raise_all_locked(at_us);
  return true;
}

bool PurgeRecord::purge_namespace(std::string_view name_space, int64_t at_us) {
  return raise(scopes_, scope_digest(Kind::kNamespace, name_space), at_us);
}

bool PurgeRecord::purge_model(std::string_view model, int64_t at_us) {
  return raise(scopes_, scope_digest(Kind::kModel, model), at_us);
}

bool PurgeRecord::remove(const base::Digest128& key, int64_t at_us) {
  return raise(removals_, key, at_us);
}

bool PurgeRecord::purged(int64_t asked_at_us, std::string_view name_space,
                         std::string_view model_asked, std::string_view model_answered) const {
  if (asked_at_us > latest_us_.load(std::memory_order_relaxed)) return false;
  if (asked_at_us <= all_us_.load(std::memory_order_relaxed)) return true;

  const std::array<base::Digest128, 3> scopes = {scope_digest(Kind::kNamespace, name_space),
                                                 scope_digest(Kind::kModel, model_asked),
                                                 scope_digest(Kind::kModel, model_answered)};
  const auto may_cover = [&](const base::Digest128& scope) {
    return scopes_.may_cover(scope, asked_at_us);
  };
  if (std::none_of(scopes.begin(), scopes.end(), may_cover)) return false;
  std::scoped_lock lock(mutex_);
  // Again: what was folded into a purge of all has just left the scopes.
  if (asked_at_us <= all_us_.load(std::memory_order_relaxed)) return true;
  return std::any_of(scopes.begin(), scopes.end(), [&](const base::Digest128& scope) {
    return scopes_.covers(scope, asked_at_us);
  });
}

bool PurgeRecord::removed(int64_t asked_at_us, const base::Digest128& key) const {
  if (asked_at_us > latest_us_.load(std::memory_order_relaxed)) return false;
  if (asked_at_us <= all_us_.load(std::memory_order_relaxed)) return true;
  if (!removals_.may_cover(key, asked_at_us)) return false;
  std::scoped_lock lock(mutex_);
  return asked_at_us <= all_us_.load(std::memory_order_relaxed) ||
         removals_.covers(key, asked_at_us);
}

bool PurgeRecord::gone(const Entry& entry) const {
  return removed(entry.asked_at_us, entry.key) ||
         purged(entry.asked_at_us, entry.name_space, entry.model_asked, entry.model_answered);
}

bool PurgeRecord::gone(int64_t asked_at_us, const base::Digest128& key, std::string_view name_space,
                       std::string_view model_asked) const {
  return removed(asked_at_us, key) || purged(asked_at_us, name_space, model_asked, {});
}

PurgeTimes PurgeRecord::snapshot() const {
  std::scoped_lock lock(mutex_);
  return {all_us_.load(std::memory_order_relaxed), scopes_.sorted(), removals_.sorted()};
}

bool PurgeRecord::merge(const PurgeTimes& times) {
  const int64_t limit_us = clock_.wall_us() + kAheadMaxUs;
  std::scoped_lock lock(mutex_);
  bool news = times.all_us <= limit_us && raise_all_locked(times.all_us);
  for (const PurgeTime& time : times.scopes) {
    if (time.at_us <= limit_us) news |= raise_locked(scopes_, time.what, time.at_us);
  }
  for (const PurgeTime& time : times.removals) {
    if (time.at_us <= limit_us) news |= raise_locked(removals_, time.what, time.at_us);
  }
  return news;
}

bool PurgeRecord::raise(Times& times, const base::Digest128& what, int64_t at_us) {
  if (too_far_ahead(at_us)) return false;
  std::scoped_lock lock(mutex_);
  raise_locked(times, what, at_us);
  return true;
}

bool PurgeRecord::raise_all_locked(int64_t at_us) {
  if (at_us <= all_us_.load(std::memory_order_relaxed)) return false;
  raise_to(latest_us_, at_us);
  raise_to(all_us_, at_us);
  version_.fetch_add(1, std::memory_order_release);
  scopes_.forget_until(at_us);
  removals_.forget_until(at_us);
  return true;
}

bool PurgeRecord::raise_locked(Times& times, const base::Digest128& what, int64_t at_us) {
  // What a purge of all has covered needs no line of its own.
  if (at_us <= all_us_.load(std::memory_order_relaxed) || !times.raise(what, at_us)) return false;
  raise_to(latest_us_, at_us);
  version_.fetch_add(1, std::memory_order_release);
  raise_all_locked(times.take_overflow());
  return true;
}

}  // namespace reprise::cache
