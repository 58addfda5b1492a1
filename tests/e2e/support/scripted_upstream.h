#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "e2e/support/connection.h"
#include "e2e/support/http_text.h"
#include "e2e/support/latch.h"

namespace reprise::e2e {

// Request: one request as the endpoint received it.
struct Request {
  std::string method;
  std::string target;
  std::string version;
  std::string raw_head;
  Fields fields;
  Framing framing = Framing::kNone;
  std::string body;
  Fields trailers;
  std::vector<uint64_t> chunks;
  bool tls_resumed = false;

  std::string get(std::string_view name) const { return fields.get(name); }
  bool has(std::string_view name) const { return fields.has(name); }
};

// ScriptOver: the peer or the test has left, so the rest of the script has no meaning. Ends the
// script quietly; the test sees on the other side what it wants to see.
struct ScriptOver {};

class ScriptedUpstream;

// UpstreamConnection: what a script does to one connection.
// Owner: the upstream's thread for it. Thread: that one.
class UpstreamConnection {
 public:
  UpstreamConnection(Connection connection, size_t number, ScriptedUpstream& upstream);

  // Connections count from 0.
  size_t number() const { return number_; }

  // These end the script when the peer leaves instead.
  Request read_request();
  Request read_head();      // then the body, piece by piece:
  std::string read_some();  // "" at its end
  void send(std::string_view bytes);
  void send_pieces(const std::vector<std::string>& pieces);
  void wait(const Latch& latch);
  std::string read_raw();  // for tunnels; "" at the end

  // Sends for as long as the peer takes bytes; true when it has taken nothing for a while.
  bool send_until_blocked(uint64_t bytes_max);

  // Reads and forgets until the peer has left; returns how it did.
  Arrival wait_closed();

  Connection& connection() { return connection_; }

 private:
  bool fill();

  Connection connection_;
  size_t number_;
  ScriptedUpstream& upstream_;
  std::string buffer_;
  BodyDecoder decoder_;
};

// ScriptedUpstream: an endpoint that does what the test says, byte by byte. Each connection gets
// a thread, which runs the script.
// Owner: the test; declare it behind whatever its script uses. Thread: any.
class ScriptedUpstream {
 public:
  using Script = std::function<void(UpstreamConnection&)>;

  // With `tls`, which must outlive it, every connection starts with a handshake.
  explicit ScriptedUpstream(Script script, SSL_CTX* tls = nullptr);
  ScriptedUpstream(const ScriptedUpstream&) = delete;
  ScriptedUpstream& operator=(const ScriptedUpstream&) = delete;
  ~ScriptedUpstream();

  uint16_t port() const { return port_; }
  std::string url() const;

  size_t connections() const;
  size_t open_connections() const { return open_.load(); }
  size_t requests() const;
  // Waits for it.
  Request request(size_t index) const;
  void wait_for_requests(size_t count) const;
  void wait_for_open_connections(size_t count) const;
  // Everything ever received without TLS, on all connections.
  std::string received() const;

 private:
  friend class UpstreamConnection;
  struct Served {
    std::thread thread;
    std::atomic<bool> over{false};
  };
  void accept_all();
  void serve(int fd, size_t number);
  void join_finished(bool all);
  void record(const Request& request);
  void record_bytes(std::string_view bytes);

  Script script_;
  SSL_CTX* tls_;
  Latch stop_;
  uint16_t port_ = 0;
  int listen_fd_;  // behind port_, which making it sets
  std::atomic<size_t> open_{0};

  mutable std::mutex mu_;
  mutable std::condition_variable changed_;
  size_t connections_ = 0;         // guarded by mu_
  std::vector<Request> requests_;  // guarded by mu_
  std::string received_;           // guarded by mu_

  std::list<Served> served_;  // the accepting thread's, until it is joined
  std::thread accepting_;
};

// A script that answers each request of a connection by what `answer` makes of it.
ScriptedUpstream::Script each_request(std::function<std::string(const Request&)> answer);

// The same, always the same answer.
ScriptedUpstream::Script always(std::string answer);

}  // namespace reprise::e2e
