#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace reprise::base {

// JSON's strings, one character at a time: shared by what reads them and what writes them.

// The 8 bytes at `from`, the first one lowest.
inline uint64_t load_word(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return std::endian::native == std::endian::little ? word : __builtin_bswap64(word);
}

inline constexpr uint64_t kOnes = 0x0101010101010101;
inline constexpr uint64_t kHighs = 0x8080808080808080;

// Non-zero if a byte of `word` is a quote, a backslash or a control character; the lowest set bit
// is in the first such byte (higher ones may be borrows).
inline uint64_t special_bytes(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  return (((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) |
          ((backslash - kOnes) & ~backslash)) &
         kHighs;
}

// The first of the `size` bytes at `from`, at most 8, the first one highest and zeros behind them:
// comparing such numbers compares the bytes. 8 bytes must be readable.
inline uint64_t prefix_of(const char* from, size_t size) {
  const uint64_t word = __builtin_bswap64(load_word(from));
  if (size >= 8) return word;
  return size == 0 ? 0 : word & (~uint64_t{0} << (64 - 8 * size));
}

constexpr bool is_high_surrogate(uint32_t code) { return code >= 0xD800 && code <= 0xDBFF; }
constexpr bool is_low_surrogate(uint32_t code) { return code >= 0xDC00 && code <= 0xDFFF; }
constexpr uint32_t join_surrogates(uint32_t high, uint32_t low) {
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

// The code unit of the \uXXXX at `from`; false if there is none before `end`.
bool read_unicode_escape(const char* from, const char* end, uint32_t* code);

// Writes `code` (a Unicode scalar value) as UTF-8: at most 4 bytes. Returns where it ends.
char* write_utf8(uint32_t code, char* out);

// Writes `code` in the one way in which JSON strings are written here: at most 6 bytes.
char* write_json_character(uint32_t code, char* out);

}  // namespace reprise::base
