#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <string_view>

#include "base/bytes.h"

struct bio_method_st;  // OpenSSL's BIO_METHOD

namespace reprise::net {

// TlsWire: the ciphertext's side of a TLS connection. What OpenSSL reads comes straight out of the
// bytes received; what it writes gathers in one block, to be sent at once.
// Owner: a TlsStream, which frees its SSL first. Thread: its loop's.
class TlsWire {
 public:
  TlsWire() = default;
  TlsWire(const TlsWire&) = delete;
  TlsWire& operator=(const TlsWire&) = delete;

  // From now on `ssl` reads and writes here.
  void attach(SSL* ssl);

  // `bytes` last until they are read or replaced.
  void set_input(std::string_view bytes) { input_ = bytes; }
  // What has not been read yet.
  std::string_view input() const { return input_; }

  // Room for `plain_bytes` more, encrypted: spares growing.
  void reserve(size_t plain_bytes);
  size_t output_bytes() const { return used_; }
  // What has been written since the last call.
  base::Bytes take_output();

 private:
  static const bio_method_st* method();
  static int on_read(BIO* bio, char* to, int size);
  static int on_write(BIO* bio, const char* from, int size);
  void grow(size_t more);

  std::string_view input_;
  base::Bytes block_;
  size_t used_ = 0;
};

}  // namespace reprise::net
