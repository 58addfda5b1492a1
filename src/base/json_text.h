#pragma once

#include <cstdint>

namespace reprise::base {

// JSON's strings, one character at a time: shared by what reads them and what writes them.

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
