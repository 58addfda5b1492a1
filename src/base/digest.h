#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace reprise::base {

// Digest128: XXH3-128. Finds an entry; proves nothing.
struct Digest128 {
  uint64_t high = 0;
  uint64_t low = 0;
  bool operator==(const Digest128&) const = default;
  bool operator<(const Digest128& other) const {
    return high != other.high ? high < other.high : low < other.low;
  }
  // 32 lower-case hex digits.
  std::string hex() const;
  void write_hex(char* out32) const;
  // False unless `text` is exactly 32 hex digits.
  static bool from_hex(std::string_view text, Digest128* out);
};

struct Digest128Hash {
  size_t operator()(const Digest128& digest) const { return digest.low; }
};

// Sha256: proves that two questions are the same.
using Sha256 = std::array<uint8_t, 32>;

// As 16 and 64 lower-case hex digits, the highest first, and back: false unless `text` is exactly
// that many digits.
std::string hex_of(uint64_t number);
std::string hex_of(const Sha256& digest);
bool read_hex(std::string_view text, uint64_t* number);
bool read_hex(std::string_view text, Sha256* digest);

Digest128 xxh3_128(std::string_view bytes);
uint64_t xxh3_64(std::string_view bytes);
Sha256 sha256(std::string_view bytes);

}  // namespace reprise::base
