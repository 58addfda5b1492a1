#include "proxy/dialer.h"

#include <utility>

#include "base/check.h"
#include "proxy/connect_request.h"

namespace reprise::proxy {

Dialer::Dialer(net::Loop& loop, const Commons& commons, std::shared_ptr<net::TlsContext> tls)
    : loop_(loop),
      commons_(commons),
      tls_(std::move(tls)),
      resolver_(loop),
      connect_timeouts_(loop, commons.settings->connect_timeout_ms),
      head_starts_(loop, kHeadStartMs) {}

void Dialer::reconfigure(std::shared_ptr<net::TlsContext> tls) {
  // Requests that are being put may still be on their way to an upstream that spoke it.
  if (tls != nullptr) tls_ = std::move(tls);
  connect_timeouts_.set_duration_ms(commons_.settings->connect_timeout_ms);
}

std::unique_ptr<net::Connector> Dialer::connect(const Upstream& upstream,
                                                net::Connector::Callback callback) {
  CHECK(!upstream.tls || tls_ != nullptr);
  const net::Connector::Timeouts timeouts{connect_timeouts_, head_starts_};
  auto connector =
      std::make_unique<net::Connector>(loop_, resolver_, timeouts, std::move(callback));
  const std::shared_ptr<net::TlsContext> tls = upstream.tls ? tls_ : nullptr;
  const auto& proxy = commons_.settings->upstream_proxy;
  if (proxy) {
    connector->start(
        {proxy->host, proxy->port, tls, upstream.host},
        std::make_unique<ConnectRequest>(upstream, *proxy, commons_.settings->head_max));
  } else {
    connector->start({upstream.host, upstream.port, tls, upstream.host});
  }
  return connector;
}

std::string Dialer::way_to(const Upstream& upstream) const {
  const auto& proxy = commons_.settings->upstream_proxy;
  return proxy ? upstream.authority + " by way of the proxy " + proxy->address : upstream.authority;
}

}  // namespace reprise::proxy
