#pragma once

#include <functional>
#include <memory>

#include "base/intrusive_list.h"
#include "net/connector.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/timeout_queue.h"
#include "proxy/settings.h"

namespace reprise::proxy {

// UpstreamPool: one worker's way to the endpoint: connections kept for the next request, and what
// it takes to make new ones. Owner: a worker. Thread: its loop's.
class UpstreamPool {
 public:
  UpstreamPool(net::Loop& loop, const Settings& settings, net::TlsContext* tls);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // The connection that was used last and is not known to be dead; null if none is kept.
  std::unique_ptr<net::Stream> take_idle();
  // Keeps a connection on which nothing is under way.
  void keep(std::unique_ptr<net::Stream> stream);
  // A new connection. The caller starts the connector and gives up by retiring it.
  std::unique_ptr<net::Connector> connect(net::Connector::Callback callback);
  net::Destination destination() const;
  void close_idle();

  static constexpr size_t kIdleMax = 256;
  static constexpr uint64_t kIdleMs = 60'000;
  static constexpr uint64_t kHeadStartMs = 250;

 private:
  class Idle;
  void drop(Idle& idle);

  net::Loop& loop_;
  const Settings& settings_;
  net::TlsContext* const tls_;
  net::Resolver resolver_;
  net::TimeoutQueue connect_timeouts_;
  net::TimeoutQueue head_starts_;
  net::TimeoutQueue idle_timeouts_;
  base::IntrusiveList<Idle> idle_;  // the last used one comes last
  size_t idle_count_ = 0;
};

}  // namespace reprise::proxy
