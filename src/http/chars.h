#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace reprise::http {

// What a byte may be part of.
enum CharClass : uint8_t {
  kTokenChar = 1,      // methods and field names (RFC 9110 §5.6.2)
  kTargetChar = 2,     // request targets: visible ASCII but '#'
  kValueChar = 4,      // field values and reasons: visible, SP, HTAB, obs-text (RFC 9110 §5.5)
  kExtensionChar = 8,  // quoted in chunk extensions: as values, without obs-text
  kHexChar = 16,
  kDigitChar = 32,
  kHostChar = 64,  // reg-name without its percent signs (RFC 3986 §3.2.2)
};

namespace chars {
constexpr uint8_t classes_of(unsigned c) {
  const bool digit = c >= '0' && c <= '9';
  const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  const bool visible = c >= 0x21 && c <= 0x7e;
  const auto in = [c](std::string_view set) {
    return c < 0x80 && set.find(static_cast<char>(c)) != std::string_view::npos;
  };
  unsigned classes = 0;
  if (digit || alpha || in("!#$%&'*+-.^_`|~")) classes |= kTokenChar;
  if (visible && c != '#') classes |= kTargetChar;
  if (visible || c == ' ' || c == '\t') classes |= kValueChar | kExtensionChar;
  if (c >= 0x80) classes |= kValueChar;
  if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) classes |= kHexChar;
  if (digit) classes |= kDigitChar;
  if (digit || alpha || in("-._~!$&'()*+,;=")) classes |= kHostChar;
  return static_cast<uint8_t>(classes);
}

constexpr std::array<uint8_t, 256> make_table() {
  std::array<uint8_t, 256> table{};
  for (unsigned c = 0; c < table.size(); ++c) table[c] = classes_of(c);
  return table;
}

inline constexpr std::array<uint8_t, 256> kTable = make_table();
}  // namespace chars

inline bool is_char(char c, CharClass wanted) {
  return (chars::kTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

// True if every byte is of that class; true for no bytes.
inline bool all_chars(std::string_view text, CharClass wanted) {
  for (const char c : text) {
    if (!is_char(c, wanted)) return false;
  }
  return true;
}

// What may be written into a message as a field: for fields that no parser has seen.
inline bool valid_field_name(std::string_view name) {
  return !name.empty() && all_chars(name, kTokenChar);
}
inline bool valid_field_value(std::string_view value) { return all_chars(value, kValueChar); }

}  // namespace reprise::http
