#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "net/tcp_stream.h"

namespace reprise::net {

// ScriptedPeer: the other end of a TLS connection, OpenSSL itself, to be made to do what a
// TlsStream never does.
// Owner: the test. Thread: its loop's.
class ScriptedPeer final : public Stream::Handler {
 public:
  // `context` becomes the peer's. Its SSL is there at once, for options.
  ScriptedPeer(std::unique_ptr<TcpStream> tcp, SSL_CTX* context);
  ~ScriptedPeer() override;
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  SSL* ssl() { return ssl_; }
  TcpStream& tcp() { return *tcp_; }
  // Goes on with the handshake, reads what there is, and sends what OpenSSL has to say.
  void advance();
  void write(const std::string& bytes);
  // What OpenSSL has to say, instead of sending it.
  std::string take_output();

  std::string bytes;
  std::string reason;  // of the first failure
  bool open = false;
  bool closed = false;  // TCP ended

  void on_read(std::string_view read) override;
  void on_read_end() override { closed = true; }
  void on_stream_error(const base::Error&) override { closed = true; }
  void on_drained() override {}

 private:
  std::unique_ptr<TcpStream> tcp_;
  SSL_CTX* context_;
  SSL* ssl_;
};

}  // namespace reprise::net
