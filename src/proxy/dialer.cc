#include "proxy/dialer.h"

#include <utility>

#include "base/check.h"

namespace reprise::proxy {

Dialer::Dialer(net::Loop& loop, const Settings& settings, net::TlsContext* tls)
    : loop_(loop),
      tls_(tls),
      resolver_(loop),
      connect_timeouts_(loop, settings.connect_timeout_ms),
      head_starts_(loop, kHeadStartMs) {}

std::unique_ptr<net::Connector> Dialer::connect(const Upstream& upstream,
                                                net::Connector::Callback callback) {
  CHECK(!upstream.tls || tls_ != nullptr);
  const net::Connector::Timeouts timeouts{connect_timeouts_, head_starts_};
  auto connector =
      std::make_unique<net::Connector>(loop_, resolver_, timeouts, std::move(callback));
  connector->start({upstream.host, upstream.port, upstream.tls ? tls_ : nullptr});
  return connector;
}

}  // namespace reprise::proxy
