#include "app/settings_of.h"

#include <memory>

namespace reprise::app {

namespace {

proxy::Mode mode_of(Mode mode) {
  switch (mode) {
    case Mode::kCache:
      return proxy::Mode::kCache;
    case Mode::kOff:
      return proxy::Mode::kOff;
    case Mode::kOffline:
      return proxy::Mode::kOffline;
  }
  return proxy::Mode::kCache;
}

std::shared_ptr<const proxy::Upstream> upstream_of(const UpstreamAddress& address) {
  return std::make_shared<const proxy::Upstream>(
      proxy::Upstream{.name = address.name,
                      .host = address.host,
                      .port = address.port,
                      .tls = address.scheme == UpstreamAddress::Scheme::kHttps,
                      .address = HostPort{address.host, address.port}.text(),
                      .authority = address.authority,
                      .path_prefix = address.path_prefix,
                      .url = address.url});
}

}  // namespace

proxy::Settings settings_of(const Options& options) {
  proxy::Settings settings;
  for (const UpstreamAddress& address : options.upstreams) {
    settings.upstreams.push_back(upstream_of(address));
  }
  if (const auto& proxy = options.upstream_proxy) {
    settings.upstream_proxy = {.host = proxy->server.host,
                               .port = proxy->server.port,
                               .address = proxy->server.text(),
                               .authorization = proxy->authorization};
  }
  settings.scope = options.scope == Scope::kGlobal ? openai::Scope::kGlobal : openai::Scope::kKey;
  settings.mode = mode_of(options.mode);
  if (options.mode == Mode::kOffline) settings.lenience.contact = cache::Contact::kNever;
  settings.name_space = options.name_space;
  settings.ignore = options.ignore;
  for (const openai::Alias alias : options.aliases) settings.aliases.add(alias);
  settings.ttl_ms = options.ttl_ms;
  settings.lenience.stale_ms = options.stale_ms;
  settings.pace = options.pace;
  settings.heartbeat_ms = static_cast<uint64_t>(options.heartbeat_ms);
  settings.coalesce = options.coalesce;
  settings.retry_reused = options.retry_reused;
  settings.on_abort = options.on_abort == OnAbort::kFinish ? recording::OnAbandon::kFinish
                                                           : recording::OnAbandon::kCancel;
  settings.object_max = options.max_object_bytes;
  settings.body_max = options.max_body_bytes;
  settings.head_max = options.max_head_bytes;
  settings.connect_timeout_ms = static_cast<uint64_t>(options.connect_timeout_ms);
  settings.first_byte_timeout_ms = static_cast<uint64_t>(options.first_byte_timeout_ms);
  settings.idle_timeout_ms = static_cast<uint64_t>(options.idle_timeout_ms);
  settings.prices = options.prices;
  return settings;
}

proxy::ClientLimits client_limits_of(const Options& options) {
  proxy::ClientLimits limits;
  limits.head.head_bytes_max = options.max_head_bytes;
  limits.head.uri_bytes_max = options.max_uri_bytes;
  limits.header_timeout_ms = static_cast<uint64_t>(options.header_timeout_ms);
  limits.body_timeout_ms = static_cast<uint64_t>(options.body_timeout_ms);
  limits.send_timeout_ms = static_cast<uint64_t>(options.send_timeout_ms);
  limits.keepalive_timeout_ms = static_cast<uint64_t>(options.keepalive_timeout_ms);
  return limits;
}

cache::MemcachedTerms memcached_terms_of(const Options& options, std::string secret) {
  // Requests may accept what is older than --stale allows.
  constexpr int64_t kKeepMinMs = 24 * 3'600'000;
  cache::MemcachedTerms terms;
  for (const HostPort& server : options.memcached)
    terms.servers.push_back({server.host, server.port});
  terms.timeout_ms = options.memcached_timeout_ms;
  terms.secret = std::move(secret);
  terms.name_space = options.name_space;
  terms.keep_ms = std::max(options.stale_ms, kKeepMinMs);
  terms.object_bytes_max = options.max_object_bytes;
  return terms;
}

cache::CassetteTerms cassette_terms_of(const Options& options) {
  return {.directory = options.cassette_directory, .object_bytes_max = options.max_object_bytes};
}

}  // namespace reprise::app
