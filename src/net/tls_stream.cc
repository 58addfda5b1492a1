// A TLS stream shakes hands, then is open until it ends:
//   kCloseNotify  the other side has ended its direction; ours goes on, and may still break
//   kTorn         what can be read stops short of close_notify
//   kBroken       the handshake, TCP or encryption failed
// The first two are told when everything before them has been delivered; the third at once.
#include "net/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "net/tls_error.h"

namespace reprise::net {

namespace {

constexpr size_t kRecordBytes = SSL3_RT_MAX_PLAIN_LENGTH;

// What OpenSSL may say by itself once the handshake is done: alerts. More is somebody trying to
// make us queue answers that he does not read.
constexpr size_t kAnsweredBytesMax = 4096;

std::string handshake_failure(const SSL* ssl) {
  const std::string reason = take_tls_error();
  const long verdict = SSL_get_verify_result(ssl);
  if (verdict == X509_V_OK) return "TLS handshake failed: " + reason;
  return std::string("certificate verify failed: ") + X509_verify_cert_error_string(verdict);
}

}  // namespace

TlsStream::TlsStream(std::unique_ptr<TcpStream> tcp, const std::string& host)
    : tcp_(std::move(tcp)),
      host_(host),
      turn_(
          tcp_->loop(),
          [](void* self) noexcept {
            auto* stream = static_cast<TlsStream*>(self);
            stream->advance();
            stream->steer_tcp();
          },
          this) {
  tcp_->set_handler(this);
}

TlsStream::~TlsStream() {
  tcp_->loop().cancel(turn_);
  // Otherwise OpenSSL takes the session for spoilt and never resumes it.
  if (open_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

std::unique_ptr<TlsStream> TlsStream::connect(std::unique_ptr<TcpStream> tcp, TlsContext& context,
                                              const std::string& host) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(tcp), host));
  auto ssl = context.make_client(stream->host_);
  if (ssl) {
    stream->begin(std::move(*ssl));
  } else {
    stream->conclude(End::kBroken, ssl.error().detail);
    stream->look_again();
  }
  return stream;
}

std::unique_ptr<TlsStream> TlsStream::accept(std::unique_ptr<TcpStream> tcp, TlsContext& context) {
  std::unique_ptr<TlsStream> stream(new TlsStream(std::move(tcp), ""));
  stream->begin(context.make_server());
  return stream;
}

void TlsStream::begin(TlsContext::Ssl ssl) {
  ssl_ = std::move(ssl);
  wire_.attach(ssl_.get());
  shake_hands();  // a client speaks first
  look_again();
}

bool TlsStream::resumed() const { return SSL_session_reused(ssl_.get()) == 1; }

void TlsStream::set_handler(Stream::Handler* handler) {
  handler_ = handler;
  look_again();
}

void TlsStream::resume_reading() {
  reading_ = true;
  look_again();
}

void TlsStream::pause_reading() {
  reading_ = false;
  look_again();
}

// Nothing is delivered from inside a call to the stream.
void TlsStream::look_again() {
  if (advancing_) return;
  const bool kept = open_ && (!wire_.input().empty() || SSL_pending(ssl_.get()) > 0);
  const bool ended = end_ != End::kNone && !end_told_;
  const bool due = (reading_ && (kept || ended)) || (end_ == End::kBroken && ended);
  if (due && handler_ != nullptr && !turn_.linked()) tcp_->loop().wake(turn_);
  steer_tcp();
}

// TCP is read while what it brings can be used at once.
void TlsStream::steer_tcp() {
  const bool usable = !open_ || (reading_ && handler_ != nullptr && !turn_.linked());
  if (wire_.input().empty()) held_ = base::Bytes();
  if (end_ == End::kNone && usable && wire_.input().empty()) {
    tcp_->resume_reading();
  } else {
    tcp_->pause_reading();
  }
}

void TlsStream::on_read(std::string_view bytes) {
  wire_.set_input(bytes);
  advance();
  held_ = base::Bytes::copy_of(wire_.input());  // `bytes` go now
  wire_.set_input(held_.view());
  steer_tcp();
}

void TlsStream::on_read_end() {
  if (open_) {
    conclude(End::kTorn, "the connection was closed without close_notify: it may be cut short");
  } else {
    conclude(End::kBroken, "the connection was closed during the TLS handshake");
  }
  advance();
}

void TlsStream::on_stream_error(const base::Error& error) {
  conclude(End::kBroken, (open_ ? "" : "TLS handshake: ") + error.detail);
  advance();
}

void TlsStream::on_drained() {
  if (open_ && handler_ != nullptr && unwritten() == 0) handler_->on_drained();
}

void TlsStream::conclude(End end, std::string why) {
  const bool error_told = end_told_ && end_ != End::kCloseNotify;
  if (end <= end_ || error_told) return;
  end_ = end;
  end_told_ = false;
  error_ = {base::ErrorKind::kUnavailable, std::move(why)};
}

void TlsStream::advance() {
  advancing_ = true;
  if (!open_ && end_ == End::kNone) shake_hands();
  if (open_) {
    write_early();  // reads by itself the message that it waits for
    deliver();
  }
  tell_end();
  advancing_ = false;
}

void TlsStream::shake_hands() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int error = SSL_get_error(ssl_.get(), result);
  if (result != 1 && error != SSL_ERROR_WANT_READ) {
    conclude(End::kBroken, handshake_failure(ssl_.get()));
  }
  send();  // the failure's alert, too
  if (result != 1) return;
  open_ = true;
  if (on_handshake_) std::exchange(on_handshake_, nullptr)();
}

void TlsStream::deliver() {
  std::array<char, kRecordBytes> plain;
  size_t size = plain.size();
  while (reading_ && handler_ != nullptr && size == plain.size()) {
    size = decrypt(plain);
    if (size > 0) handler_->on_read({plain.data(), size});
  }
}

// Small records that came together are delivered together.
size_t TlsStream::decrypt(std::span<char> plain) {
  if (end_ == End::kCloseNotify || end_ == End::kTorn) return 0;
  ERR_clear_error();
  size_t filled = 0;
  int result = 1;
  while (result == 1 && filled < plain.size()) {
    size_t count = 0;
    result = SSL_read_ex(ssl_.get(), plain.data() + filled, plain.size() - filled, &count);
    if (result == 1) filled += count;
  }
  if (result != 1) {
    const int error = SSL_get_error(ssl_.get(), result);
    if (error == SSL_ERROR_ZERO_RETURN) {
      conclude(End::kCloseNotify, "");
    } else if (error != SSL_ERROR_WANT_READ) {
      conclude(End::kTorn, "TLS failed: " + take_tls_error());
    }
  }
  answered_bytes_ += wire_.output_bytes();
  if (answered_bytes_ > kAnsweredBytesMax) {
    conclude(End::kBroken, "TLS failed: too much asked of it");
  }
  send();
  return filled;
}

void TlsStream::tell_end() {
  if (end_ == End::kNone || end_told_ || handler_ == nullptr) return;
  if (end_ != End::kBroken && !reading_) return;
  end_told_ = true;
  wire_.set_input({});
  if (end_ == End::kCloseNotify) {
    handler_->on_read_end();
  } else {
    handler_->on_stream_error(error_);
  }
}

void TlsStream::write(std::span<const Piece> pieces) {
  if (!writable() || finish_ != Finish::kNo) return;
  if (!open_ || !early_.empty()) {
    for (const Piece& piece : pieces) early_.append(piece.bytes);
    return;
  }
  encrypt(pieces);
  send();
}

// Pieces share records: a small write is one record, however many pieces it has. What fills
// records by itself is encrypted from where it is.
void TlsStream::encrypt(std::span<const Piece> pieces) {
  if (pieces.size() == 1) return encrypt(pieces.front().bytes);
  size_t total = 0;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  wire_.reserve(total);
  std::array<char, kRecordBytes> record;
  size_t filled = 0;
  for (const Piece& piece : pieces) {
    std::string_view rest = piece.bytes;
    while (!rest.empty()) {
      const bool direct = filled == 0 && rest.size() >= record.size();
      const size_t room = record.size() - filled;
      const size_t count =
          direct ? rest.size() - rest.size() % record.size() : std::min(room, rest.size());
      if (direct) {
        encrypt(rest.substr(0, count));
      } else {
        std::memcpy(record.data() + filled, rest.data(), count);
        filled += count;
      }
      if (filled == record.size()) encrypt({record.data(), std::exchange(filled, 0)});
      rest.remove_prefix(count);
    }
  }
  encrypt({record.data(), filled});
}

void TlsStream::encrypt(std::string_view bytes) {
  if (bytes.empty() || !writable()) return;
  if (!early_.empty()) {
    early_.append(bytes);
    return;
  }
  wire_.reserve(bytes.size());
  ERR_clear_error();
  size_t written = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written);
  if (result == 1) return;
  // In the middle of a message of the other side's that changes keys or brings a ticket.
  if (SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_READ) {
    early_.append(bytes);
    return;
  }
  conclude(End::kBroken, "TLS failed: " + take_tls_error());
  look_again();
}

void TlsStream::write_early() {
  if (!early_.empty()) {
    const std::string early = std::exchange(early_, {});
    encrypt(early);
    send();
    if (unwritten() == 0 && handler_ != nullptr) handler_->on_drained();
  }
  end_writing();
}

void TlsStream::finish() {
  if (finish_ != Finish::kNo) return;
  finish_ = Finish::kAsked;
  end_writing();
}

void TlsStream::end_writing() {
  if (finish_ != Finish::kAsked || !open_ || !early_.empty() || !writable()) return;
  if (!reset_on_close_) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    send();
    if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) == 0) return;  // not yet: see encrypt()
  }
  finish_ = Finish::kDone;
  tcp_->finish();
}

void TlsStream::reset_on_close() {
  reset_on_close_ = true;
  tcp_->reset_on_close();
}

void TlsStream::send() {
  if (wire_.output_bytes() == 0) return;
  const base::Bytes block = wire_.take_output();
  const Piece piece = Piece::shared(block);
  tcp_->write({&piece, 1});
}

}  // namespace reprise::net
