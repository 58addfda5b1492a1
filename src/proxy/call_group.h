#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "net/loop.h"
#include "net/timeout_queue.h"
#include "proxy/commons.h"
#include "proxy/dialer.h"
#include "proxy/last_one_out.h"
#include "proxy/settings.h"
#include "proxy/upstream_call.h"
#include "proxy/upstream_pool.h"

namespace reprise::proxy {

// CallGroup: the upstream calls of one loop, their connections and their waits.
// Owner: a worker. Thread: its loop's.
class CallGroup {
 public:
  // All of them outlive the group.
  CallGroup(net::Loop& loop, const Commons& commons, std::shared_ptr<net::TlsContext> tls,
            base::WorkerMetrics& metrics);
  ~CallGroup();
  CallGroup(const CallGroup&) = delete;
  CallGroup& operator=(const CallGroup&) = delete;

  // Starts a call and owns it; valid until `caller` hears of its end. Without a caller it is not to
  // be touched again.
  UpstreamCall* start(std::unique_ptr<UpstreamCall> call, UpstreamCall::Caller* caller);
  void remove(UpstreamCall& call);
  // Calls back once when no call is left; never from inside.
  void drain(std::function<void()> on_empty);
  void cut();

  net::Loop& loop() { return loop_; }
  const Settings& settings() const { return *commons_.settings; }
  // Other settings are in force from now on.
  void reconfigure(std::shared_ptr<net::TlsContext> tls);
  Dialer& dialer() { return dialer_; }
  // The connections to this endpoint, whatever its name; lives as long as the group.
  UpstreamPool& pool_of(const std::shared_ptr<const Upstream>& upstream);
  base::WorkerMetrics& metrics() { return metrics_; }

  net::TimeoutQueue first_byte_timeouts;
  net::TimeoutQueue idle_timeouts;

 private:
  void close_idle();

  net::Loop& loop_;
  const Commons& commons_;
  base::WorkerMetrics& metrics_;
  Dialer dialer_;
  net::TimeoutQueue keep_timeouts_;
  std::vector<std::unique_ptr<UpstreamPool>> pools_;  // made as they are asked for
  base::IntrusiveList<UpstreamCall> calls_;
  LastOneOut open_;
};

}  // namespace reprise::proxy
