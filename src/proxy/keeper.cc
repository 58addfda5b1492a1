#include "proxy/keeper.h"

#include <utility>

#include "cache/replay_head.h"

namespace reprise::proxy {

using openai::NotStored;

Keeper::Keeper(Commons& commons, base::WorkerMetrics& metrics, openai::AnswerJson& json,
               std::shared_ptr<cache::Flight> flight, KeepTerms terms)
    : commons_(commons),
      metrics_(metrics),
      flight_(std::move(flight)),
      terms_(std::move(terms)),
      reader_(terms_.asked, commons.settings->object_max, json) {}

Keeper::~Keeper() {
  if (!settled_) give_up(NotStored::kAborted);
  if (leadership_ != nullptr) Leadership::finish(std::move(leadership_));
}

void Keeper::lead_fleet(std::unique_ptr<Leadership> leadership) {
  leadership_ = std::move(leadership);
}

bool Keeper::on_head(const http::ResponseHead& head) {
  reader_.on_head(head);
  return still_good();
}

bool Keeper::on_body(std::string_view piece) {
  if (!settled_) reader_.on_body(piece);
  return still_good();
}

// A flight that cannot end well takes no more joiners.
bool Keeper::still_good() {
  if (!settled_ && reader_.reason() != NotStored::kNone) give_up(reader_.reason());
  return !settled_;
}

void Keeper::on_end(recording::Recorder& recorder, Framing framing) {
  if (settled_) return;
  const openai::Verdict verdict =
      reader_.end(framing == Framing::kIntact ? openai::BodyEnd::kIntact : openai::BodyEnd::kCut);
  if (!verdict.storable()) return give_up(verdict.reason);
  if (!recorder.keeping()) return give_up(NotStored::kBudget);
  const std::shared_ptr<const cache::Entry> entry = make_entry(recorder, verdict);
  if (commons_.purges.gone(*entry)) return give_up(NotStored::kPurged);
  // Whoever waits for another form of it gets that, even if it is not stored.
  flight_->kept = entry;
  if (terms_.ttl_ms == 0) return give_up(NotStored::kZeroTtl);
  store(entry);
  if (terms_.refresh != nullptr) terms_.refresh->succeed();
  land();
}

void Keeper::outgrown() {
  if (!settled_) give_up(NotStored::kTooLarge);
}

void Keeper::give_up(NotStored reason) {
  if (settled_) return;
  metrics_.count_not_stored(static_cast<size_t>(reason));
  if (leadership_ != nullptr) leadership_->close_door();
  land();
}

void Keeper::land() {
  settled_ = true;
  commons_.inflight.land(*flight_);
}

std::shared_ptr<const cache::Entry> Keeper::make_entry(recording::Recorder& recorder,
                                                       const openai::Verdict& verdict) {
  auto entry = std::make_shared<cache::Entry>();
  entry->key = flight_->key;
  entry->proof = flight_->proof;
  entry->asked_at_us = flight_->asked_at_us;
  entry->recorded_at_us = commons_.clock.wall_us();
  entry->duration_ms = recorder.elapsed_ms();
  entry->ttl_ms = terms_.ttl_ms;
  entry->route = terms_.asked.route;
  entry->form = verdict.form;
  entry->asked_form = terms_.asked.form;
  entry->name_space = flight_->name_space;
  entry->model_asked = terms_.details.model;
  entry->model_answered = verdict.model;
  entry->model_id = commons_.metrics.models().intern(verdict.model);
  entry->finish_reason = verdict.finish_reason;
  entry->usage = verdict.usage;
  entry->members = std::move(terms_.details.members);
  entry->answer = recorder.recording().finished();
  entry->replay_head = cache::make_replay_head(*entry);
  return entry;
}

void Keeper::store(const std::shared_ptr<const cache::Entry>& entry) {
  if (commons_.cassette != nullptr) {
    commons_.cassette->store(entry, std::move(terms_.details.canonical));
  }
  if (commons_.memcached != nullptr) commons_.memcached->store(entry);
  commons_.memory.store(entry);
}

}  // namespace reprise::proxy
