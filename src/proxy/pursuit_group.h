#pragma once

#include <memory>

#include "cache/memcached_tier.h"
#include "net/loop.h"
#include "net/timeout_queue.h"
#include "openai/answer_json.h"
#include "proxy/call_group.h"
#include "proxy/commons.h"
#include "proxy/leadership.h"
#include "proxy/pursuit.h"

namespace reprise::proxy {

// PursuitGroup: the pursuits of one loop, and their waits.
// Owner: a worker. Thread: its loop's.
class PursuitGroup {
 public:
  // How often a follower looks for more, and a leader for followers.
  static constexpr uint64_t kFollowPeriodMs = 50;
  static constexpr uint64_t kLeadPeriodMs = 100;
  // How long a follower, or a leader at its end, waits for a server that says nothing.
  static constexpr uint64_t kContactMs = 10'000;

  // All of them outlive the group, `calls` apart, which is only used while it lives.
  // Of `commons.cassette` and `commons.memcached` one may be null; if both are, nothing can be
  // started.
  PursuitGroup(net::Loop& loop, Commons& commons, base::WorkerMetrics& metrics, CallGroup& calls);
  ~PursuitGroup();
  PursuitGroup(const PursuitGroup&) = delete;
  PursuitGroup& operator=(const PursuitGroup&) = delete;

  // The pursuit lives until the flight's recording has ended or a call has taken it over.
  void start(Pursuit::Terms terms);
  void remove(Pursuit& pursuit);
  // Until it is done.
  void adopt(std::unique_ptr<Leadership> leadership);
  void remove(Leadership& leadership);
  void cut();

  // Submits what all of this turn want to read at its end, as one.
  void read(const std::shared_ptr<cache::SharedRead>& job);

  net::Loop& loop() { return loop_; }
  Commons& commons() { return commons_; }
  cache::MemcachedTier& tier() { return *commons_.memcached; }
  base::WorkerMetrics& metrics() { return metrics_; }
  CallGroup& calls() { return calls_; }
  openai::AnswerJson& answers() { return answers_; }

  net::TimeoutQueue lookup_timeouts;
  net::TimeoutQueue file_timeouts;
  net::TimeoutQueue follow_periods;
  net::TimeoutQueue lead_periods;
  net::TimeoutQueue contact_timeouts;

 private:
  net::Loop& loop_;
  Commons& commons_;
  base::WorkerMetrics& metrics_;
  CallGroup& calls_;
  openai::AnswerJson answers_;
  base::Wakeup tell_lanes_;
  base::IntrusiveList<Pursuit> pursuits_;
  base::IntrusiveList<Leadership> finishing_;
};

}  // namespace reprise::proxy
