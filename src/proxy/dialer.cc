#include "proxy/dialer.h"

#include <utility>

#include "base/check.h"
#include "proxy/connect_request.h"

namespace reprise::proxy {

Dialer::Dialer(net::Loop& loop, const Settings& settings, net::TlsContext* tls)
    : loop_(loop),
      settings_(settings),
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
  net::TlsContext* const tls = upstream.tls ? tls_ : nullptr;
  const auto& proxy = settings_.upstream_proxy;
  if (proxy) {
    connector->start({proxy->host, proxy->port, tls, upstream.host},
                     std::make_unique<ConnectRequest>(upstream, *proxy, settings_.head_max));
  } else {
    connector->start({upstream.host, upstream.port, tls, upstream.host});
  }
  return connector;
}

std::string Dialer::way_to(const Upstream& upstream) const {
  const auto& proxy = settings_.upstream_proxy;
  return proxy ? upstream.authority + " by way of the proxy " + proxy->authority
               : upstream.authority;
}

}  // namespace reprise::proxy
