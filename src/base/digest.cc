#include "base/digest.h"

#include <openssl/evp.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/check.h"

namespace reprise::base {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

void write_hex64(uint64_t value, char* out) {
  for (int i = 15; i >= 0; --i) {
    out[i] = kHexDigits[value & 15];
    value >>= 4;
  }
}

bool read_digits(std::string_view text, uint64_t* out) {
  uint64_t value = 0;
  for (char c : text) {
    const char lower = static_cast<char>(c | 0x20);
    unsigned digit = 0;
    if (c >= '0' && c <= '9') {
      digit = static_cast<unsigned>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      digit = static_cast<unsigned>(lower - 'a') + 10;
    } else {
      return false;
    }
    value = (value << 4) | digit;
  }
  *out = value;
  return true;
}

// Fetching the algorithm by name costs more than hashing a short question, so each thread keeps it.
struct Sha256Context {
  Sha256Context() : method(EVP_MD_fetch(nullptr, "SHA256", nullptr)), context(EVP_MD_CTX_new()) {
    CHECK(method != nullptr && context != nullptr);
  }
  ~Sha256Context() {
    EVP_MD_CTX_free(context);
    EVP_MD_free(method);
  }
  Sha256Context(const Sha256Context&) = delete;
  Sha256Context& operator=(const Sha256Context&) = delete;
  EVP_MD* method;
  EVP_MD_CTX* context;
};

}  // namespace

void Digest128::write_hex(char* out32) const {
  write_hex64(high, out32);
  write_hex64(low, out32 + 16);
}

std::string Digest128::hex() const {
  std::string text(32, '0');
  write_hex(text.data());
  return text;
}

bool Digest128::from_hex(std::string_view text, Digest128* out) {
  return text.size() == 32 && read_digits(text.substr(0, 16), &out->high) &&
         read_digits(text.substr(16), &out->low);
}

std::string hex_of(uint64_t number) {
  std::string text(16, '0');
  write_hex64(number, text.data());
  return text;
}

std::string hex_of(const Sha256& digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    text += kHexDigits[byte >> 4];
    text += kHexDigits[byte & 15];
  }
  return text;
}

bool read_hex(std::string_view text, uint64_t* number) {
  return text.size() == 16 && read_digits(text, number);
}

bool read_hex(std::string_view text, Sha256* digest) {
  if (text.size() != 2 * digest->size()) return false;
  for (uint8_t& byte : *digest) {
    uint64_t value = 0;
    if (!read_digits(text.substr(0, 2), &value)) return false;
    byte = static_cast<uint8_t>(value);
    text.remove_prefix(2);
  }
  return true;
}

Digest128 xxh3_128(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.high64, hash.low64};
}

uint64_t xxh3_64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Sha256 sha256(std::string_view bytes) {
  thread_local Sha256Context sha;
  Sha256 digest;
  CHECK(EVP_DigestInit_ex2(sha.context, sha.method, nullptr) == 1);
  CHECK(EVP_DigestUpdate(sha.context, bytes.data(), bytes.size()) == 1);
  CHECK(EVP_DigestFinal_ex(sha.context, digest.data(), nullptr) == 1);
  return digest;
}

}  // namespace reprise::base
