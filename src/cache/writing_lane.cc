#include "cache/writing_lane.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "cache/lease.h"

namespace reprise::cache {

namespace {

// Whoever else writes the same entry makes us look again; more than a few are none of ours.
constexpr int kAttemptsMax = 4;
constexpr int64_t kLongUs = 3'600'000'000;

Written if_sent(bool sent) { return sent ? Written::kDone : Written::kFailed; }

}  // namespace

WritingLane::WritingLane(const LaneParts& parts)
    : parts_(parts),
      client_(parts.address, parts.patience_ms),
      codec_(parts.models, parts.value_bytes_max),
      queue_(kWaitingBytesMax),
      flush_until_us_(std::numeric_limits<int64_t>::max()),
      thread_([this] { run(); }) {}

WritingLane::~WritingLane() {
  flush_until_us_ = parts_.clock.monotonic_us() + kFlushUs;
  queue_.close();
  thread_.join();
}

bool WritingLane::submit(std::shared_ptr<SharedWrite> job) {
  const size_t bytes = job->bytes();
  return queue_.push(std::move(job), bytes);
}

void WritingLane::run() {
  std::vector<std::shared_ptr<SharedWrite>> batch;
  while (queue_.take(kLongUs, 1, &batch)) {
    for (const auto& job : batch) {
      settle(*job, worth_trying() ? perform(*job) : Written::kFailed);
    }
    batch.clear();
  }
}

bool WritingLane::worth_trying() const {
  return parts_.health.met() && parts_.clock.monotonic_us() < flush_until_us_;
}

void WritingLane::settle(SharedWrite& job, Written written) {
  if (job.op == SharedWrite::Op::kStoreEntry) {
    const bool stored = written == Written::kDone || written == Written::kExists;
    parts_.counters.add(stored ? parts_.counters.stores : parts_.counters.failed_stores);
  }
  job.written = written;
  job.settle(written == Written::kFailed ? SharedJob::End::kFailed : SharedJob::End::kDone);
}

Written WritingLane::perform(SharedWrite& job) {
  const Expiry expiry = expiry_of(job.life_ms, parts_.clock.wall_us());
  const std::string name = parts_.envelope.name(job.label);
  Written written = Written::kFailed;
  switch (job.op) {
    case SharedWrite::Op::kStoreEntry:
      written = store_entry(*job.entry);
      break;
    case SharedWrite::Op::kAdd:
      written = client_.add(name, parts_.envelope.close(job.label, job.payload), expiry);
      break;
    case SharedWrite::Op::kSet:
      // Whether it stays nobody asks: the server may throw it out the next moment anyway.
      written =
          if_sent(client_.send_set(name, parts_.envelope.close(job.label, job.payload), expiry));
      break;
    case SharedWrite::Op::kHold:
      written = hold(job, expiry);
      break;
    case SharedWrite::Op::kRelease:
      written = release(job);
      break;
    case SharedWrite::Op::kRemove:
      written = remove(job.label);
      break;
  }
  if (written == Written::kFailed) {
    parts_.health.failed(client_.last_error());
  } else {
    parts_.health.worked();
  }
  return written;
}

WritingLane::Present WritingLane::look(const ValueLabel& label) {
  Present present;
  const std::array<std::string, 1> names{parts_.envelope.name(label)};
  present.asked = client_.get(names, [&](size_t, std::string_view value, uint64_t cas) {
    present.cas = cas;
    std::string scratch;
    const auto payload = parts_.envelope.open(label, value, &scratch);
    if (payload) present.payload = *payload;
  });
  return present;
}

Written WritingLane::store_entry(const Entry& entry) {
  if (parts_.purges.gone(entry)) return Written::kExists;
  const int64_t now_us = parts_.clock.wall_us();
  const int64_t life_ms = entry.ttl_ms + parts_.keep_ms - (now_us - entry.recorded_at_us) / 1000;
  const std::string encoded = codec_.encode(entry);
  if (life_ms <= 0 || encoded.empty()) return Written::kTooLarge;
  if (item_room_ == 0) item_room_ = item_room(client_);
  Written written = store_encoded(entry, encoded, life_ms);
  // Somewhere behind a router is a server that takes less.
  constexpr size_t kRoomMin = 512;
  const size_t room = item_room_;
  while (written == Written::kTooLarge && item_room_ >= 2 * kRoomMin) {
    item_room_ /= 2;
    written = store_encoded(entry, encoded, life_ms);
  }
  // It was not the size, then.
  if (written != Written::kDone && written != Written::kExists) item_room_ = room;
  return written;
}

Written WritingLane::store_encoded(const Entry& entry, std::string_view encoded, int64_t life_ms) {
  EntryItem item;
  item.asked_at_us = entry.asked_at_us;
  const size_t frame = EntryItem::kBytesMax + parts_.envelope.overhead_bytes();
  if (encoded.size() + frame <= item_room_) {
    item.whole = encoded;
  } else if (const Written written = store_parts(entry, encoded, life_ms, &item);
             written != Written::kDone) {
    return written;
  }
  const ValueLabel label{ValueKind::kEntry, entry.key, {}, 0};
  const Written written = replace_older(label, pack_entry_item(item), entry.asked_at_us,
                                        expiry_of(life_ms, parts_.clock.wall_us()));
  // Nobody would ever find them. If it failed, the item may be there all the same.
  if (written != Written::kDone && written != Written::kFailed) remove_parts(label, item);
  return written;
}

// The parts first: whoever finds the item finds them, or a gap, never others. The first one tells
// whether the server takes such; of the others it is not asked, they would all come back.
Written WritingLane::store_parts(const Entry& entry, std::string_view encoded, int64_t life_ms,
                                 EntryItem* item) {
  const size_t overhead = parts_.envelope.overhead_bytes();
  if (item_room_ <= 2 * overhead) return Written::kTooLarge;
  item->generation = random_token();
  item->total_bytes = encoded.size();
  item->part_bytes = item_room_ - overhead;
  if (item->parts() > EntryItem::kPartsMax) return Written::kTooLarge;
  const Expiry expiry = expiry_of(life_ms, parts_.clock.wall_us());
  ValueLabel label{ValueKind::kPart, entry.key, item->generation, 0};
  for (size_t i = 0; i < item->parts(); ++i) {
    label.number = static_cast<uint32_t>(i);
    const std::string_view part = encoded.substr(i * item->part_bytes, item->part_bytes);
    const std::string name = parts_.envelope.name(label);
    const std::string value = parts_.envelope.close(label, part);
    const Written written =
        i == 0 ? client_.set(name, value, expiry) : if_sent(client_.send_set(name, value, expiry));
    if (written != Written::kDone) return written;
  }
  return Written::kDone;
}

Written WritingLane::replace_older(const ValueLabel& label, std::string_view payload,
                                   int64_t asked_at_us, Expiry expiry) {
  const std::string name = parts_.envelope.name(label);
  const std::string value = parts_.envelope.close(label, payload);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    Written written = client_.add(name, value, expiry);
    if (written != Written::kExists) return written;
    const Present present = look(label);
    if (!present.asked) return Written::kFailed;
    if (!present.cas) continue;
    const auto item = unpack_entry_item(present.payload, parts_.value_bytes_max);
    // What claims to come from the future is given to nobody, so it may not stay either.
    const bool later =
        item && item->asked_at_us > asked_at_us && !parts_.purges.too_far_ahead(item->asked_at_us);
    if (later) return Written::kExists;
    written = client_.cas(name, value, expiry, *present.cas);
    if (written == Written::kDone) remove_parts(label, item);
    if (written != Written::kExists && written != Written::kMissing) return written;
  }
  return Written::kExists;
}

// With an entry go its parts: nobody would ever find them.
Written WritingLane::remove(const ValueLabel& label) {
  const Present present = look(label);
  if (!present.asked) return Written::kFailed;
  if (!present.cas) return Written::kMissing;
  const Written written = client_.remove(parts_.envelope.name(label));
  if (written == Written::kFailed) return written;
  if (label.kind == ValueKind::kEntry) {
    remove_parts(label, unpack_entry_item(present.payload, parts_.value_bytes_max));
  }
  // What lies there already has been put there since.
  return Written::kDone;
}

// The first one goes last and is waited for: then all are gone.
void WritingLane::remove_parts(const ValueLabel& label, const std::optional<EntryItem>& item) {
  if (!item) return;
  ValueLabel part{ValueKind::kPart, label.subject, item->generation, 0};
  for (size_t i = 1; i < item->parts(); ++i) {
    part.number = static_cast<uint32_t>(i);
    if (!client_.send_remove(parts_.envelope.name(part))) return;
  }
  part.number = 0;
  if (item->parts() > 0) client_.remove(parts_.envelope.name(part));
}

Written WritingLane::hold(const SharedWrite& job, Expiry expiry) {
  const std::string name = parts_.envelope.name(job.label);
  const std::string value = parts_.envelope.close(job.label, job.payload);
  const Present present = look(job.label);
  if (!present.asked) return Written::kFailed;
  if (!present.cas) return client_.add(name, value, expiry);
  const std::string_view token = std::string_view(job.payload).substr(0, SharedWrite::kTokenBytes);
  if (!present.payload.starts_with(token)) return Written::kExists;
  return client_.cas(name, value, expiry, *present.cas);
}

Written WritingLane::release(const SharedWrite& job) {
  const Present present = look(job.label);
  if (!present.asked) return Written::kFailed;
  if (!present.cas || !present.payload.starts_with(job.payload)) return Written::kMissing;
  return client_.remove(parts_.envelope.name(job.label), *present.cas);
}

}  // namespace reprise::cache
