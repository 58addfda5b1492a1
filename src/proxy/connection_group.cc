#include "proxy/connection_group.h"

#include <utility>

namespace reprise::proxy {

ConnectionGroup::ConnectionGroup(net::Loop& loop, const ClientLimits& limits,
                                 ConnectionCount& count, base::WorkerMetrics* metrics,
                                 ExchangeFactory make_exchange)
    : header_timeouts(loop, limits.header_timeout_ms),
      body_timeouts(loop, limits.body_timeout_ms),
      send_timeouts(loop, limits.send_timeout_ms),
      keepalive_timeouts(loop, limits.keepalive_timeout_ms),
      linger_timeouts(loop, kLingerMs),
      loop_(loop),
      limits_(limits),
      count_(count),
      metrics_(metrics),
      make_exchange_(std::move(make_exchange)),
      open_(loop) {}

void ConnectionGroup::reconfigure(const ClientLimits& limits) {
  limits_ = limits;
  header_timeouts.set_duration_ms(limits.header_timeout_ms);
  body_timeouts.set_duration_ms(limits.body_timeout_ms);
  send_timeouts.set_duration_ms(limits.send_timeout_ms);
  keepalive_timeouts.set_duration_ms(limits.keepalive_timeout_ms);
}

ConnectionGroup::~ConnectionGroup() { cut(); }

bool ConnectionGroup::overloaded() const {
  return count_.open.load(std::memory_order_relaxed) > count_.max;
}

void ConnectionGroup::adopt(std::unique_ptr<net::Stream> stream) {
  const size_t open = count_.open.fetch_add(1, std::memory_order_relaxed) + 1;
  if (draining_ || open > count_.max + kTurnedAwayMax) {
    count_.open.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto connection = std::make_unique<ClientConnection>(*this, std::move(stream));
  connections_.push_back(*connection);
  open_.enter();
  if (metrics_ != nullptr) metrics_->connection_opened();
  connection.release()->start();
}

void ConnectionGroup::remove(ClientConnection& connection) {
  connection.unlink();
  if (metrics_ != nullptr) metrics_->connection_closed();
  count_.open.fetch_sub(1, std::memory_order_relaxed);
  loop_.retire(std::unique_ptr<ClientConnection>(&connection));
  open_.leave();
}

void ConnectionGroup::drain(std::function<void()> on_empty) {
  draining_ = true;
  base::IntrusiveList<ClientConnection> all;
  all.splice_back(connections_);
  while (ClientConnection* connection = all.pop_front()) {
    connections_.push_back(*connection);
    connection->drain();
  }
  open_.when_empty(std::move(on_empty));
}

void ConnectionGroup::cut() {
  while (!connections_.empty()) connections_.front().close();
}

}  // namespace reprise::proxy
