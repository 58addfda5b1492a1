#pragma once

#include <functional>
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

// WorkerParts: what a worker is made with. Everything outlives it.
struct WorkerParts {
  Commons& commons;
  base::WorkerMetrics& metrics;
  const ClientLimits& limits;
  ConnectionCount& connections;
  net::TlsContext* server_tls = nullptr;  // null: plain
  net::TlsContext* client_tls = nullptr;  // null: a plain upstream
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
  // Stops accepting, lets what is under way finish, then calls back on the worker's thread. From
  // the server's thread.
  void drain(std::function<void()> on_drained);
  // Cuts what is still under way, and ends the thread.
  void stop();

 private:
  void accept(std::unique_ptr<net::TcpStream> stream);
  void drained();

  WorkerParts parts_;
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
