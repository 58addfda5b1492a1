#include "proxy/pursuit_group.h"

#include <utility>

namespace reprise::proxy {

namespace {
uint64_t lookup_timeout_ms(const Commons& commons) {
  return commons.memcached == nullptr ? 1 : static_cast<uint64_t>(commons.memcached->timeout_ms());
}
}  // namespace

PursuitGroup::PursuitGroup(net::Loop& loop, Commons& commons, base::WorkerMetrics& metrics,
                           CallGroup& calls)
    : lookup_timeouts(loop, lookup_timeout_ms(commons)),
      file_timeouts(loop, cache::CassetteTier::kLookupMs),
      follow_periods(loop, kFollowPeriodMs),
      lead_periods(loop, kLeadPeriodMs),
      contact_timeouts(loop, kContactMs),
      loop_(loop),
      commons_(commons),
      metrics_(metrics),
      calls_(calls),
      tell_lanes_(
          loop, [](void* self) noexcept { static_cast<PursuitGroup*>(self)->tier().tell_lanes(); },
          this) {}

PursuitGroup::~PursuitGroup() {
  cut();
  loop_.cancel(tell_lanes_);
}

void PursuitGroup::read(const std::shared_ptr<cache::SharedRead>& job) {
  tier().submit_quietly(job);
  if (!tell_lanes_.linked()) loop_.at_turn_end(tell_lanes_);
}

void PursuitGroup::start(Pursuit::Terms terms) {
  auto* pursuit = new Pursuit(*this, std::move(terms));
  pursuits_.push_back(*pursuit);
  pursuit->start();
}

void PursuitGroup::remove(Pursuit& pursuit) {
  pursuit.unlink();
  loop_.retire(std::unique_ptr<Pursuit>(&pursuit));
}

void PursuitGroup::adopt(std::unique_ptr<Leadership> leadership) {
  finishing_.push_back(*leadership.release());
}

void PursuitGroup::remove(Leadership& leadership) {
  leadership.unlink();
  loop_.retire(std::unique_ptr<Leadership>(&leadership));
}

void PursuitGroup::cut() {
  while (!pursuits_.empty()) {
    pursuits_.front().give_up({recording::Failure::kAbandoned, "reprise is shutting down"});
  }
  while (!finishing_.empty()) finishing_.front().done();
}

}  // namespace reprise::proxy
