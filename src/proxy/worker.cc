#include "proxy/worker.h"

#include <utility>

#include "proxy/proxy_exchange.h"

namespace reprise::proxy {

Worker::Worker(const WorkerParts& parts)
    : commons_(parts.commons),
      server_tls_(parts.server_tls),
      tunnels_(loop_, commons_.settings->idle_timeout_ms),
      pursuits_(loop_, commons_, parts.metrics, calls_),
      calls_(loop_, commons_, parts.client_tls, parts.metrics),
      heartbeats_(loop_, commons_.settings->heartbeat_ms),
      context_{commons_,
               loop_,
               parts.metrics,
               calls_,
               tunnels_,
               pursuits_,
               commons_.settings->heartbeat_ms > 0 ? &heartbeats_ : nullptr,
               {},
               {},
               {},
               {}},
      clients_(loop_, parts.limits, parts.connections, &parts.metrics,
               [this](ClientConnection& connection) {
                 return std::make_unique<ProxyExchange>(connection, context_);
               }) {
  go_by(*parts.commons.settings);
}

// A copy of its own: every request takes hold of it, and none should share a cache line with
// another worker's.
void Worker::go_by(const Settings& settings) {
  commons_.settings = std::make_shared<const Settings>(settings);
}

Worker::~Worker() { stop(); }

base::Result<void> Worker::listen(const net::ListenSocket& socket) {
  auto listener = std::make_unique<net::Listener>(
      loop_, [this](std::unique_ptr<net::TcpStream> stream) { accept(std::move(stream)); });
  if (auto started = listener->start(socket); !started) return started;
  listeners_.push_back(std::move(listener));
  return {};
}

void Worker::run() {
  thread_ = std::thread([this] { loop_.run(); });
}

void Worker::accept(std::unique_ptr<net::TcpStream> stream) {
  if (server_tls_ == nullptr) return clients_.adopt(std::move(stream));
  clients_.adopt(net::TlsStream::accept(std::move(stream), *server_tls_));
}

void Worker::reconfigure(WorkerUpdate update) {
  const bool posted = loop_.post([this, update = std::move(update)] {
    go_by(*update.settings);
    server_tls_ = update.server_tls;
    tunnels_.set_idle_timeout_ms(update.settings->idle_timeout_ms);
    calls_.reconfigure(update.client_tls);
    clients_.reconfigure(update.limits);
  });
  CHECK(posted || !thread_.joinable());
}

void Worker::drain(std::function<void()> on_drained) {
  const bool posted = loop_.post([this, callback = std::move(on_drained)]() mutable {
    on_drained_ = std::move(callback);
    listeners_.clear();
    // A client may still become a tunnel; calls without a client (a recording to be finished) come
    // after those with one.
    clients_.drain([this] { tunnels_.drain([this] { calls_.drain([this] { drained(); }); }); });
  });
  CHECK(posted || !thread_.joinable());
}

void Worker::drained() {
  if (on_drained_) std::exchange(on_drained_, nullptr)();
}

void Worker::cut_clients(std::latch& cut) {
  const bool posted = loop_.post([this, &cut] {
    listeners_.clear();
    clients_.cut();
    cut.count_down();
  });
  CHECK(posted);
}

void Worker::stop() {
  if (!thread_.joinable()) return;
  const bool posted = loop_.post([this] {
    listeners_.clear();
    clients_.cut();
    tunnels_.cut();
    pursuits_.cut();
    calls_.cut();
    loop_.settle();  // the calls' keepers hand over what is left to do
    pursuits_.cut();
    loop_.settle();
    loop_.stop();
  });
  CHECK(posted);
  thread_.join();
}

}  // namespace reprise::proxy
