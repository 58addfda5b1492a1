#include "net/scripted_peer.h"

#include <openssl/err.h>

#include <array>
#include <utility>

#include "net/tls_error.h"

namespace reprise::net {

ScriptedPeer::ScriptedPeer(std::unique_ptr<TcpStream> tcp, SSL_CTX* context)
    : tcp_(std::move(tcp)), context_(context), ssl_(SSL_new(context)) {
  SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  BIO_set_mem_eof_return(SSL_get_rbio(ssl_), -1);
  tcp_->set_handler(this);
  tcp_->resume_reading();
}

ScriptedPeer::~ScriptedPeer() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
}

void ScriptedPeer::on_read(std::string_view read) {
  BIO_write(SSL_get_rbio(ssl_), read.data(), static_cast<int>(read.size()));
  advance();
}

void ScriptedPeer::advance() {
  ERR_clear_error();
  int result = 1;
  if (SSL_in_init(ssl_)) result = SSL_do_handshake(ssl_);
  if (result == 1) open = true;
  std::array<char, 16384> plain;
  while (result > 0) {
    result = SSL_read(ssl_, plain.data(), static_cast<int>(plain.size()));
    if (result > 0) bytes.append(plain.data(), static_cast<size_t>(result));
  }
  const int error = SSL_get_error(ssl_, result);
  if (error == SSL_ERROR_SSL && reason.empty()) reason = take_tls_error();
  ERR_clear_error();
  write("");
}

void ScriptedPeer::write(const std::string& plain) {
  if (!plain.empty()) SSL_write(ssl_, plain.data(), static_cast<int>(plain.size()));
  const std::string output = take_output();
  const Piece piece = Piece::transient(output);
  if (!output.empty()) tcp_->write({&piece, 1});
}

std::string ScriptedPeer::take_output() {
  std::string output(BIO_pending(SSL_get_wbio(ssl_)), '\0');
  if (!output.empty()) BIO_read(SSL_get_wbio(ssl_), output.data(), static_cast<int>(output.size()));
  return output;
}

}  // namespace reprise::net
