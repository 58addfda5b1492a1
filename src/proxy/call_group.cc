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
      empty_wakeup_(
          loop, [](void* self) noexcept { static_cast<CallGroup*>(self)->report_empty(); }, this) {}

CallGroup::~CallGroup() {
  cut();
  loop_.cancel(empty_wakeup_);
}

UpstreamCall* CallGroup::start(std::unique_ptr<UpstreamCall> call, UpstreamCall::Caller* caller) {
  UpstreamCall* started = call.release();
  calls_.push_back(*started);
  started->start(caller);
  return started;
}

void CallGroup::remove(UpstreamCall& call) {
  call.unlink();
  loop_.retire(std::unique_ptr<UpstreamCall>(&call));
  if (calls_.empty() && on_empty_ && !empty_wakeup_.linked()) loop_.wake(empty_wakeup_);
}

void CallGroup::drain(std::function<void()> on_empty) {
  on_empty_ = std::move(on_empty);
  pool_.close_idle();
  if (calls_.empty() && !empty_wakeup_.linked()) loop_.wake(empty_wakeup_);
}

void CallGroup::cut() {
  while (!calls_.empty()) {
    calls_.front().cancel({recording::Failure::kAbandoned, "reprise is shutting down"});
  }
  pool_.close_idle();
}

void CallGroup::report_empty() {
  if (calls_.empty() && on_empty_) std::exchange(on_empty_, nullptr)();
}

}  // namespace reprise::proxy
