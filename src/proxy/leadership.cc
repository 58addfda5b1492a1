#include "proxy/leadership.h"

#include <utility>

#include "proxy/pursuit_group.h"

namespace reprise::proxy {

using cache::Lease;
using cache::Segment;
using cache::SharedRead;
using cache::SharedWrite;
using recording::Cursor;

namespace {
constexpr size_t kBatchBytes = 64 * 1024;
}  // namespace

Leadership::Leadership(PursuitGroup& group, const cache::Flight& flight, const Claim& claim)
    : group_(group),
      key_(flight.key),
      claim_(claim),
      looked_(
          group.loop(), [](void* self) noexcept { static_cast<Leadership*>(self)->on_looked(); },
          this),
      more_(
          group.loop(), [](void* self) noexcept { static_cast<Leadership*>(self)->pump(); }, this),
      period_([](void* self) noexcept { static_cast<Leadership*>(self)->tick(); }, this),
      contact_([](void* self) noexcept { static_cast<Leadership*>(self)->done(); }, this),
      cursor_(more_),
      renewed_us_(group.loop().clock().monotonic_us()) {
  lease_.token = claim.token;
  lease_.form = flight.form;
  lease_.proof = flight.proof;
  lease_.asked_at_us = flight.asked_at_us;
  watching_ = cursor_.join(flight.recording, Cursor::Interest::kOnlyWatches);
  group_.lead_periods.arm(period_);
}

Leadership::~Leadership() {
  if (look_ != nullptr) look_->forget();
  cursor_.leave();
  release(group_.tier(), key_, claim_);
}

void Leadership::finish(std::unique_ptr<Leadership> leadership) {
  Leadership& self = *leadership;
  self.group_.adopt(std::move(leadership));
  self.finishing_ = true;
  self.period_.disarm();
  if (self.publishing_) self.pump();
  if (self.publishing_ || !self.watching_) return self.done();
  self.group_.contact_timeouts.arm(self.contact_);
  if (self.look_ == nullptr) self.look_for_followers();
}

// A recording that ended without its recorder's knowledge would leave followers waiting.
void Leadership::done() {
  if (publishing_ && !ended_) publish(Segment::End::kFailed);
  // Until it is destroyed nothing calls back any more.
  contact_.disarm();
  if (look_ != nullptr) std::exchange(look_, nullptr)->forget();
  cursor_.leave();
  group_.remove(*this);
}

void Leadership::release(cache::MemcachedTier& tier, const base::Digest128& key,
                         const Claim& claim) {
  const auto write = std::make_shared<SharedWrite>(SharedWrite::Op::kRelease, nullptr);
  write->home = key;
  write->label = cache::lease_label(key, claim.kind);
  write->payload = cache::lease_prefix(claim.token);
  tier.submit(write);
}

void Leadership::tick() {
  group_.lead_periods.arm(period_);
  const int64_t now_us = group_.loop().clock().monotonic_us();
  if (now_us - renewed_us_ >= Lease::kRenewalMs * 1000) renew();
  if (publishing_ && (head_ != nullptr || !pending_.empty())) publish(Segment::End::kNone);
  const bool may_be_followed = publishing_ || lease_.door == Lease::Door::kOpen;
  if (look_ == nullptr && may_be_followed) look_for_followers();
}

void Leadership::renew() {
  renewed_us_ = group_.loop().clock().monotonic_us();
  const auto write = std::make_shared<SharedWrite>(SharedWrite::Op::kHold, nullptr);
  write->home = key_;
  write->label = cache::lease_label(key_, claim_.kind);
  write->payload = cache::pack_lease(lease_);
  write->life_ms = Lease::kLifeMs;
  group_.tier().submit(write);
}

void Leadership::close_door() {
  if (std::exchange(lease_.door, Lease::Door::kClosed) == Lease::Door::kClosed) return;
  renew();
  if (!publishing_ && look_ == nullptr) look_for_followers();
}

void Leadership::look_for_followers() {
  look_ = std::make_shared<SharedRead>(&looked_);
  look_->home = key_;
  look_->want(cache::marker_label(lease_.token));
  group_.read(look_);
}

void Leadership::on_looked() {
  const std::shared_ptr<SharedRead> look = std::exchange(look_, nullptr);
  const bool answered = look->end() == SharedRead::End::kDone;
  if (answered || finishing_) set_publishing(answered && look->values[0].found);
  if (finishing_) return done();
  if (publishing_ || lease_.door == Lease::Door::kOpen) return;
  watching_ = false;
  cursor_.leave();
}

// While somebody follows, upstream is kept busy for their sake.
void Leadership::set_publishing(bool publishing) {
  if (publishing == publishing_ || !watching_ || ended_) return;
  publishing_ = publishing;
  cursor_.set_interest(publishing ? Cursor::Interest::kReads : Cursor::Interest::kOnlyWatches);
  if (publishing_) pump();
}

void Leadership::pump() {
  while (publishing_ && !ended_) {
    batch_.clear();
    if (lease_.published == 0 && cursor_.failed() && gave_up()) {
      ended_ = true;
      return;
    }
    const Cursor::Status status = cursor_.next(batch_, kBatchBytes);
    take(batch_);
    // The head goes at once: it is what followers wait for.
    if (head_ != nullptr || pending_.size() >= Segment::kBodyBytesMax) {
      if (status != Cursor::Status::kEnd) publish(Segment::End::kNone);
    }
    if (status == Cursor::Status::kEnd) return publish(Segment::End::kComplete);
    if (status == Cursor::Status::kFailed) return publish(Segment::End::kFailed);
    if (status == Cursor::Status::kPending) return;
  }
}

void Leadership::take(recording::Batch& batch) {
  if (batch.head != nullptr) head_ = batch.head;
  if (batch.trailers != nullptr) trailers_ = *batch.trailers;
  for (size_t i = 0; i < batch.piece_count; ++i) {
    pending_.append(batch.pieces[i].view());
  }
  batch.clear();
}

// That this process gave up, because it ends or nobody here waits any more, is none of upstream's
// failures: as long as nothing was published, whoever follows leads next.
bool Leadership::gave_up() const {
  const recording::Failure failure = cursor_.failure().failure;
  return failure == recording::Failure::kAbandoned || failure == recording::Failure::kLagging;
}

// In pieces that any server takes.
void Leadership::publish(Segment::End end) {
  std::string_view rest = pending_;
  do {
    Segment segment;
    const std::string_view body = rest.substr(0, Segment::kBodyBytesMax);
    rest.remove_prefix(body.size());
    segment.head = std::exchange(head_, nullptr);
    segment.body = base::Bytes::copy_of(body);
    if (rest.empty()) segment.end = end;
    if (segment.end == Segment::End::kFailed) segment.failure = cursor_.failure();
    if (segment.end == Segment::End::kComplete) segment.trailers = trailers_;
    const auto write = std::make_shared<SharedWrite>(SharedWrite::Op::kSet, nullptr);
    write->home = key_;
    write->label = cache::segment_label(lease_.token, lease_.published++);
    write->payload = cache::pack_segment(segment);
    write->life_ms = end == Segment::End::kNone ? Segment::kLifeMs : Segment::kLifeAtEndMs;
    group_.tier().submit(write);
  } while (!rest.empty());
  pending_.clear();
  ended_ = end != Segment::End::kNone;
}

}  // namespace reprise::proxy
