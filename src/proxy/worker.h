#pragma once

#include <functional>
#include <latch>
#include <memory>
#include <thread>
#include <vector>

#include "base/result.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/tls_context.h"
#include "proxy/call_group.h"
#include "proxy/commons.h"
#include "proxy/connection_group.h"
#include "proxy/pursuit_group.h"
#include "proxy/tunnel.h"
#include "proxy/worker_context.h"

namespace reprise::proxy {

// WorkerParts: what a worker is made with. What it refers to outlives the worker, `commons` itself
// apart, which is copied.
struct WorkerParts {
  const Commons& commons;
  base::WorkerMetrics& metrics;
  const ClientLimits& limits;
  ConnectionCount& connections;
  std::shared_ptr<net::TlsContext> server_tls{};  // null: plain
  std::shared_ptr<net::TlsContext> client_tls{};  // null: plain upstreams only
};

// WorkerUpdate: what a running worker is told to go by from now on.
struct WorkerUpdate {
  std::shared_ptr<const Settings> settings;
  ClientLimits limits;
  std::shared_ptr<net::TlsContext> server_tls{};  // as in WorkerParts
  std::shared_ptr<net::TlsContext> client_tls{};
};

// Worker: one thread, its loop, its listeners, its clients' and its upstream connections.
// Owner: Server. Thread: made and destroyed on the server's; in between everything happens on its
// own.
class Worker {
 public:
  explicit Worker(const WorkerParts& parts);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before run(): takes the socket over.
  base::Result<void> listen(const net::ListenSocket& socket);
  // Starts the thread.
  void run();
  // Requests that come from now on, and waits that begin, go by the update. From the server's
  // thread.
  void reconfigure(WorkerUpdate update);
  // Stops accepting, lets what is under way finish, then calls back on the worker's thread. From
  // the server's thread.
  void drain(std::function<void()> on_drained);
  // Takes no more clients and cuts those that are there, then counts down. Before any worker stops:
  // whoever shares another's request would ask for himself when that is cut.
  void cut_clients(std::latch& cut);
  // Cuts what is still under way, and ends the thread.
  void stop();

 private:
  void accept(std::unique_ptr<net::TcpStream> stream);
  void go_by(const Settings& settings);
  void drained();

  Commons commons_;
  std::shared_ptr<net::TlsContext> server_tls_;  // null: plain
  net::Loop loop_;
  TunnelGroup tunnels_;
  PursuitGroup pursuits_;  // outlives the calls, whose keepers hand it what is left to do
  CallGroup calls_;
  net::TimeoutQueue heartbeats_;
  WorkerContext context_;
  ConnectionGroup clients_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::function<void()> on_drained_;
  std::thread thread_;
};

}  // namespace reprise::proxy
