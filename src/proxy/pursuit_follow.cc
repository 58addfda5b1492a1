#include <string>
#include <utility>

#include "http/forwarding.h"
#include "proxy/pursuit.h"
#include "proxy/pursuit_group.h"

// Pursuit behind another process. The leader publishes its answer as numbered segments while a
// marker says that somebody follows; its lease says that it lives. What has been taken from one
// leader is never continued with another's.

namespace reprise::proxy {

using cache::Lease;
using cache::Segment;
using cache::SharedRead;
using cache::SharedWrite;
using recording::Failure;

namespace {

// How long a leader without a lease may go without a segment: its next renewal would restore it.
constexpr int64_t kNewsUs = (Lease::kRenewalMs + 1'000) * 1'000;
constexpr int64_t kMarkerLifeMs = 5'000;
constexpr int64_t kMarkPeriodUs = 2'000'000;
constexpr int kLeadersLostMax = 8;

// Where a poll's labels lie.
constexpr size_t kLeaseAt = 0;
constexpr size_t kSegmentsAt = 1;

// A head that a leader could have had: final, and framed as it says.
bool is_sound(const http::ResponseHead& head) {
  const auto length = head.fields.find("Content-Length");
  const bool announced = head.framing == http::Framing::kContentLength;
  return head.status >= 200 && !head.fields.find("Transfer-Encoding") &&
         head.fields.count("Content-Length") == (announced ? 1 : 0) &&
         (!announced || *length == std::to_string(head.content_length));
}

// How many body bytes follow this head, if it says so.
std::optional<uint64_t> announced_bytes(const http::ResponseHead& head) {
  if (head.framing == http::Framing::kContentLength) return head.content_length;
  if (head.framing == http::Framing::kNone) return 0;
  return std::nullopt;
}

// Upstream failed before it had said anything.
bool failed_early(const Segment& segment) {
  return segment.head == nullptr && segment.body.empty() && segment.end == Segment::End::kFailed;
}

}  // namespace

void Pursuit::look_for_leader() {
  stage_ = Stage::kFollowing;
  leader_.reset();
  next_segment_ = 0;
  marked_us_ = 0;
  news_us_ = segment_us_ = group_.loop().clock().monotonic_us();
  poll();
}

void Pursuit::on_period() {
  if (!waiting_) return poll();
  mark();
  on_flow();
}

// They are slow, and still there.
void Pursuit::wait_for_readers() {
  waiting_ = true;
  group_.follow_periods.arm(period_);
}

void Pursuit::poll() {
  read_ = std::make_shared<SharedRead>(&job_wakeup_);
  read_->home = flight_->key;
  read_->want(cache::lease_label(flight_->key, claim_.kind));
  if (leader_) {
    for (uint64_t i = 0; i < SharedRead::kLabelsMax - kSegmentsAt; ++i) {
      read_->want(cache::segment_label(leader_->token, next_segment_ + i));
    }
    mark();
  }
  if (!contact_.armed()) group_.contact_timeouts.arm(contact_);
  group_.read(read_);
}

// Tells the leader, every now and then, that somebody follows.
void Pursuit::mark() {
  const int64_t now_us = group_.loop().clock().monotonic_us();
  if (now_us - marked_us_ < kMarkPeriodUs) return;
  marked_us_ = now_us;
  const auto write = std::make_shared<SharedWrite>(SharedWrite::Op::kSet, nullptr);
  write->home = flight_->key;
  write->label = cache::marker_label(leader_->token);
  write->life_ms = kMarkerLifeMs;
  group_.tier().submit(write);
}

void Pursuit::on_poll() {
  if (read_->end() != SharedRead::End::kDone) {
    read_.reset();
    if (!began_) return ask_upstream(nullptr);
    return group_.follow_periods.arm(period_);
  }
  contact_.disarm();
  const int64_t now_us = group_.loop().clock().monotonic_us();
  std::optional<Lease> lease;
  if (read_->values[kLeaseAt].found) lease = cache::unpack_lease(read_->values[kLeaseAt].payload);
  if (!leader_ && lease) {
    if (on_first_sight(*lease)) poll();
    return;
  }
  if (leader_ && is_purged(*leader_)) {
    group_.commons().inflight.land(*flight_);
    if (!began_) return ask_upstream(nullptr);
  }
  const bool news = take_segments();
  if (stage_ == Stage::kOver) return;
  if (news || (lease && leader_ && lease->token == leader_->token)) news_us_ = now_us;
  if (!news) on_silence(lease);
  if (stage_ != Stage::kFollowing) return;
  const bool more = read_->values[read_->count - 1].found;
  read_.reset();
  switch (recorder_.flow()) {
    case recording::Recorder::Flow::kAbandoned:
      return give_up({Failure::kAbandoned, "nobody reads the answer any more"});
    case recording::Recorder::Flow::kWait:
      return wait_for_readers();
    case recording::Recorder::Flow::kGoOn:
      break;
  }
  // A leader that is ahead is caught up with at once.
  if (news && more) return poll();
  group_.follow_periods.arm(period_);
}

// What claims to come from the future would outlive every purge.
bool Pursuit::is_purged(const Lease& lease) const {
  const cache::PurgeRecord& purges = group_.commons().purges;
  return purges.too_far_ahead(lease.asked_at_us) ||
         purges.gone(lease.asked_at_us, flight_->key, flight_->name_space, flight_->model_asked);
}

// Whether this leader's answer is one for us.
bool Pursuit::on_first_sight(const Lease& lease) {
  if (is_purged(lease) || lease.proof != flight_->proof || lease.door == Lease::Door::kClosed) {
    ask_upstream(nullptr);
    return false;
  }
  if (!openai::may_serve(flight_->route, lease.form, flight_->form)) {
    if (std::exchange(claim_.kind, cache::LeaseKind::kUsage) == cache::LeaseKind::kUsage) {
      ask_upstream(nullptr);
    } else {
      take_lease();
    }
    return false;
  }
  deadline_.disarm();
  leader_ = lease;
  return true;
}

// True if there was one.
bool Pursuit::take_segments() {
  bool news = false;
  for (size_t i = kSegmentsAt; i < read_->count; ++i) {
    SharedRead::Value& value = read_->values[i];
    if (!value.found) continue;
    if (read_->labels[i].number != next_segment_) {
      lose_leader("a part of the answer was lost");
      return true;
    }
    std::optional<Segment> segment = cache::unpack_segment(value.payload);
    const bool fits = segment && (began_ != (segment->head != nullptr) || failed_early(*segment));
    if (!fits || (segment->head != nullptr && !is_sound(*segment->head))) {
      lose_leader("a part of the answer is damaged");
      return true;
    }
    ++next_segment_;
    segment_us_ = group_.loop().clock().monotonic_us();
    news = true;
    if (!take_segment(std::move(*segment))) return true;
  }
  return news;
}

// False at the answer's end.
bool Pursuit::take_segment(Segment segment) {
  if (segment.head != nullptr) {
    http::ResponseHead head = *segment.head;
    http::strip_hop_by_hop(head.fields);
    body_left_ = announced_bytes(head);
    began_ = true;
    flight_->source = cache::Flight::Source::kFleet;
    flight_->asked_form = leader_->form;
    if (head.status != 200) group_.commons().inflight.land(*flight_);
    recorder_.head(std::move(head));
  }
  // Whoever can write to the Memcached must not be able to put a response of his own behind ours.
  const bool whole = segment.end == Segment::End::kComplete;
  if (body_left_ &&
      (segment.body.size() > *body_left_ || (whole && segment.body.size() < *body_left_))) {
    lose_leader("a part of the answer is damaged");
    return false;
  }
  if (body_left_) *body_left_ -= segment.body.size();
  if (!segment.body.empty()) recorder_.append(std::move(segment.body));
  if (segment.end == Segment::End::kNone) return true;
  const Failure failure = segment.failure.failure;
  if (!whole && !began_ && (failure == Failure::kAbandoned || failure == Failure::kLagging)) {
    lead_next();  // the leader's own trouble, none of upstream's
    return false;
  }
  // Once there is a head others read it.
  if (!began_) flight_->source = cache::Flight::Source::kFleet;
  group_.commons().inflight.land(*flight_);
  if (whole) {
    recorder_.complete(std::move(segment.trailers));
  } else {
    recorder_.fail(std::move(segment.failure));
  }
  over();
  return false;
}

// A lease alone is no sign of life: nobody waits longer for it than for upstream.
bool Pursuit::is_overdue() const {
  const Settings& settings = *group_.commons().settings;
  const uint64_t limit_ms = began_ ? settings.idle_timeout_ms : settings.first_byte_timeout_ms;
  const int64_t silent_us = group_.loop().clock().monotonic_us() - segment_us_;
  return silent_us / 1000 > static_cast<int64_t>(limit_ms);
}

void Pursuit::on_silence(const std::optional<Lease>& lease) {
  const bool leads = lease && leader_ && lease->token == leader_->token;
  if (leads && lease->published > next_segment_) {
    return lose_leader("a part of the answer was lost");
  }
  if (is_overdue()) return lose_leader("the process that asked upstream has nothing to tell");
  if (began_) {
    if (!leads && group_.loop().clock().monotonic_us() - news_us_ > kNewsUs) {
      lose_leader("the process that asked upstream is gone");
    }
    return;
  }
  if (leads && lease->door == Lease::Door::kClosed) return ask_upstream(nullptr);
  if (!leads) lead_next();
}

// The lease was released, behind the store of the entry, or it has expired because its holder has
// died: one of its followers leads next. One that can be neither read nor taken, or comes to
// nothing again and again, is nobody's to wait for.
void Pursuit::lead_next() {
  if (++leaders_lost_ > kLeadersLostMax) return ask_upstream(nullptr);
  if (!deadline_.armed()) group_.lookup_timeouts.arm(deadline_);
  look_up(Stage::kLookingUp);
}

void Pursuit::lose_leader(const char* why) {
  if (began_) return give_up({Failure::kTruncated, why});
  ask_upstream(nullptr);
}

}  // namespace reprise::proxy
