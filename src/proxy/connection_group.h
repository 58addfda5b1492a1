#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "base/intrusive_list.h"
#include "base/metrics.h"
#include "http/head_rules.h"
#include "http/line_gate.h"
#include "net/loop.h"
#include "net/timeout_queue.h"
#include "proxy/client_connection.h"
#include "proxy/last_one_out.h"

namespace reprise::proxy {

// ClientLimits: the bounds on clients, in milliseconds and bytes.
struct ClientLimits {
  http::HeadLimits head;
  uint64_t header_timeout_ms = 0;
  uint64_t body_timeout_ms = 0;
  uint64_t send_timeout_ms = 0;
  uint64_t keepalive_timeout_ms = 0;
};

// ConnectionCount: the connections of a whole process. Owner: Server. Thread: any.
struct ConnectionCount {
  size_t max = 0;
  std::atomic<size_t> open{0};
};

// ConnectionGroup: the client connections of one loop, their limits and their waits.
// Owner: a worker. Thread: its loop's.
class ConnectionGroup {
 public:
  using ExchangeFactory = std::function<std::unique_ptr<Exchange>(ClientConnection&)>;

  // All of them outlive the group. `metrics` may be null.
  ConnectionGroup(net::Loop& loop, const ClientLimits& limits, ConnectionCount& count,
                  base::WorkerMetrics* metrics, ExchangeFactory make_exchange);
  ~ConnectionGroup();
  ConnectionGroup(const ConnectionGroup&) = delete;
  ConnectionGroup& operator=(const ConnectionGroup&) = delete;

  void adopt(std::unique_ptr<net::Stream> stream);
  // Idle connections close now, the others after their answer. `on_empty` is called once, when none
  // is left; never from inside this call.
  void drain(std::function<void()> on_empty);
  bool draining() const { return draining_; }
  // Other limits are in force from now on.
  void reconfigure(const ClientLimits& limits);
  // Closes all of them now.
  void cut();

  // For connections.
  net::Loop& loop() { return loop_; }
  const ClientLimits& limits() const { return limits_; }
  std::unique_ptr<Exchange> make_exchange(ClientConnection& c) { return make_exchange_(c); }
  bool overloaded() const;
  void remove(ClientConnection& connection);

  net::TimeoutQueue header_timeouts;
  net::TimeoutQueue body_timeouts;
  net::TimeoutQueue send_timeouts;
  net::TimeoutQueue keepalive_timeouts;
  net::TimeoutQueue linger_timeouts;

 private:
  // Connections over the limit that are still told so, rather than closed without a word.
  static constexpr size_t kTurnedAwayMax = 256;
  static constexpr uint64_t kLingerMs = 2000;

  net::Loop& loop_;
  ClientLimits limits_;
  ConnectionCount& count_;
  base::WorkerMetrics* const metrics_;
  ExchangeFactory make_exchange_;
  base::IntrusiveList<ClientConnection> connections_;
  LastOneOut open_;
  bool draining_ = false;
};

}  // namespace reprise::proxy
