#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timeout_queue.h"
#include "proxy/upstream.h"

namespace reprise::proxy {

// UpstreamPool: connections to one endpoint that are kept for the next request.
// Owner: a CallGroup. Thread: its loop's.
class UpstreamPool {
 public:
  // Both outlive the pool; the timeouts say how long a connection is kept.
  UpstreamPool(net::Loop& loop, net::TimeoutQueue& timeouts,
               std::shared_ptr<const Upstream> upstream);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  bool serves(const Upstream& upstream) const { return same_origin(*upstream_, upstream); }
  // The connection that was used last and is not known to be dead; null if none is kept.
  std::unique_ptr<net::Stream> take_idle();
  // Keeps a connection on which nothing is under way.
  void keep(std::unique_ptr<net::Stream> stream);
  void close_idle();

  static constexpr size_t kIdleMax = 256;
  static constexpr uint64_t kIdleMs = 60'000;

 private:
  class Idle;
  void drop(Idle& idle);

  net::Loop& loop_;
  net::TimeoutQueue& timeouts_;
  const std::shared_ptr<const Upstream> upstream_;
  base::IntrusiveList<Idle> idle_;  // the last used one comes last
  size_t idle_count_ = 0;
};

}  // namespace reprise::proxy
