#include "cache/memcached_tier.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cache/lane_parts.h"
#include "cache/reading_lane.h"
#include "cache/writing_lane.h"

namespace reprise::cache {

namespace {

// What a server may take for one step before it counts as failed. Longer than most lookups wait:
// one slow answer costs the requests that wait for it a miss, not everybody the server.
constexpr int64_t kPatienceMinMs = 250;
// An entry has a head, marks and names beside its body.
constexpr size_t kEntryBeyondBody = size_t{1} << 20;

std::unique_ptr<const base::Sealer> sealer_of(const std::string& secret) {
  std::unique_ptr<const base::Sealer> sealer;
  if (!secret.empty()) sealer = std::make_unique<const base::Sealer>(secret);
  return sealer;
}

std::string text_of(const MemcachedAddress& address) {
  const bool bare_v6 = address.host.find(':') != std::string::npos;
  const std::string host = bare_v6 ? "[" + address.host + "]" : address.host;
  return host + ":" + std::to_string(address.port);
}

}  // namespace

// Lanes: the way to one server. The reading lane dies last: it keeps purges alive.
struct MemcachedTier::Lanes {
  Lanes(const MemcachedAddress& server, MemcachedTier& tier)
      : health(text_of(server), tier.parts_.clock),
        reading(parts_of(server, tier)),
        writing(std::in_place, parts_of(server, tier)) {}

  LaneParts parts_of(const MemcachedAddress& server, MemcachedTier& tier) {
    return {.address = server,
            .patience_ms = std::max(tier.terms_.timeout_ms, kPatienceMinMs),
            .value_bytes_max = tier.terms_.object_bytes_max + kEntryBeyondBody,
            .keep_ms = tier.terms_.keep_ms,
            .purges_label = {ValueKind::kPurges, base::xxh3_128(tier.terms_.name_space), {}, 0},
            .clock = tier.parts_.clock,
            .envelope = tier.envelope_,
            .health = health,
            .counters = tier.counters_,
            .purges = tier.parts_.purges,
            .memory = tier.parts_.memory,
            .models = tier.parts_.models};
  }

  ServerHealth health;
  ReadingLane reading;
  std::optional<WritingLane> writing;  // none once it is flushed
};

MemcachedTier::MemcachedTier(MemcachedTerms terms, const SharedParts& parts)
    : terms_(std::move(terms)),
      parts_(parts),
      envelope_(sealer_of(terms_.secret)),
      ring_(terms_.servers) {
  base::wipe(&terms_.secret);
  for (const MemcachedAddress& server : terms_.servers) {
    lanes_.push_back(std::make_unique<Lanes>(server, *this));
  }
}

MemcachedTier::~MemcachedTier() = default;

void MemcachedTier::flush() {
  for (const auto& lanes : lanes_) lanes->writing.reset();
}

MemcachedTier::Lanes& MemcachedTier::lanes_of(const base::Digest128& home) {
  if (lanes_.size() == 1) return *lanes_[0];
  return *lanes_[ring_.server_of(envelope_.name({ValueKind::kEntry, home, {}, 0}))];
}

void MemcachedTier::submit(const std::shared_ptr<SharedRead>& job) { submit(job, Tell::kNow); }

void MemcachedTier::submit_quietly(const std::shared_ptr<SharedRead>& job) {
  submit(job, Tell::kLater);
}

void MemcachedTier::tell_lanes() {
  for (const auto& lanes : lanes_) lanes->reading.tell();
}

void MemcachedTier::submit(const std::shared_ptr<SharedRead>& job, Tell when) {
  Lanes& lanes = lanes_of(job->home);
  job->submitted_us = parts_.clock.monotonic_us();
  const bool is_lookup = job->tally == SharedRead::Tally::kLookup;
  if (!lanes.health.usable()) {
    if (is_lookup) counters_.add(counters_.failed_lookups);
    return job->settle(SharedJob::End::kFailed);
  }
  const auto tell = when == Tell::kNow ? ReadingLane::Tell::kNow : ReadingLane::Tell::kLater;
  if (lanes.reading.submit(job, tell)) return;
  if (is_lookup) counters_.add(counters_.dropped_lookups);
  job->settle(SharedJob::End::kDropped);
}

void MemcachedTier::submit(const std::shared_ptr<SharedWrite>& job) {
  Lanes& lanes = lanes_of(job->home);
  job->submitted_us = parts_.clock.monotonic_us();
  const bool is_store = job->op == SharedWrite::Op::kStoreEntry;
  // libmemcached aborts the process over what anything but a memcached may answer to a change; to a
  // get it does not, and that is what servers are met by.
  if (!lanes.health.met()) {
    if (is_store) counters_.add(counters_.failed_stores);
    return job->settle(SharedJob::End::kFailed);
  }
  if (lanes.writing && lanes.writing->submit(job)) return;
  if (is_store) counters_.add(counters_.dropped_stores);
  job->settle(SharedJob::End::kDropped);
}

std::shared_ptr<const Entry> MemcachedTier::read_now(const base::Digest128& key,
                                                     SharedRead::Promote promote) {
  const auto job = std::make_shared<SharedRead>(nullptr);
  job->home = key;
  job->promote = promote;
  if (promote == SharedRead::Promote::kToMemory) job->tally = SharedRead::Tally::kLookup;
  job->want({ValueKind::kEntry, key, {}, 0});
  submit(job);
  return job->wait_ms(terms_.timeout_ms) ? job->entry : nullptr;
}

std::shared_ptr<const Entry> MemcachedTier::find(const base::Digest128& key,
                                                 const base::Sha256& proof) {
  auto entry = read_now(key, SharedRead::Promote::kToMemory);
  return entry != nullptr && entry->proof == proof ? entry : nullptr;
}

std::shared_ptr<const Entry> MemcachedTier::look_up(const base::Digest128& key) {
  return read_now(key, SharedRead::Promote::kNo);
}

void MemcachedTier::store(std::shared_ptr<const Entry> entry) {
  const auto job = std::make_shared<SharedWrite>(SharedWrite::Op::kStoreEntry, nullptr);
  job->home = entry->key;
  job->entry = std::move(entry);
  submit(job);
}

bool MemcachedTier::remove(const base::Digest128& key) {
  const auto job = std::make_shared<SharedWrite>(SharedWrite::Op::kRemove, nullptr);
  job->home = key;
  job->label = {ValueKind::kEntry, key, {}, 0};
  submit(job);
  return job->wait_ms(std::max(terms_.timeout_ms, kPatienceMinMs)) &&
         job->written == Written::kDone;
}

size_t MemcachedTier::tell_purges() {
  std::vector<uint64_t> tickets;
  for (const auto& lanes : lanes_) {
    tickets.push_back(lanes->health.usable() ? lanes->reading.tell_purges() : 0);
  }
  const int64_t deadline_us =
      parts_.clock.monotonic_us() + std::max(terms_.timeout_ms, kPatienceMinMs) * 1000;
  size_t told = 0;
  for (size_t i = 0; i < lanes_.size(); ++i) {
    const int64_t left_ms = (deadline_us - parts_.clock.monotonic_us()) / 1000;
    if (tickets[i] != 0 &&
        lanes_[i]->reading.purges_told(tickets[i], std::max<int64_t>(left_ms, 0))) {
      ++told;
    }
  }
  return told;
}

MemcachedReadings MemcachedTier::read() const {
  MemcachedReadings readings;
  for (const auto& lanes : lanes_) {
    readings.servers.push_back(
        {lanes->health.address(), lanes->health.met(), lanes->health.failures()});
  }
  counters_.read(&readings);
  return readings;
}

}  // namespace reprise::cache
