#include "base/seal.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/check.h"

namespace reprise::base {

namespace {

constexpr std::string_view kNameInfo = "reprise name key 1";
constexpr std::string_view kValueInfo = "reprise value key 1";

// GCM must never see one key and nonce twice. Every value has a key of its own, made of 256 random
// bits, so the nonce need not differ; storing one would add nothing.
constexpr std::array<uint8_t, 12> kNonce = {};

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Cipher = std::unique_ptr<EVP_CIPHER, Free<EVP_CIPHER_free>>;
// Freeing a context wipes the key schedule in it, so none is kept between calls.
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Free<EVP_CIPHER_CTX_free>>;
using Kdf = std::unique_ptr<EVP_KDF, Free<EVP_KDF_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, Free<EVP_KDF_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, Free<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Free<EVP_MAC_CTX_free>>;

// WipedKey: a key for the length of a block.
class WipedKey {
 public:
  WipedKey(std::string_view secret, std::string_view salt, std::string_view info)
      : bytes_(hkdf_sha256(secret, salt, info)) {}
  ~WipedKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }
  WipedKey(const WipedKey&) = delete;
  WipedKey& operator=(const WipedKey&) = delete;
  const uint8_t* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }

 private:
  Key256 bytes_;
};

const uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

OSSL_PARAM octets(const char* name, std::string_view value) {
  // OpenSSL only reads it, though it asks for it without const, and takes no null for no bytes.
  static constexpr char kNothing = '\0';
  const char* const bytes = value.empty() ? &kNothing : value.data();
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes), value.size());
}

// A context keyed with `key`, at the beginning of what it is to authenticate.
MacContext hmac_sha256(const WipedKey& key) {
  const Mac mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  CHECK(mac != nullptr);
  MacContext context(EVP_MAC_CTX_new(mac.get()));
  CHECK(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  CHECK(EVP_MAC_init(context.get(), key.data(), key.size(), params) == 1);
  return context;
}

uint64_t big_endian(const uint8_t* bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(value); ++i) value = value << 8 | bytes[i];
  return value;
}

}  // namespace

Key256 hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info) {
  // Fetching an algorithm by name takes longer than running it.
  static const Kdf kdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
  CHECK(kdf != nullptr && !secret.empty());
  const KdfContext context(EVP_KDF_CTX_new(kdf.get()));
  CHECK(context != nullptr);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                               octets(OSSL_KDF_PARAM_KEY, secret),
                               octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_INFO, info),
                               OSSL_PARAM_construct_end()};
  Key256 key;
  CHECK(EVP_KDF_derive(context.get(), key.data(), key.size(), params) == 1);
  return key;
}

void wipe(std::string* secret) {
  // What lies behind the end may have been part of it before it was shortened.
  secret->resize(secret->capacity());
  OPENSSL_cleanse(secret->data(), secret->size());
  secret->clear();
}

struct Sealer::State {
  explicit State(std::string_view text)
      : secret(text),
        cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)),
        namer(hmac_sha256(WipedKey(text, {}, kNameInfo))) {
    CHECK(cipher != nullptr);
  }
  ~State() { wipe(&secret); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  WipedKey value_key(std::string_view salt) const { return {secret, salt, kValueInfo}; }

  std::string secret;
  const Cipher cipher;
  const MacContext namer;  // keyed; each call works on a copy
};

Sealer::Sealer(std::string_view secret) {
  CHECK(secret.size() >= kSecretBytesMin);
  state_ = std::make_unique<const State>(secret);
}

Sealer::~Sealer() = default;

void Sealer::seal(std::string_view associated, std::string_view plain, std::string* out) const {
  CHECK(plain.size() <= kPlainBytesMax && associated.size() <= kPlainBytesMax);
  const size_t start = out->size();
  out->resize(start + kOverheadBytes + plain.size());
  auto* const salt = reinterpret_cast<uint8_t*>(out->data() + start);
  auto* const sealed = salt + kSaltBytes;
  // Without randomness nothing here is safe, and nothing else that uses TLS either.
  CHECK(RAND_bytes(salt, kSaltBytes) == 1);
  const WipedKey key = state_->value_key({out->data() + start, kSaltBytes});

  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  EVP_CIPHER_CTX* const gcm = context.get();
  int count = 0;
  CHECK(EVP_EncryptInit_ex2(gcm, state_->cipher.get(), key.data(), kNonce.data(), nullptr) == 1);
  CHECK(EVP_EncryptUpdate(gcm, nullptr, &count, bytes_of(associated),
                          static_cast<int>(associated.size())) == 1);
  CHECK(EVP_EncryptUpdate(gcm, sealed, &count, bytes_of(plain), static_cast<int>(plain.size())) ==
        1);
  CHECK(static_cast<size_t>(count) == plain.size());
  CHECK(EVP_EncryptFinal_ex(gcm, sealed + plain.size(), &count) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed + plain.size()) == 1);
}

bool Sealer::open(std::string_view associated, std::string_view sealed, std::string* out) const {
  CHECK(associated.size() <= kPlainBytesMax);
  out->clear();
  if (sealed.size() < kOverheadBytes || sealed.size() - kOverheadBytes > kPlainBytesMax) {
    return false;
  }
  const WipedKey key = state_->value_key(sealed.substr(0, kSaltBytes));
  std::array<uint8_t, kTagBytes> tag;
  sealed.copy(reinterpret_cast<char*>(tag.data()), kTagBytes, sealed.size() - kTagBytes);
  const std::string_view hidden = sealed.substr(kSaltBytes, sealed.size() - kSaltBytes - kTagBytes);
  out->resize(hidden.size());
  auto* const plain = reinterpret_cast<uint8_t*>(out->data());

  const CipherContext context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  EVP_CIPHER_CTX* const gcm = context.get();
  int count = 0;
  CHECK(EVP_DecryptInit_ex2(gcm, state_->cipher.get(), key.data(), kNonce.data(), nullptr) == 1);
  CHECK(EVP_DecryptUpdate(gcm, nullptr, &count, bytes_of(associated),
                          static_cast<int>(associated.size())) == 1);
  CHECK(EVP_DecryptUpdate(gcm, plain, &count, bytes_of(hidden), static_cast<int>(hidden.size())) ==
        1);
  CHECK(EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  // A forged value must leave nothing in this thread's queue for the next TLS call to trip over.
  ERR_set_mark();
  const bool genuine = EVP_DecryptFinal_ex(gcm, plain + out->size(), &count) == 1;
  ERR_pop_to_mark();
  // Nobody gets to see what was not authenticated.
  if (!genuine) out->clear();
  return genuine;
}

Digest128 Sealer::name(std::string_view what) const {
  const MacContext context(EVP_MAC_CTX_dup(state_->namer.get()));
  CHECK(context != nullptr);
  Sha256 digest;
  size_t size = 0;
  CHECK(EVP_MAC_update(context.get(), bytes_of(what), what.size()) == 1);
  CHECK(EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1);
  CHECK(size == digest.size());
  return {big_endian(digest.data()), big_endian(digest.data() + 8)};
}

}  // namespace reprise::base
