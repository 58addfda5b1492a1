#include "app/control.h"

#include <utility>

#include "app/settings_of.h"
#include "proxy/admin_exchange.h"

namespace reprise::app {

namespace {
// People and scrapers; nobody needs more.
constexpr size_t kAdminConnectionsMax = 256;
}  // namespace

Control::Control(net::Loop& loop, const Options& options, proxy::Commons& commons,
                 const std::atomic<proxy::Readiness>& readiness)
    : loop_(loop),
      options_(options),
      commons_(commons),
      readiness_(readiness),
      started_us_(commons.clock.monotonic_us()),
      explainer_(commons) {
  connections_.max = kAdminConnectionsMax;
}

Control::~Control() { close(); }

base::Result<void> Control::listen(const std::vector<net::ListenSocket>& sockets) {
  proxy::AdminSettings settings;
  for (const net::ListenSocket& socket : sockets) settings.addresses.push_back(socket.address);
  settings.token = options_.admin_token;
  settings.name_space = options_.name_space;
  std::vector<proxy::AdminParts::NamedTier> tiers{{"memory", commons_.memory}};
  if (commons_.cassette != nullptr) tiers.push_back({"cassette", *commons_.cassette});
  if (commons_.memcached != nullptr) tiers.push_back({"memcached", *commons_.memcached});
  admin_ = std::make_unique<proxy::Admin>(
      settings,
      proxy::AdminParts{
          .tiers = std::move(tiers),
          .cassette = commons_.cassette,
          .memcached = commons_.memcached,
          .purges = commons_.purges,
          .clock = commons_.clock,
          .readiness = readiness_,
          .read = [this] { return read(); },
          .explain =
              [this](const http::RequestHead& head, std::string_view body,
                     const cache::Entry* other) { return explainer_.explain(head, body, other); },
      });
  clients_ = std::make_unique<proxy::ConnectionGroup>(
      loop_, client_limits_of(options_), connections_, nullptr,
      [this](proxy::ClientConnection& connection) {
        return std::make_unique<proxy::AdminExchange>(connection, *admin_, options_.max_body_bytes);
      });
  for (const net::ListenSocket& socket : sockets) {
    auto listener = std::make_unique<net::Listener>(
        loop_,
        [this](std::unique_ptr<net::TcpStream> stream) { clients_->adopt(std::move(stream)); });
    if (auto started = listener->start(socket); !started) return started;
    listeners_.push_back(std::move(listener));
  }
  return {};
}

void Control::close() {
  listeners_.clear();
  if (clients_ != nullptr) clients_->cut();
}

proxy::Readings Control::read() const {
  proxy::Readings readings;
  readings.uptime_us = commons_.clock.monotonic_us() - started_us_;
  readings.totals = commons_.metrics.total();
  readings.models = commons_.metrics.models().names();
  readings.memory = {commons_.memory.entries(), commons_.memory.bytes(),
                     commons_.memory.bytes_max(), commons_.memory.evictions()};
  if (commons_.cassette != nullptr) readings.cassette = commons_.cassette->read();
  if (commons_.memcached != nullptr) readings.memcached = commons_.memcached->read();
  readings.recordings = {commons_.inflight.size(), commons_.budget.held()};
  return readings;
}

}  // namespace reprise::app
