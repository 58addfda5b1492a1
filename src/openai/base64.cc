#include "openai/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace reprise::openai {

namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 64;

constexpr std::array<uint8_t, 256> kDigits = [] {
  std::array<uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}();

}  // namespace

bool append_base64_decoded(std::string& out, std::string_view text) {
  if (text.size() % 4 != 0) return false;
  for (size_t padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  uint32_t bits = 0;
  size_t held = 0;
  for (const char c : text) {
    const uint8_t digit = kDigits[static_cast<uint8_t>(c)];
    if (digit == kNoDigit) return false;
    bits = bits << 6 | digit;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xFF);
  }
  // Bits that no byte takes are zero in what an encoder wrote.
  return (bits & ((uint32_t{1} << held) - 1)) == 0;
}

void append_base64(std::string& out, std::string_view bytes) {
  for (size_t at = 0; at < bytes.size(); at += 3) {
    const size_t size = bytes.size() - at < 3 ? bytes.size() - at : 3;
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < size ? static_cast<uint8_t>(bytes[at + i]) : 0U);
    }
    for (size_t i = 0; i < 4; ++i) {
      out += i <= size ? kAlphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
}

}  // namespace reprise::openai
