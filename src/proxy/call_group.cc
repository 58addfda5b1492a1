#include "proxy/call_group.h"

#include <utility>

#include "base/check.h"

namespace reprise::proxy {

CallGroup::CallGroup(net::Loop& loop, const Commons& commons, std::shared_ptr<net::TlsContext> tls,
                     base::WorkerMetrics& metrics)
    : first_byte_timeouts(loop, commons.settings->first_byte_timeout_ms),
      idle_timeouts(loop, commons.settings->idle_timeout_ms),
      loop_(loop),
      commons_(commons),
      metrics_(metrics),
      dialer_(loop, commons, std::move(tls)),
      keep_timeouts_(loop, UpstreamPool::kIdleMs),
      open_(loop) {}

CallGroup::~CallGroup() { cut(); }

void CallGroup::reconfigure(std::shared_ptr<net::TlsContext> tls) {
  first_byte_timeouts.set_duration_ms(settings().first_byte_timeout_ms);
  idle_timeouts.set_duration_ms(settings().idle_timeout_ms);
  dialer_.reconfigure(std::move(tls));
}

UpstreamCall* CallGroup::start(std::unique_ptr<UpstreamCall> call, UpstreamCall::Caller* caller) {
  UpstreamCall* started = call.release();
  calls_.push_back(*started);
  open_.enter();
  started->start(caller);
  return started;
}

UpstreamPool& CallGroup::pool_of(const std::shared_ptr<const Upstream>& upstream) {
  CHECK(upstream != nullptr);
  for (const auto& pool : pools_) {
    if (pool->serves(*upstream)) return *pool;
  }
  return *pools_.emplace_back(std::make_unique<UpstreamPool>(loop_, keep_timeouts_, upstream));
}

void CallGroup::close_idle() {
  for (const auto& pool : pools_) pool->close_idle();
}

void CallGroup::remove(UpstreamCall& call) {
  call.unlink();
  loop_.retire(std::unique_ptr<UpstreamCall>(&call));
  open_.leave();
}

void CallGroup::drain(std::function<void()> on_empty) {
  close_idle();
  open_.when_empty(std::move(on_empty));
}

void CallGroup::cut() {
  while (!calls_.empty()) {
    calls_.front().cancel({recording::Failure::kAbandoned, "reprise is shutting down"});
  }
  close_idle();
}

}  // namespace reprise::proxy
