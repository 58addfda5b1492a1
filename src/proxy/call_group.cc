#include "proxy/call_group.h"

#include <utility>

namespace reprise::proxy {

CallGroup::CallGroup(net::Loop& loop, const Settings& settings, net::TlsContext* tls,
                     base::WorkerMetrics& metrics)
    : first_byte_timeouts(loop, settings.first_byte_timeout_ms),
      idle_timeouts(loop, settings.idle_timeout_ms),
      loop_(loop),
      settings_(settings),
      metrics_(metrics),
      pool_(loop, settings, tls),
      open_(loop) {}

CallGroup::~CallGroup() { cut(); }

UpstreamCall* CallGroup::start(std::unique_ptr<UpstreamCall> call, UpstreamCall::Caller* caller) {
  UpstreamCall* started = call.release();
  calls_.push_back(*started);
  open_.enter();
  started->start(caller);
  return started;
}

void CallGroup::remove(UpstreamCall& call) {
  call.unlink();
  loop_.retire(std::unique_ptr<UpstreamCall>(&call));
  open_.leave();
}

void CallGroup::drain(std::function<void()> on_empty) {
  pool_.close_idle();
  open_.when_empty(std::move(on_empty));
}

void CallGroup::cut() {
  while (!calls_.empty()) {
    calls_.front().cancel({recording::Failure::kAbandoned, "reprise is shutting down"});
  }
  pool_.close_idle();
}

}  // namespace reprise::proxy
