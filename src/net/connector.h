#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/resolver.h"
#include "net/stream.h"
#include "net/tcp_stream.h"
#include "net/timeout_queue.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace reprise::net {

// Destination: where to connect.
struct Destination {
  std::string host;  // name or address, without brackets
  uint16_t port = 0;
  std::shared_ptr<TlsContext> tls = nullptr;  // null: plain
  std::string tls_host{};  // whom the certificate must be for, unless it is `host`
};

// ConnectFailure: at which step connecting failed.
struct ConnectFailure {
  enum class Step : uint8_t { kResolve, kConnect, kTls, kTimeout, kNoDescriptors };
  Step step = Step::kConnect;
  std::string detail;
};

// Preface: a conversation that comes first on a new connection, before TLS: with a proxy, say.
// Owner: a Connector. Thread: its loop's.
class Preface {
 public:
  using Done = std::function<void(base::Result<void>)>;
  virtual ~Preface() = default;
  // Calls back once, never from inside, unless it is destroyed before. From then on the stream is
  // as it came: paused, without a handler. It outlives the preface.
  virtual void start(TcpStream& stream, Done done) = 0;
};

// Connector: one attempt to reach a destination: look-up, the addresses one after the other, each
// with a head start over the next (RFC 8305), then the preface, if there is one, and TLS.
// Destroying it gives up. Owner: an upstream call. Thread: its loop's.
class Connector final : private Stream::Handler {
 public:
  using Outcome = tl::expected<std::unique_ptr<Stream>, ConnectFailure>;
  using Callback = std::function<void(Outcome)>;

  // Timeouts: the whole attempt's, and the head start of each address. Both outlive the connector.
  struct Timeouts {
    TimeoutQueue& whole;
    TimeoutQueue& head_start;
  };

  // `callback` is called once, never from inside start(), and may retire the connector.
  Connector(Loop& loop, Resolver& resolver, Timeouts timeouts, Callback callback);
  ~Connector() override;
  void start(const Destination& destination, std::unique_ptr<Preface> preface = nullptr);

 private:
  struct Attempt;
  void on_resolved(const base::Result<Resolver::Addresses>& addresses);
  void try_next();
  void on_connected(Attempt& attempt, int status);
  void give_stream(std::unique_ptr<TcpStream> stream);
  void on_preface(const base::Result<void>& done);
  void secure();
  void settle(Outcome outcome);
  void fail(ConnectFailure::Step step, std::string detail);

  void on_read(std::string_view) override {}
  void on_read_end() override;
  void on_stream_error(const base::Error& error) override;
  void on_drained() override {}

  Loop& loop_;
  Resolver& resolver_;
  Timeouts timeouts_;
  Callback callback_;
  Destination destination_;
  Resolver::Addresses addresses_;
  size_t next_address_ = 0;
  std::vector<std::unique_ptr<Attempt>> attempts_;
  // The one connection that stands, in one of these.
  std::unique_ptr<TcpStream> tcp_;
  std::unique_ptr<TlsStream> tls_;
  std::unique_ptr<Preface> preface_;
  Timeout whole_;
  Timeout head_start_;
  base::Wakeup settle_wakeup_;
  bool settled_ = false;
  std::unique_ptr<Outcome> outcome_;  // until the callback has it
  std::string last_error_;
  std::shared_ptr<Connector*> alive_;  // what a look-up's callback finds us by
};

}  // namespace reprise::net
