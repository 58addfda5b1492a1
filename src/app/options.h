#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "openai/aliases.h"
#include "openai/pace.h"
#include "openai/prices.h"

namespace reprise::app {

inline constexpr int kExitFailure = 1;        // could not start, or was told twice to stop
inline constexpr int kExitConfiguration = 2;  // nothing was started

// ListenAddress: where to listen.
struct ListenAddress {
  enum class Kind : uint8_t { kTcp, kUnix };
  Kind kind = Kind::kTcp;
  std::string host;   // a name or an address, without brackets
  uint16_t port = 0;  // 0 picks one
  std::string path;   // of a kUnix one

  std::string text() const;  // as --listen reads it
  // True if only this machine can reach it.
  bool is_loopback() const;
  bool operator==(const ListenAddress&) const = default;
};

// HostPort: a server's address. `host` is without brackets.
struct HostPort {
  std::string host;
  uint16_t port = 0;

  std::string text() const;
  bool operator==(const HostPort&) const = default;
};

// ProxyAddress: an HTTP proxy on the way out, and what it is told about who asks.
struct ProxyAddress {
  HostPort server;
  std::string user_info;      // as given; a secret. Empty: none
  std::string authorization;  // what Proxy-Authorization says; a secret. Empty: nothing

  std::string text() const;  // as --upstream-proxy reads it
  bool operator==(const ProxyAddress&) const = default;
};

// UpstreamAddress: an endpoint.
struct UpstreamAddress {
  enum class Scheme : uint8_t { kHttp, kHttps };
  std::string name;  // empty: the one for what no name claims
  Scheme scheme = Scheme::kHttps;
  std::string host;  // lower case, without brackets
  uint16_t port = 443;
  std::string authority;    // what Host says: the port only if it is not the scheme's
  std::string path_prefix;  // "" or "/…": no slash at its end, no /v1 either
  std::string url;          // normalised: scheme, authority, prefix

  std::string text() const;  // as --upstream reads it
  bool operator==(const UpstreamAddress&) const = default;
};

enum class Scope : uint8_t { kKey, kGlobal };
enum class Mode : uint8_t { kCache, kOff, kOffline };
enum class OnAbort : uint8_t { kCancel, kFinish };

// Command: what this start is for.
enum class Command : uint8_t { kRun, kCheck, kVersion, kHelp };

// Options: the whole configuration, resolved. Times in milliseconds, sizes in bytes. A file's name
// is empty where there is none. Made by load_options or default_options: a bare Options{} is none.
struct Options {
  std::vector<ListenAddress> listen;
  std::optional<ListenAddress> admin;
  std::vector<UpstreamAddress> upstreams;  // one at least
  std::optional<ProxyAddress> upstream_proxy;
  uint32_t workers = 0;

  uint64_t memory_bytes_max = 0;  // 0: no memory tier
  std::vector<HostPort> memcached;
  int64_t memcached_timeout_ms = 0;
  std::string memcached_secret_file;
  std::string cassette_directory;
  int64_t ttl_ms = 0;
  int64_t stale_ms = 0;
  Scope scope = Scope::kKey;
  std::string name_space;
  Mode mode = Mode::kCache;
  bool coalesce = false;
  OnAbort on_abort = OnAbort::kCancel;
  openai::Pace pace;
  int64_t heartbeat_ms = 0;  // 0: none
  uint64_t max_object_bytes = 0;
  uint64_t max_recording_bytes = 0;
  uint64_t max_body_bytes = 0;
  std::vector<std::string> ignore;

  std::string upstream_ca_file;  // empty: the system's store
  std::string tls_cert_file;     // set together with the key, or not at all
  std::string tls_key_file;
  int64_t connect_timeout_ms = 0;
  int64_t first_byte_timeout_ms = 0;
  int64_t idle_timeout_ms = 0;
  int64_t header_timeout_ms = 0;
  int64_t body_timeout_ms = 0;
  int64_t send_timeout_ms = 0;
  int64_t keepalive_timeout_ms = 0;
  uint64_t max_head_bytes = 0;
  uint64_t max_uri_bytes = 0;
  bool retry_reused = false;
  bool takeover = false;
  uint32_t max_connections = 0;
  int64_t drain_ms = 0;

  base::log::Format log_format = base::log::Format::kText;
  base::log::Level log_level = base::log::Level::kInfo;
  bool access_log = false;
  std::string admin_token;  // empty: none
  std::vector<openai::Alias> aliases;
  std::string prices_file;
  std::shared_ptr<const openai::Prices> prices;  // what that file says; null: none

  Command command = Command::kRun;
  std::string config_file;
  // To be logged once the log is there.
  std::vector<std::string> warnings;
  // Where each value that is not the default's came from, by the option's name.
  std::map<std::string, std::string, std::less<>> origins;
};

// What nobody configured anything gets.
Options default_options();

// Everything from `arguments` (without the program's name) and `environment` ("NAME=value"): a flag
// beats the environment, which beats the file, which beats the default. With --help or --version
// nothing else is looked at. The error is one line that names the option, the value and what was
// expected; no secret.
base::Result<Options> load_options(const std::vector<std::string>& arguments,
                                   const std::vector<std::string>& environment);

// The options in which the two differ and which only a restart changes, by name.
std::vector<std::string_view> restart_needed(const Options& running, const Options& wanted);

// `running`, with those values of `wanted` that a running process can take.
Options with_live_values(const Options& running, const Options& wanted);

}  // namespace reprise::app
