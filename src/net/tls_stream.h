#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/executor.h"
#include "net/stream.h"
#include "net/tcp_stream.h"
#include "net/tls_context.h"
#include "net/tls_wire.h"

namespace reprise::net {

// TlsStream: TLS over a TCP stream. The handshake goes on while reading is paused. At most one
// record is decrypted ahead of a reader who pauses, and one read's ciphertext kept; beyond that
// TCP's own window holds the other side.
// Owner: a connection or a Connector. Thread: its loop's.
class TlsStream final : public Stream, private Stream::Handler {
 public:
  // Both begin the handshake. `host`, a name or an address, is whom the certificate must be for.
  static std::unique_ptr<TlsStream> connect(std::unique_ptr<TcpStream> tcp, TlsContext& context,
                                            const std::string& host);
  static std::unique_ptr<TlsStream> accept(std::unique_ptr<TcpStream> tcp, TlsContext& context);
  ~TlsStream() override;

  // Called once when the handshake is done; it may give the stream another owner. A handshake that
  // fails is a stream error.
  void on_handshake(std::function<void()> callback) { on_handshake_ = std::move(callback); }
  // After the handshake: whether it took a remembered session up.
  bool resumed() const;

  void set_handler(Stream::Handler* handler) override;
  void resume_reading() override;
  void pause_reading() override;
  void write(std::span<const Piece> pieces) override;
  size_t unwritten() const override { return early_.size() + tcp_->unwritten(); }
  void finish() override;
  void reset_on_close() override;
  std::string peer() const override { return tcp_->peer(); }

 private:
  // In the order in which one may follow another.
  enum class End : uint8_t { kNone, kCloseNotify, kTorn, kBroken };
  enum class Finish : uint8_t { kNo, kAsked, kDone };

  TlsStream(std::unique_ptr<TcpStream> tcp, const std::string& host);
  void begin(TlsContext::Ssl ssl);

  // Stream::Handler, for the TCP stream.
  void on_read(std::string_view bytes) override;
  void on_read_end() override;
  void on_stream_error(const base::Error& error) override;
  void on_drained() override;

  void advance();
  void shake_hands();
  void deliver();
  size_t decrypt(std::span<char> plain);
  void tell_end();
  void conclude(End end, std::string why);
  void look_again();
  void steer_tcp();

  bool writable() const { return end_ < End::kTorn; }
  void write_early();
  void encrypt(std::span<const Piece> pieces);
  void encrypt(std::string_view bytes);
  void end_writing();
  void send();

  std::unique_ptr<TcpStream> tcp_;
  const std::string host_;
  TlsWire wire_;
  TlsContext::Ssl ssl_;
  Stream::Handler* handler_ = nullptr;
  std::function<void()> on_handshake_;
  base::Bytes held_;   // ciphertext that came while it could not be used
  std::string early_;  // written while it could not be encrypted
  size_t answered_bytes_ = 0;
  bool open_ = false;
  bool reading_ = false;
  bool advancing_ = false;
  bool reset_on_close_ = false;
  Finish finish_ = Finish::kNo;
  End end_ = End::kNone;
  bool end_told_ = false;
  base::Error error_;
  base::Wakeup turn_;
};

}  // namespace reprise::net
