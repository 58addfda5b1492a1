#include "proxy/pursuit.h"

#include <utility>

#include "proxy/pursuit_group.h"

// Stages:
//   kReading       the cassette is asked for the entry     -> kOver if it will do; else kLookingUp,
//                                                             or upstream where nothing is shared
//   kLookingUp     the shared tier is asked for the entry  -> kOver if it will do; kLeasing, or
//                                                             upstream if the reach says so
//   kLeasing       the lease is asked for                  -> kLookingAgain when it is ours;
//                                                             kFollowing when another has it;
//                                                             upstream if there is none to be had
//   kLookingAgain  the entry may have come just before the
//                  lease was free                          -> kOver, or upstream, leading
//   kFollowing     another process's answer is awaited     -> kOver at its end; kLookingUp if the
//                                                             leader is gone and nothing was taken
//   kOver          waiting to be destroyed
// Which of the first two comes first depends on what tiers there are. From kLookingUp to kFollowing
// everything together takes no longer than a lookup may: then upstream is asked.

namespace reprise::proxy {

using cache::SharedJob;
using cache::SharedRead;
using cache::SharedWrite;
using cache::ValueKind;
using recording::Failure;

Pursuit::Pursuit(PursuitGroup& group, Terms terms)
    : group_(group),
      flight_(std::move(terms.flight)),
      request_(std::move(terms.request)),
      keep_(std::move(terms.keep)),
      directives_(terms.directives),
      reach_(terms.reach),
      job_wakeup_(
          group.loop(), [](void* self) noexcept { static_cast<Pursuit*>(self)->on_job(); }, this),
      flow_wakeup_(
          group.loop(), [](void* self) noexcept { static_cast<Pursuit*>(self)->on_flow(); }, this),
      recorder_(flight_->recording, group.loop().clock(), flow_wakeup_),
      deadline_([](void* self) noexcept { static_cast<Pursuit*>(self)->on_timeout(); }, this),
      period_([](void* self) noexcept { static_cast<Pursuit*>(self)->on_period(); }, this),
      contact_(
          [](void* self) noexcept {
            static_cast<Pursuit*>(self)->lose_leader("the shared cache does not answer");
          },
          this) {}

Pursuit::~Pursuit() { forget_jobs(); }

// The lease may be granted after we have gone on without it: then nobody must wait for us.
void Pursuit::release_lease() { Leadership::release(group_.tier(), flight_->key, claim_); }

void Pursuit::forget_jobs() {
  if (file_ != nullptr) std::exchange(file_, nullptr)->forget();
  if (read_ != nullptr) std::exchange(read_, nullptr)->forget();
  if (write_ != nullptr) std::exchange(write_, nullptr)->forget();
}

// A file is nearer than a server. Nobody but us refreshes it.
void Pursuit::start() {
  if (group_.commons().cassette == nullptr || reach_ == Reach::kRefresh) return look_further();
  read_file();
}

void Pursuit::read_file() {
  stage_ = Stage::kReading;
  group_.file_timeouts.arm(deadline_);
  file_ = std::make_shared<cache::CassetteRead>(&job_wakeup_);
  file_->home = flight_->key;
  file_->promote = flight_->proof;
  group_.commons().cassette->submit(file_);
}

void Pursuit::on_file() {
  const std::shared_ptr<cache::CassetteRead> file = std::exchange(file_, nullptr);
  deadline_.disarm();
  if (!take(file->entry, "cassette")) look_further();
}

void Pursuit::look_further() {
  if (group_.commons().memcached != nullptr) {
    group_.lookup_timeouts.arm(deadline_);
    return look_up(Stage::kLookingUp);
  }
  if (reach_ == Reach::kWhatIsHeld) return hold(std::move(flight_->held));
  ask_upstream(nullptr);
}

void Pursuit::look_up(Stage stage) {
  stage_ = stage;
  if (stage == Stage::kLookingUp) claim_.kind = cache::LeaseKind::kCommon;
  read_ = std::make_shared<SharedRead>(&job_wakeup_);
  read_->home = flight_->key;
  read_->promote = SharedRead::Promote::kToMemory;
  // One question counts once.
  if (stage == Stage::kLookingUp && leaders_lost_ == 0) read_->tally = SharedRead::Tally::kLookup;
  read_->want({ValueKind::kEntry, flight_->key, {}, 0});
  group_.read(read_);
}

void Pursuit::on_job() {
  switch (stage_) {
    case Stage::kReading:
      return on_file();
    case Stage::kLookingUp:
    case Stage::kLookingAgain:
      return on_looked_up();
    case Stage::kLeasing:
      return on_lease_answer();
    case Stage::kFollowing:
      return on_poll();
    case Stage::kOver:
      return;
  }
}

bool Pursuit::will_do(const cache::Entry& entry) const {
  const cache::Lenience lenience =
      reach_ == Reach::kRefresh ? cache::Lenience{} : group_.commons().settings->lenience;
  switch (cache::judge(entry, group_.commons().clock.wall_us(), directives_, lenience)) {
    case cache::Judgement::kFresh:
    case cache::Judgement::kStale:
    case cache::Judgement::kMaxStale:
      return true;
    case cache::Judgement::kExpired:
    case cache::Judgement::kRefused:
      return false;
  }
  return false;
}

// True if what a tier has found will do: then there is nothing more to be done.
bool Pursuit::take(const std::shared_ptr<const cache::Entry>& entry, std::string_view tier) {
  const bool ours =
      entry != nullptr && entry->proof == flight_->proof && !group_.commons().purges.gone(*entry);
  if (!ours) return false;
  const bool refused = entry->refusal(flight_->form).has_value();
  // Who asks for no more than what is held is to learn why it is not for him.
  if (refused && reach_ != Reach::kWhatIsHeld) return false;
  const bool enough = !refused && will_do(*entry);
  const cache::Entry* const held = flight_->held.get();
  const bool newer = held == nullptr || held->refusal(flight_->form) ||
                     (!refused && held->asked_at_us < entry->asked_at_us);
  if (enough || newer) {
    flight_->held = entry;
    flight_->held_in = tier;
  }
  if (!enough) return false;
  if (keep_.refresh != nullptr) keep_.refresh->succeed();
  hold(entry);
  return true;
}

void Pursuit::on_looked_up() {
  const std::shared_ptr<SharedRead> read = std::exchange(read_, nullptr);
  if (take(read->entry, "memcached")) {
    // Files are to answer all that was ever asked, wherever the answers came from.
    cache::CassetteTier* const cassette = group_.commons().cassette;
    const bool described = reach_ != Reach::kWhatIsHeld;
    if (cassette != nullptr && described) cassette->store(read->entry, keep_.details.canonical);
    return;
  }
  if (reach_ == Reach::kWhatIsHeld) return hold(std::move(flight_->held));
  if (stage_ == Stage::kLookingAgain) return ask_upstream(leadership());
  if (reach_ == Reach::kOwnRequest || read->end() != SharedJob::End::kDone) {
    return ask_upstream(nullptr);
  }
  take_lease();
}

void Pursuit::take_lease() {
  stage_ = Stage::kLeasing;
  if (!deadline_.armed()) group_.lookup_timeouts.arm(deadline_);
  cache::Lease lease;
  lease.token = claim_.token = cache::random_token();
  lease.proof = flight_->proof;
  lease.form = flight_->form;
  lease.asked_at_us = flight_->asked_at_us;
  write_ = std::make_shared<SharedWrite>(SharedWrite::Op::kAdd, &job_wakeup_);
  write_->home = flight_->key;
  write_->label = cache::lease_label(flight_->key, claim_.kind);
  write_->payload = cache::pack_lease(lease);
  write_->life_ms = cache::Lease::kLifeMs;
  group_.tier().submit(write_);
}

void Pursuit::on_lease_answer() {
  const std::shared_ptr<SharedWrite> write = std::exchange(write_, nullptr);
  switch (write->written) {
    case cache::Written::kDone:
      return look_up(Stage::kLookingAgain);
    case cache::Written::kExists:
      if (reach_ != Reach::kRefresh) return look_for_leader();
      keep_.refresh->defer();
      return hold(nullptr);
    case cache::Written::kMissing:
    case cache::Written::kTooLarge:
    case cache::Written::kNoRoom:
      return ask_upstream(nullptr);
    case cache::Written::kFailed:
      release_lease();
      return ask_upstream(nullptr);
  }
}

std::unique_ptr<Leadership> Pursuit::leadership() {
  return std::make_unique<Leadership>(group_, *flight_, claim_);
}

void Pursuit::on_timeout() {
  const Stage stage = stage_;
  forget_jobs();
  if (stage == Stage::kReading) {
    group_.commons().cassette->count_timeout();
    return look_further();
  }
  group_.tier().count_timeout();
  if (reach_ == Reach::kWhatIsHeld) return hold(std::move(flight_->held));
  if (stage == Stage::kLeasing) release_lease();
  ask_upstream(stage == Stage::kLookingAgain ? leadership() : nullptr);
}

void Pursuit::on_flow() {
  if (stage_ == Stage::kOver) return;
  switch (recorder_.flow()) {
    case recording::Recorder::Flow::kAbandoned:
      return give_up({Failure::kAbandoned, "nobody reads the answer any more"});
    case recording::Recorder::Flow::kGoOn:
      if (stage_ != Stage::kFollowing || read_ != nullptr) return;
      if (!std::exchange(waiting_, false) && period_.armed()) return;
      period_.disarm();
      return poll();
    case recording::Recorder::Flow::kWait:
      if (stage_ == Stage::kFollowing && read_ == nullptr) wait_for_readers();
      return;
  }
}

// The flight lands first: whoever comes now finds the entry in memory, or asks anew.
void Pursuit::hold(std::shared_ptr<const cache::Entry> entry) {
  flight_->held = std::move(entry);
  give_up({Failure::kHeld, "nothing is held"});
}

void Pursuit::ask_upstream(std::unique_ptr<Leadership> leadership) {
  if (recorder_.flow() == recording::Recorder::Flow::kAbandoned) {
    return give_up({Failure::kAbandoned, "nobody reads the answer any more"});
  }
  auto keeper = std::make_unique<Keeper>(group_.commons(), group_.metrics(), group_.answers(),
                                         flight_, std::move(keep_));
  keeper->lead_fleet(std::move(leadership));
  auto call = std::make_unique<UpstreamCall>(group_.calls(), std::move(request_),
                                             recorder_.hand_over(), std::move(keeper));
  over();
  group_.calls().start(std::move(call), nullptr);
}

void Pursuit::give_up(recording::FailureReport report) {
  if (stage_ == Stage::kOver) return;
  if (stage_ == Stage::kLeasing || stage_ == Stage::kLookingAgain) {
    release_lease();
  }
  group_.commons().inflight.land(*flight_);
  recorder_.fail(std::move(report));
  over();
}

void Pursuit::over() {
  stage_ = Stage::kOver;
  deadline_.disarm();
  period_.disarm();
  contact_.disarm();
  forget_jobs();
  group_.remove(*this);
}

}  // namespace reprise::proxy
