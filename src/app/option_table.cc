#include "app/option_table.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "app/option_binding.h"
#include "app/option_cores.h"
#include "app/option_proxy.h"

namespace reprise::app {

using namespace std::string_view_literals;

namespace {

constexpr uint64_t kWorkersMax = 1024;
constexpr uint64_t kConnectionsMax = 1'000'000;
constexpr size_t kIgnoreBytesMax = 128;

constexpr std::array kScopes = {"key"sv, "global"sv};
constexpr std::array kModes = {"cache"sv, "off"sv, "offline"sv};
constexpr std::array kOnAborts = {"cancel"sv, "finish"sv};
constexpr std::array kLogFormats = {"text"sv, "json"sv};
constexpr std::array kLogLevels = {"debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array kAliases = {"helicone"sv, "cloudflare"sv, "portkey"sv, "openrouter"sv};

base::Result<uint32_t> parse_workers(std::string_view text) {
  if (text == "auto") {
    return static_cast<uint32_t>(std::min<uint64_t>(available_cores(), kWorkersMax));
  }
  const auto number = parse_count(text, 1, kWorkersMax);
  if (!number)
    return tl::unexpected(base::Error{number.error().kind, number.error().detail + ", or auto"});
  return static_cast<uint32_t>(*number);
}

base::Result<uint32_t> parse_connections(std::string_view text) {
  return parse_count(text, 1, kConnectionsMax).map([](uint64_t number) {
    return static_cast<uint32_t>(number);
  });
}

base::Result<std::string> parse_ignored(std::string_view text) {
  if (text.empty() || text.size() > kIgnoreBytesMax) {
    return binding::expected("the name of a request field, 1 to 128 bytes");
  }
  return std::string(text);
}

using enum Repeat;
using enum Built;
using enum Reload;
using namespace binding;
using O = Options;

constexpr Binding kAdmin = {
    Kind::kText, clear<&O::admin>, read<&O::admin, parse_listen_address>,
    [](const Options& options) { return options.admin ? Texts{options.admin->text()} : Texts{}; }};
constexpr Binding kUpstreamProxy = {
    Kind::kSecretUrl, clear<&O::upstream_proxy>, read<&O::upstream_proxy, parse_upstream_proxy>,
    [](const Options& options) {
      return options.upstream_proxy ? Texts{options.upstream_proxy->text()} : Texts{};
    }};

// name, placeholder, default, word for none, repeat, built, reload, binding, help
constexpr OptionSpec kAddresses[] = {
    {"listen", "ADDRESS", "127.0.0.1:7070", nullptr, kRepeat, kAll, kRestart,
     addresses<&O::listen, parse_listen_address>(),
     "where applications connect: HOST:PORT, [v6]:PORT or unix:PATH; port 0 picks one"},
    {"admin", "ADDRESS", "127.0.0.1:7071", "off", kOnce, kAll, kRestart, kAdmin,
     "health, metrics and purge; off disables them. Beyond loopback it takes "
     "--admin-token"},
    {"admin-token", "TOKEN", "none", "none", kOnce, kAll, kRestart,
     text<&O::admin_token, parse_admin_token>(Kind::kSecret),
     "what admin requests must carry, in Authorization: Bearer or X-Reprise-Admin-Token; better "
     "given by the environment or a file than by a flag, which others can see"},
    {"upstream", "[NAME=]URL", "https://api.openai.com", nullptr, kRepeat, kAll, kLive,
     addresses<&O::upstreams, parse_upstream>(),
     "the endpoint; a path is put before each request's path, and /v1 at its end means the same "
     "as none. A named one is reached under /NAME/, all else goes to the one without a name"},
    {"upstream-proxy", "URL", "off", "off", kOnce, kAll, kRestart, kUpstreamProxy,
     "an HTTP proxy for the way out, by CONNECT: http://[USER:PASSWORD@]HOST:PORT"},
    {"takeover", "on|off", "off", nullptr, kOnce, kDefaultOnly, kRestart, on_off<&O::takeover>(),
     "share the addresses with a running reprise, which is then asked to end"},
};

constexpr OptionSpec kCaching[] = {
    {"mode", "MODE", "cache", nullptr, kOnce, kAll, kRestart, choice<&O::mode, kModes>(),
     "what to be: a cache; off: only a proxy; offline: one that never contacts the endpoint"},
    {"ttl", "DURATION", "24h", nullptr, kOnce, kAll, kLive, duration<&O::ttl_ms, 0>(),
     "how long an answer stays fresh; 0s stores nothing"},
    {"stale", "DURATION", "0s", nullptr, kOnce, kAll, kLive, duration<&O::stale_ms, 0>(),
     "how much longer it may be served when the endpoint fails or while it is refreshed"},
    {"scope", "SCOPE", "key", nullptr, kOnce, kAll, kRestart, choice<&O::scope, kScopes>(),
     "who shares answers: callers with the same key (their credentials), or everyone: global. With "
     "--cassette the default is global"},
    {"namespace", "NAME", "", "", kOnce, kAll, kRestart, text<&O::name_space, parse_namespace>(),
     "a prefix that separates caches which share a Memcached: up to 128 of A-Za-z0-9._:-"},
    {"ignore",
     "FIELD",
     "",
     "",
     kList,
     kAll,
     kLive,
     {Kind::kText, clear<&O::ignore>, read<&O::ignore, parse_ignored>,
      [](const Options& options) { return options.ignore; }},
     "top-level request fields that make no difference, beyond those that identify the caller"},
    {"coalesce", "on|off", "on", nullptr, kOnce, kAll, kRestart, on_off<&O::coalesce>(),
     "identical questions in flight share one upstream request"},
    {"on-abort", "ACTION", "cancel", nullptr, kOnce, kAll, kRestart,
     choice<&O::on_abort, kOnAborts>(),
     "when the last client leaves an unfinished answer: cancel the upstream request, or finish "
     "recording it"},
    {"pace",
     "PACE",
     "instant",
     nullptr,
     kOnce,
     kAll,
     kRestart,
     {Kind::kText, clear<&O::pace>, read<&O::pace, openai::parse_pace>,
      [](const Options& options) { return Texts{openai::format_pace(options.pace)}; }},
     "how a recorded stream is replayed: instant, recorded (its own timing) or N/s events per "
     "second"},
    {"heartbeat", "DURATION", "off", "off", kOnce, kAll, kRestart,
     optional_duration<&O::heartbeat_ms, 1>(),
     "after this much silence inside an event stream, send a comment to keep it open"},
    {"aliases", "NAME", "none", "none", kList, kAll, kRestart, choices<&O::aliases, kAliases>(),
     "also understand and answer the cache headers of helicone, cloudflare, portkey, openrouter"},
    {"prices", "FILE", "none", "none", kOnce, kAll, kLive, text<&O::prices_file>(),
     "a TOML file: dollars per million tokens by model, for the savings metric"},
};

constexpr OptionSpec kTiers[] = {
    {"memory", "SIZE", "256MiB", nullptr, kOnce, kAll, kRestart, size<&O::memory_bytes_max>(),
     "size of the in-process cache, everything it holds counted; 0 turns it off"},
    {"memcached", "HOST:PORT", "off", "off", kList, kAll, kRestart,
     addresses<&O::memcached, parse_host_port>(),
     "the shared cache's servers, at most 64, the same for all that share it"},
    {"memcached-timeout", "DURATION", "20ms", nullptr, kOnce, kAll, kRestart,
     duration<&O::memcached_timeout_ms, 1>(), "how long a lookup in Memcached may take"},
    {"memcached-secret", "FILE", "off", "off", kOnce, kAll, kRestart,
     text<&O::memcached_secret_file>(),
     "a file with a secret of 16 bytes to 4KiB, the same for all that share the cache: entries in "
     "Memcached are sealed and their keys are keyed hashes. Goes with --memcached"},
    {"cassette", "DIRECTORY", "off", "off", kOnce, kAll, kRestart, text<&O::cassette_directory>(),
     "a directory with one readable file per entry, kept across restarts, fit for git"},
};

constexpr OptionSpec kTls[] = {
    {"upstream-ca", "FILE", "system", "system", kOnce, kAll, kLive, text<&O::upstream_ca_file>(),
     "certificates (PEM) that endpoints are verified with, instead of the system's"},
    {"tls-cert", "FILE", "off", "off", kOnce, kAll, kLive, text<&O::tls_cert_file>(),
     "certificate chain (PEM) for TLS towards clients; goes with --tls-key"},
    {"tls-key", "FILE", "off", "off", kOnce, kAll, kLive, text<&O::tls_key_file>(),
     "private key (PEM) of --tls-cert"},
};

constexpr OptionSpec kTimes[] = {
    {"connect-timeout", "DURATION", "5s", nullptr, kOnce, kAll, kLive,
     duration<&O::connect_timeout_ms, 1>(), "upstream: connecting, a proxy's answer, and TLS"},
    {"first-byte-timeout", "DURATION", "600s", nullptr, kOnce, kAll, kLive,
     duration<&O::first_byte_timeout_ms, 1>(),
     "upstream: from the request's last byte to the answer's whole head"},
    {"idle-timeout", "DURATION", "300s", nullptr, kOnce, kAll, kLive,
     duration<&O::idle_timeout_ms, 1>(), "upstream: silence inside an answer"},
    {"header-timeout", "DURATION", "10s", nullptr, kOnce, kAll, kLive,
     duration<&O::header_timeout_ms, 1>(), "clients: TLS, and a request's whole head"},
    {"body-timeout", "DURATION", "60s", nullptr, kOnce, kAll, kLive,
     duration<&O::body_timeout_ms, 1>(), "clients: silence inside a request's body"},
    {"send-timeout", "DURATION", "60s", nullptr, kOnce, kAll, kLive,
     duration<&O::send_timeout_ms, 1>(), "clients: not reading what is sent to them"},
    {"keepalive-timeout", "DURATION", "75s", nullptr, kOnce, kAll, kLive,
     duration<&O::keepalive_timeout_ms, 1>(), "clients: idle between two requests"},
    {"drain", "DURATION", "30s", nullptr, kOnce, kAll, kRestart, duration<&O::drain_ms, 0>(),
     "how long SIGTERM or SIGINT lets answers finish; a second signal ends at once"},
    {"retry-reused", "on|off", "on", nullptr, kOnce, kAll, kRestart, on_off<&O::retry_reused>(),
     "send a request once again if the kept upstream connection it went out on proved dead"},
};

constexpr OptionSpec kLimits[] = {
    {"workers", "N", "auto", nullptr, kOnce, kAll, kRestart, count<&O::workers, parse_workers>(),
     "event loops, one thread each; auto: the number of cores"},
    {"max-connections", "N", "16384", nullptr, kOnce, kAll, kRestart,
     count<&O::max_connections, parse_connections>(), "clients' connections, per process"},
    {"max-object", "SIZE", "8MiB", nullptr, kOnce, kAll, kRestart, size<&O::max_object_bytes>(),
     "larger answers pass through unrecorded"},
    {"max-recording", "SIZE", "256MiB", nullptr, kOnce, kAll, kRestart,
     size<&O::max_recording_bytes>(),
     "bytes of all answers being recorded, beyond which new ones pass through unrecorded"},
    {"max-body", "SIZE", "64MiB", nullptr, kOnce, kAll, kRestart, size<&O::max_body_bytes>(),
     "larger requests stream through, neither looked up nor stored"},
    {"max-head", "SIZE", "64KiB", nullptr, kOnce, kAll, kRestart,
     size<&O::max_head_bytes, 256, 16 << 20>(), "heads of requests and answers"},
    {"max-uri", "SIZE", "16KiB", nullptr, kOnce, kAll, kRestart,
     size<&O::max_uri_bytes, 64, 16 << 20>(), "request targets"},
};

constexpr OptionSpec kLogging[] = {
    {"log-format", "FORMAT", "text", nullptr, kOnce, kAll, kRestart,
     choice<&O::log_format, kLogFormats>(), "how logs are written: text, or json for machines"},
    {"log-level", "LEVEL", "info", nullptr, kOnce, kAll, kLive, choice<&O::log_level, kLogLevels>(),
     "what goes to stderr: debug, info, warn or error"},
    {"access-log", "on|off", "off", nullptr, kOnce, kAll, kRestart, on_off<&O::access_log>(),
     "one line per request on stdout"},
};

constexpr OptionGroup kGroups[] = {
    {"Addresses", kAddresses},
    {"Caching", kCaching},
    {"Where answers are kept", kTiers},
    {"TLS", kTls},
    {"Times", kTimes},
    {"Limits", kLimits},
    {"Logging", kLogging},
};

// Levenshtein's.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t change = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({change, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> OptionSpec::values(const Options& options) const {
  auto texts = binding.write(options);
  if (texts.empty() && none != nullptr && *none != '\0') texts.emplace_back(none);
  return texts;
}

std::string OptionSpec::shown(std::string_view value) const {
  if (binding.kind == Kind::kSecret) return std::string(kMask);
  if (binding.kind == Kind::kSecretUrl) return without_user_info(value);
  return std::string(value);
}

std::span<const OptionGroup> option_groups() { return kGroups; }

const OptionSpec* find_option(std::string_view name) {
  const OptionSpec* found = nullptr;
  for_each_option([&](const OptionSpec& spec) {
    if (spec.name == name) found = &spec;
  });
  return found;
}

const OptionSpec* nearest_option(std::string_view name) {
  constexpr size_t kNameBytesMax = 32;
  constexpr size_t kDistanceMax = 2;
  if (name.size() > kNameBytesMax) return nullptr;
  const OptionSpec* nearest = nullptr;
  size_t nearest_distance = kDistanceMax + 1;
  for_each_option([&](const OptionSpec& spec) {
    const size_t distance = edit_distance(name, spec.name);
    if (distance >= nearest_distance) return;
    nearest = &spec;
    nearest_distance = distance;
  });
  return nearest;
}

std::string environment_name(std::string_view option) {
  std::string name = "REPRISE_";
  for (char c : option) name += c == '-' ? '_' : static_cast<char>(c - (c >= 'a' ? 'a' - 'A' : 0));
  return name;
}

}  // namespace reprise::app
