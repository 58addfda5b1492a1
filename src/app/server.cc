#include "app/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <latch>
#include <memory>
#include <utility>
#include <vector>

#include "app/control.h"
#include "app/option_secret.h"
#include "app/settings_of.h"
#include "base/log.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/signals.h"
#include "net/timeout_queue.h"
#include "net/tls_context.h"
#include "proxy/worker.h"

namespace reprise::app {

namespace {

namespace log = base::log;

using Sockets = std::vector<net::ListenSocket>;

base::Result<Sockets> bind(const ListenAddress& address, size_t count) {
  auto sockets = address.kind == ListenAddress::Kind::kUnix
                     ? net::bind_unix(address.path, count)
                     : net::bind_tcp(address.host, address.port, count);
  if (sockets) return sockets;
  return base::fail(base::ErrorKind::kRefuse,
                    "cannot listen on " + address.text() + ": " + sockets.error().detail);
}

std::string upstreams_text(const Options& options) {
  std::string text;
  for (const UpstreamAddress& upstream : options.upstreams) {
    if (!text.empty()) text += ',';
    text += upstream.text();
  }
  return text;
}

// Server: builds everything, wires it, and takes it down again.
// Owner: run(). Thread: the main one.
class Server {
 public:
  Server(const Options& options, ReadAgain read_again)
      : options_(options),
        read_again_(std::move(read_again)),
        limits_(client_limits_of(options)),
        memory_(options.memory_bytes_max),
        purges_(clock_),
        inflight_(purges_),
        budget_(options.max_recording_bytes),
        metrics_(options.workers),
        renderer_(memory_, options.max_object_bytes),
        refreshes_(clock_),
        commons_{std::make_shared<const proxy::Settings>(settings_of(options)),
                 clock_,
                 memory_,
                 nullptr,
                 nullptr,
                 renderer_,
                 refreshes_,
                 inflight_,
                 purges_,
                 budget_,
                 metrics_},
        control_(loop_, options_, commons_, readiness_),
        drain_timeouts_(loop_, static_cast<uint64_t>(options.drain_ms)),
        deadline_([](void* self) noexcept { static_cast<Server*>(self)->finish("the deadline"); },
                  this) {
    connections_.max = options.max_connections;
  }

  ~Server() {
    workers_.clear();
    for (const std::string& path : socket_files_) ::unlink(path.c_str());
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  base::Result<void> start();
  int serve();

 private:
  // Contexts: what one worker needs for TLS.
  struct Contexts {
    std::shared_ptr<net::TlsContext> server;  // null: plain
    std::shared_ptr<net::TlsContext> client;  // null: plain upstreams only
  };

  base::Result<void> make_cassette();
  base::Result<void> make_memcached();
  static base::Result<std::vector<Contexts>> make_contexts(const Options& options);
  base::Result<void> make_workers();
  base::Result<void> listen_for_clients();
  base::Result<void> listen_for_admin();
  void on_signal(int number);
  void reload();
  void drain();
  void on_worker_drained();
  void finish(const char* why);

  Options options_;  // in force
  const ReadAgain read_again_;
  const proxy::ClientLimits limits_;
  base::SystemClock clock_;
  cache::MemoryTier memory_;
  cache::PurgeRecord purges_;
  cache::InflightTable inflight_;
  recording::Budget budget_;
  base::Metrics metrics_;
  std::unique_ptr<cache::CassetteTier> cassette_;    // null: no files
  std::unique_ptr<cache::MemcachedTier> memcached_;  // null: not shared
  cache::Renderer renderer_;
  cache::RefreshBook refreshes_;
  proxy::Commons commons_;
  proxy::ConnectionCount connections_;
  std::atomic<proxy::Readiness> readiness_{proxy::Readiness::kStarting};
  std::vector<std::string> socket_files_;
  net::Loop loop_;
  Control control_;
  net::TimeoutQueue drain_timeouts_;
  net::Timeout deadline_;
  std::unique_ptr<net::Signals> signals_;
  std::vector<std::unique_ptr<proxy::Worker>> workers_;
  size_t workers_draining_ = 0;
};

base::Result<void> Server::make_cassette() {
  if (options_.cassette_directory.empty()) return {};
  auto opened = cache::CassetteTier::open(cassette_terms_of(options_),
                                          {clock_, purges_, memory_, metrics_.models()});
  if (!opened) return tl::unexpected(opened.error());
  cassette_ = *std::move(opened);
  commons_.cassette = cassette_.get();
  return {};
}

base::Result<void> Server::make_memcached() {
  if (options_.memcached.empty()) return {};
  std::string secret;
  if (!options_.memcached_secret_file.empty()) {
    auto read = read_secret(options_.memcached_secret_file);
    if (!read) return tl::unexpected(read.error());
    secret = std::move(*read);
  }
  cache::SharedParts parts{clock_, purges_, memory_, metrics_.models()};
  memcached_ = std::make_unique<cache::MemcachedTier>(
      memcached_terms_of(options_, std::move(secret)), parts);
  commons_.memcached = memcached_.get();
  return {};
}

// One for each worker, since a context remembers sessions without a lock.
base::Result<std::vector<Server::Contexts>> Server::make_contexts(const Options& options) {
  const bool upstream_tls = std::ranges::any_of(options.upstreams, [](const auto& upstream) {
    return upstream.scheme == UpstreamAddress::Scheme::kHttps;
  });
  std::vector<Contexts> contexts(options.workers);
  for (Contexts& worker : contexts) {
    if (upstream_tls) {
      auto context = net::TlsContext::client(options.upstream_ca_file);
      if (!context) return tl::unexpected(context.error());
      worker.client = std::move(*context);
    }
    if (!options.tls_cert_file.empty()) {
      auto context = net::TlsContext::server(options.tls_cert_file, options.tls_key_file);
      if (!context) return tl::unexpected(context.error());
      worker.server = std::move(*context);
    }
  }
  return contexts;
}

base::Result<void> Server::make_workers() {
  const auto contexts = make_contexts(options_);
  if (!contexts) return tl::unexpected(contexts.error());
  for (size_t i = 0; i < contexts->size(); ++i) {
    const Contexts& tls = (*contexts)[i];
    workers_.push_back(std::make_unique<proxy::Worker>(proxy::WorkerParts{
        commons_, metrics_.worker(i), limits_, connections_, tls.server, tls.client}));
  }
  return {};
}

base::Result<void> Server::listen_for_clients() {
  for (const ListenAddress& address : options_.listen) {
    const auto sockets = bind(address, workers_.size());
    if (!sockets) return tl::unexpected(sockets.error());
    if (address.kind == ListenAddress::Kind::kUnix) socket_files_.push_back(address.path);
    for (size_t i = 0; i < workers_.size(); ++i) {
      if (auto listening = workers_[i]->listen((*sockets)[i]); !listening) return listening;
    }
    log::info("listening", {{"address", sockets->front().address},
                            {"upstream", upstreams_text(options_)},
                            {"workers", workers_.size()}});
  }
  return {};
}

base::Result<void> Server::listen_for_admin() {
  if (!options_.admin) return {};
  const auto sockets = bind(*options_.admin, 1);
  if (!sockets) return tl::unexpected(sockets.error());
  if (options_.admin->kind == ListenAddress::Kind::kUnix) {
    socket_files_.push_back(options_.admin->path);
  }
  if (auto listening = control_.listen(*sockets); !listening) return listening;
  log::info("admin listening", {{"address", sockets->front().address}});
  return {};
}

base::Result<void> Server::start() {
  if (auto made = make_cassette(); !made) return made;
  if (auto made = make_memcached(); !made) return made;
  if (auto made = make_workers(); !made) return made;
  if (auto listening = listen_for_clients(); !listening) return listening;
  if (auto listening = listen_for_admin(); !listening) return listening;
  signals_ = std::make_unique<net::Signals>(loop_, std::vector<int>{SIGTERM, SIGINT, SIGHUP},
                                            [this](int number) { on_signal(number); });
  for (const auto& worker : workers_) worker->run();
  readiness_ = proxy::Readiness::kReady;
  return {};
}

int Server::serve() {
  loop_.run();
  std::latch cut(static_cast<std::ptrdiff_t>(workers_.size()));
  for (const auto& worker : workers_) worker->cut_clients(cut);
  cut.wait();
  for (const auto& worker : workers_) worker->stop();
  if (cassette_ != nullptr) cassette_->flush();
  if (memcached_ != nullptr) memcached_->flush();
  return 0;
}

// The second one means now: nothing is worth waiting for any more.
void Server::on_signal(int number) {
  if (number == SIGHUP) return reload();
  if (readiness_ == proxy::Readiness::kDraining) std::_Exit(kExitFailure);
  drain();
}

// All or nothing: whatever is wrong with what was read, nothing of it is in force.
void Server::reload() {
  if (readiness_ != proxy::Readiness::kReady) return;
  const auto wanted = read_again_();
  const auto refuse = [](const base::Error& error) {
    log::error("the configuration was read again and is refused; nothing has changed",
               {{"error", error.detail}});
  };
  if (!wanted) return refuse(wanted.error());
  Options next = with_live_values(options_, *wanted);
  const auto contexts = make_contexts(next);
  if (!contexts) return refuse(contexts.error());
  std::string restart;
  for (const std::string_view name : restart_needed(options_, *wanted)) {
    restart.append(restart.empty() ? "--" : ", --").append(name);
  }
  options_ = std::move(next);
  commons_.settings = std::make_shared<const proxy::Settings>(settings_of(options_));
  const proxy::ClientLimits limits = client_limits_of(options_);
  for (size_t i = 0; i < workers_.size(); ++i) {
    workers_[i]->reconfigure(
        {commons_.settings, limits, (*contexts)[i].server, (*contexts)[i].client});
  }
  log::set_level(options_.log_level);
  for (const std::string& warning : wanted->warnings) log::warn(warning);
  if (!restart.empty()) log::warn("a change needs a restart", {{"options", restart}});
  log::info("the configuration was read again", {{"upstream", upstreams_text(options_)}});
}

void Server::drain() {
  readiness_ = proxy::Readiness::kDraining;
  log::info("draining", {{"deadline_ms", options_.drain_ms}});
  drain_timeouts_.arm(deadline_);
  workers_draining_ = workers_.size();
  for (const auto& worker : workers_) {
    worker->drain([this] {
      // Nobody is left to be told once the loop has stopped.
      if (!loop_.post([this] { on_worker_drained(); })) return;
    });
  }
}

void Server::on_worker_drained() {
  if (--workers_draining_ == 0) finish("all answers finished");
}

void Server::finish(const char* why) {
  if (signals_ == nullptr) return;
  log::info("stopping", {{"after", why}});
  deadline_.disarm();
  loop_.retire(std::move(signals_));
  control_.close();
  loop_.stop();
}

}  // namespace

base::Result<void> check_tls(const Options& options) {
  if (!options.upstream_ca_file.empty()) {
    if (auto context = net::TlsContext::client(options.upstream_ca_file); !context) {
      return tl::unexpected(context.error());
    }
  }
  if (options.tls_cert_file.empty()) return {};
  auto context = net::TlsContext::server(options.tls_cert_file, options.tls_key_file);
  if (!context) return tl::unexpected(context.error());
  return {};
}

int run(const Options& options, ReadAgain read_again) {
  // Not on the stack: sanitizers move what lies there, and forget how it is to be aligned.
  const auto server = std::make_unique<Server>(options, std::move(read_again));
  if (const auto started = server->start(); !started) {
    std::fprintf(stderr, "reprise: %s\n", started.error().detail.c_str());
    return kExitFailure;
  }
  return server->serve();
}

}  // namespace reprise::app
