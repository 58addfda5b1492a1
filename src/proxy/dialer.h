#pragma once

#include <memory>
#include <string>

#include "net/connector.h"
#include "net/loop.h"
#include "net/timeout_queue.h"
#include "net/tls_context.h"
#include "proxy/commons.h"
#include "proxy/settings.h"

namespace reprise::proxy {

// Dialer: what it takes to reach endpoints, the same for all of them.
// Owner: a CallGroup. Thread: its loop's.
class Dialer {
 public:
  // The others outlive the dialer. `tls` may be null where no upstream speaks it.
  Dialer(net::Loop& loop, const Commons& commons, std::shared_ptr<net::TlsContext> tls);
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;

  // Other settings are in force from now on. Null: none of their upstreams speaks TLS.
  void reconfigure(std::shared_ptr<net::TlsContext> tls);

  // A new connection, begun, by way of the proxy if there is one. The caller gives up by retiring
  // the connector.
  std::unique_ptr<net::Connector> connect(const Upstream& upstream,
                                          net::Connector::Callback callback);

  // Whom a connection that failed did not reach, and on which way; for people.
  std::string way_to(const Upstream& upstream) const;

  static constexpr uint64_t kHeadStartMs = 250;

 private:
  net::Loop& loop_;
  const Commons& commons_;
  std::shared_ptr<net::TlsContext> tls_;
  net::Resolver resolver_;
  net::TimeoutQueue connect_timeouts_;
  net::TimeoutQueue head_starts_;
};

}  // namespace reprise::proxy
