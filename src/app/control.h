#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "net/listener.h"
#include "net/loop.h"
#include "proxy/admin.h"
#include "proxy/connection_group.h"
#include "proxy/explainer.h"

namespace reprise::app {

// Control: the admin listener, on the main thread's loop, apart from the workers' so that neither
// waits for the other.
// Owner: Server. Thread: the main one.
class Control {
 public:
  // Everything outlives it. `sockets` are taken over by listen().
  Control(net::Loop& loop, const Options& options, proxy::Commons& commons,
          const std::atomic<proxy::Readiness>& readiness);
  ~Control();

  base::Result<void> listen(const std::vector<net::ListenSocket>& sockets);
  void close();

 private:
  proxy::Readings read() const;

  net::Loop& loop_;
  const Options& options_;
  proxy::Commons& commons_;
  const std::atomic<proxy::Readiness>& readiness_;
  const int64_t started_us_;
  proxy::Explainer explainer_;
  proxy::ConnectionCount connections_;
  std::unique_ptr<proxy::Admin> admin_;
  std::unique_ptr<proxy::ConnectionGroup> clients_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
};

}  // namespace reprise::app
