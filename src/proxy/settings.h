#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/freshness.h"
#include "openai/aliases.h"
#include "openai/pace.h"
#include "openai/prices.h"
#include "openai/request.h"
#include "proxy/upstream.h"
#include "recording/recording.h"

namespace reprise::proxy {

// UpstreamProxy: the HTTP proxy by way of which upstreams are reached.
struct UpstreamProxy {
  std::string host;  // without brackets
  uint16_t port = 0;
  std::string address;        // both, for people
  std::string authorization;  // what Proxy-Authorization says; empty: nothing. A secret
};

enum class Mode : uint8_t { kCache, kOff, kOffline };

// Settings: what the proxy takes from the configuration. Times in milliseconds, sizes in bytes.
// Immutable while workers run.
struct Settings {
  UpstreamList upstreams;
  std::optional<UpstreamProxy> upstream_proxy;
  std::string upstream_ca;
  openai::Scope scope = openai::Scope::kKey;
  Mode mode = Mode::kCache;
  std::string name_space;
  std::vector<std::string> ignore;
  openai::Aliases aliases;
  int64_t ttl_ms = 0;
  cache::Lenience lenience;
  openai::Pace pace;
  uint64_t heartbeat_ms = 0;  // 0: none
  bool coalesce = true;
  bool retry_reused = true;
  recording::OnAbandon on_abort = recording::OnAbandon::kCancel;
  size_t object_max = 0;
  size_t body_max = 0;
  size_t head_max = 0;
  uint64_t connect_timeout_ms = 0;
  uint64_t first_byte_timeout_ms = 0;
  uint64_t idle_timeout_ms = 0;
  std::shared_ptr<const openai::Prices> prices;  // null: none are known
};

}  // namespace reprise::proxy
