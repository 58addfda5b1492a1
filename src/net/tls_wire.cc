#include "net/tls_wire.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace reprise::net {

namespace {

constexpr size_t kRecordPlainBytes = SSL3_RT_MAX_PLAIN_LENGTH;
// Header, content type, explicit nonce and tag, rounded up.
constexpr size_t kRecordExtraBytes = 48;
constexpr size_t kBlockBytesMin = 512;

TlsWire* wire_of(BIO* bio) { return static_cast<TlsWire*>(BIO_get_data(bio)); }

}  // namespace

// Made once and never changed.
const BIO_METHOD* TlsWire::method() {
  static const BIO_METHOD* const made = [] {
    BIO_METHOD* raw = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    CHECK(raw != nullptr);
    BIO_meth_set_read(raw, &TlsWire::on_read);
    BIO_meth_set_write(raw, &TlsWire::on_write);
    BIO_meth_set_ctrl(
        raw, [](BIO*, int command, long, void*) -> long { return command == BIO_CTRL_FLUSH; });
    return raw;
  }();
  return made;
}

void TlsWire::attach(SSL* ssl) {
  BIO* bio = BIO_new(method());
  CHECK(bio != nullptr);
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
}

int TlsWire::on_read(BIO* bio, char* to, int size) {
  TlsWire& wire = *wire_of(bio);
  BIO_clear_retry_flags(bio);
  if (wire.input_.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t count = std::min(wire.input_.size(), static_cast<size_t>(size));
  std::memcpy(to, wire.input_.data(), count);
  wire.input_.remove_prefix(count);
  return static_cast<int>(count);
}

int TlsWire::on_write(BIO* bio, const char* from, int size) {
  TlsWire& wire = *wire_of(bio);
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<size_t>(size);
  if (wire.block_.size() - wire.used_ < count) wire.grow(count);
  std::memcpy(wire.block_.mutable_data() + wire.used_, from, count);
  wire.used_ += count;
  return size;
}

void TlsWire::reserve(size_t plain_bytes) {
  const size_t records = plain_bytes / kRecordPlainBytes + 1;
  const size_t needed = plain_bytes + records * kRecordExtraBytes;
  if (block_.size() - used_ < needed) grow(needed);
}

void TlsWire::grow(size_t more) {
  const size_t doubled = std::max(block_.size() * 2, kBlockBytesMin);
  base::Bytes larger = base::Bytes::with_size(used_ == 0 ? more : std::max(doubled, used_ + more));
  if (used_ > 0) std::memcpy(larger.mutable_data(), block_.data(), used_);
  block_ = std::move(larger);
}

base::Bytes TlsWire::take_output() {
  const base::Bytes whole = std::exchange(block_, base::Bytes());
  return whole.slice(0, std::exchange(used_, 0));
}

}  // namespace reprise::net
