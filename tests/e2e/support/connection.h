#pragma once

#include <openssl/ssl.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "e2e/support/patience.h"

namespace reprise::e2e {

// What a read ended with.
enum class Arrival {
  kBytes,
  kClosed,     // FIN, and with TLS a close_notify before it
  kTruncated,  // FIN without the close_notify that TLS asks for
  kReset,
  kTimedOut,
  kCancelled,  // the test is over
};

const char* to_text(Arrival arrival);

// Connection: one socket, with or without TLS, every wait of which has a deadline.
// Owner: a RawClient or a script. Thread: one at a time.
class Connection {
 public:
  // `cancel_fd`, if any, ends every wait as soon as it is readable.
  explicit Connection(int fd, int cancel_fd = -1);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&& other) noexcept;

  static Connection to_port(uint16_t port);
  static Connection to_path(const std::string& path);

  // Both return false when the handshake fails.
  bool accept_tls(SSL_CTX* context);
  bool connect_tls(SSL_CTX* context, const std::string& host);

  // True when all bytes were taken; false when the peer is gone or takes nothing for `patience`.
  bool send(std::string_view bytes, std::chrono::milliseconds patience = kPatience);

  // Appends what is there, waiting for at least one byte.
  Arrival receive(std::string& into, std::chrono::milliseconds patience = kPatience);

  // False when `fd` did not become readable in time.
  bool wait_readable(int fd, std::chrono::milliseconds patience = kPatience) const;

  void shutdown_write();  // FIN; with TLS a close_notify first
  void drop_write();      // FIN alone
  void reset();           // RST
  void close();           // with TLS a close_notify first
  void drop();            // close alone
  void shrink_receive_buffer(int bytes);

  bool open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  SSL* tls() const { return tls_.get(); }
  size_t bytes_sent() const { return bytes_sent_; }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };
  bool attach(SSL_CTX* context);
  bool handshake(int (*step)(SSL*));
  Arrival receive_plain(char* buffer, size_t size, ssize_t* count) const;
  Arrival receive_tls(char* buffer, size_t size, ssize_t* count, short* wanted);
  Arrival wait_for(short events, const Deadline& deadline) const;

  int fd_;
  int cancel_fd_;
  size_t bytes_sent_ = 0;
  std::unique_ptr<SSL, FreeTls> tls_;
};

}  // namespace reprise::e2e
