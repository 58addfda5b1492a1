#include "cache/reading_lane.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace reprise::cache {

ReadingLane::ReadingLane(const LaneParts& parts)
    : parts_(parts),
      client_(parts.address, parts.patience_ms),
      codec_(parts.models, parts.value_bytes_max),
      purges_(parts_),
      queue_(kWaitingMax),
      thread_([this] { run(); }) {}

ReadingLane::~ReadingLane() {
  queue_.close();
  thread_.join();
}

bool ReadingLane::submit(std::shared_ptr<SharedRead> job, Tell when) {
  const size_t names = job->count;
  return queue_.push(std::move(job), names, when);
}

void ReadingLane::run() {
  Batch batch;
  while (queue_.take(idle_us(), kBatchMax, &batch)) {
    if (!parts_.health.usable()) probe();
    if (parts_.health.usable() && exchange_is_due()) exchange_purges();
    if (parts_.health.usable()) {
      answer(batch);
    } else {
      fail_all(batch);
    }
    batch.clear();
  }
}

bool ReadingLane::exchange_is_due() {
  if (parts_.clock.monotonic_us() >= next_exchange_us_) return true;
  std::scoped_lock lock(purge_mutex_);
  return purge_wanted_ > purge_done_;
}

int64_t ReadingLane::idle_us() const {
  const int64_t due = parts_.health.usable() ? next_exchange_us_ : parts_.health.probe_at_us();
  return std::max<int64_t>(due - parts_.clock.monotonic_us(), 0);
}

void ReadingLane::probe() {
  if (parts_.clock.monotonic_us() < parts_.health.probe_at_us()) return;
  client_.disconnect();
  if (!client_.ping()) return parts_.health.failed(client_.last_error());
  parts_.health.worked();
  // It may be another server by now, or an empty one.
  next_exchange_us_ = 0;
  item_bytes_max_ = 0;
}

void ReadingLane::exchange_purges() {
  uint64_t wanted = 0;
  {
    std::scoped_lock lock(purge_mutex_);
    wanted = purge_wanted_;
  }
  if (item_bytes_max_ == 0) item_bytes_max_ = item_room(client_);
  const PurgeExchange::Outcome outcome = purges_.run(client_, item_bytes_max_);
  if (outcome == PurgeExchange::Outcome::kFailed) {
    parts_.health.failed(client_.last_error());
  } else {
    parts_.health.worked();
  }
  next_exchange_us_ = parts_.clock.monotonic_us() + PurgeExchange::kPeriodUs;
  std::scoped_lock lock(purge_mutex_);
  purge_done_ = wanted;
  purge_failed_ = outcome != PurgeExchange::Outcome::kTold;
  purges_exchanged_.notify_all();
}

uint64_t ReadingLane::tell_purges() {
  std::scoped_lock lock(purge_mutex_);
  queue_.nudge();
  return ++purge_wanted_;
}

bool ReadingLane::purges_told(uint64_t ticket, int64_t wait_ms) {
  std::unique_lock lock(purge_mutex_);
  const bool made = purges_exchanged_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                                               [&] { return purge_done_ >= ticket; });
  return made && !purge_failed_;
}

void ReadingLane::answer(Batch& batch) {
  places_.clear();
  in_parts_.clear();
  for (const auto& job : batch) {
    if (job->forgotten() && job->promote == SharedRead::Promote::kNo) continue;
    for (size_t label = 0; label < job->count; ++label) places_.push_back({job.get(), label});
  }
  bool asked = true;
  for (size_t begin = 0; begin < places_.size() && asked; begin += kBatchMax) {
    const size_t count = std::min(kBatchMax, places_.size() - begin);
    asked = get(std::span<const Place>(places_).subspan(begin, count));
  }
  timed_out_ = !asked && client_.timed_out();
  const auto end = asked ? SharedJob::End::kDone : SharedJob::End::kFailed;
  for (const auto& job : batch) {
    const bool waits = std::any_of(in_parts_.begin(), in_parts_.end(),
                                   [&](const auto& parted) { return parted.first == job.get(); });
    if (!waits) finish(*job, end);
  }
  for (const auto& [job, item] : in_parts_) {
    if (asked && parts_.health.usable()) fetch_parts(*job, item);
    finish(*job, end);
  }
}

// What was there before the server failed counts; the rest was not answered.
bool ReadingLane::get(std::span<const Place> places) {
  names_.clear();
  for (const Place& place : places) {
    names_.push_back(parts_.envelope.name(place.job->labels[place.label]));
  }
  parts_.counters.observe_batch(names_.size());
  const bool asked = client_.get(
      names_, [&](size_t index, std::string_view value, uint64_t) { take(places[index], value); });
  if (asked) {
    parts_.health.worked();
  } else {
    parts_.health.failed(client_.last_error());
    next_exchange_us_ = 0;
  }
  return asked;
}

void ReadingLane::take(const Place& place, std::string_view value) {
  const ValueLabel& label = place.job->labels[place.label];
  const auto payload = parts_.envelope.open(label, value, &scratch_);
  if (!payload) return parts_.counters.count_refused(payload.error());
  if (label.kind == ValueKind::kEntry) return take_entry(*place.job, *payload);
  place.job->values[place.label] = {true, std::string(*payload)};
}

void ReadingLane::take_entry(SharedRead& job, std::string_view payload) {
  const auto item = unpack_entry_item(payload, parts_.value_bytes_max);
  if (!item) return parts_.counters.count_refused(ValueFault::kCorrupt);
  if (item->parts() > 0) {
    in_parts_.emplace_back(&job, *item);
  } else {
    decode(job, item->whole);
  }
}

// All or nothing: a missing part is a miss.
void ReadingLane::fetch_parts(SharedRead& job, const EntryItem& item) {
  std::string whole(item.total_bytes, '\0');
  size_t arrived = 0;
  ValueLabel label{ValueKind::kPart, job.labels[0].subject, item.generation};
  for (size_t begin = 0; begin < item.parts(); begin += kBatchMax) {
    const size_t count = std::min(kBatchMax, item.parts() - begin);
    names_.clear();
    for (size_t i = 0; i < count; ++i) {
      label.number = static_cast<uint32_t>(begin + i);
      names_.push_back(parts_.envelope.name(label));
    }
    const bool asked = client_.get(names_, [&](size_t index, std::string_view value, uint64_t) {
      label.number = static_cast<uint32_t>(begin + index);
      const auto part = parts_.envelope.open(label, value, &scratch_);
      if (!part) return parts_.counters.count_refused(part.error());
      const uint64_t offset = label.number * item.part_bytes;
      if (part->size() != std::min(item.part_bytes, item.total_bytes - offset)) return;
      part->copy(whole.data() + offset, part->size());
      ++arrived;
    });
    if (!asked) return parts_.health.failed(client_.last_error());
    if (arrived != begin + count) return;
  }
  decode(job, whole);
}

void ReadingLane::decode(SharedRead& job, std::string_view encoded) {
  auto entry = codec_.decode(encoded);
  if (!entry) return parts_.counters.count_refused(entry.error());
  // What claims to come from the future would outlive every purge.
  const bool ahead = parts_.purges.too_far_ahead((*entry)->asked_at_us) ||
                     parts_.purges.too_far_ahead((*entry)->recorded_at_us);
  if (ahead || (*entry)->key != job.labels[0].subject) {
    return parts_.counters.count_refused(ValueFault::kCorrupt);
  }
  job.entry = std::move(*entry);
  // One that is past its ttl may be just what is asked for, and is asked for again.
  const bool alive = !parts_.purges.gone(*job.entry);
  if (alive && job.promote == SharedRead::Promote::kToMemory) promote(job);
}

// A copy of it that is there already may know more.
void ReadingLane::promote(SharedRead& job) {
  std::shared_ptr<const Entry> held = parts_.memory.look_up(job.entry->key);
  const bool same = held != nullptr && held->proof == job.entry->proof &&
                    held->asked_at_us == job.entry->asked_at_us &&
                    held->recorded_at_us == job.entry->recorded_at_us;
  if (!same) return parts_.memory.store(job.entry);
  job.entry = std::move(held);
}

void ReadingLane::finish(SharedRead& job, SharedJob::End end) {
  if (job.tally == SharedRead::Tally::kLookup) {
    parts_.counters.observe_lookup(parts_.clock.monotonic_us() - job.submitted_us);
    if (job.entry != nullptr) {
      parts_.counters.add(parts_.counters.hits);
    } else if (end == SharedJob::End::kDone) {
      parts_.counters.add(parts_.counters.misses);
    } else if (!job.forgotten()) {  // whoever has forgotten it has counted that
      parts_.counters.add(timed_out_ ? parts_.counters.timeouts : parts_.counters.failed_lookups);
    }
  }
  job.settle(job.entry != nullptr ? SharedJob::End::kDone : end);
}

void ReadingLane::fail_all(Batch& batch) {
  timed_out_ = false;
  for (const auto& job : batch) finish(*job, SharedJob::End::kFailed);
}

}  // namespace reprise::cache
