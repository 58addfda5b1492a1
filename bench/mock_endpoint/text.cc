#include "bench/mock_endpoint/text.h"

#include <fmt/format.h>

#include <array>

namespace reprise::bench {

namespace {

constexpr std::array<std::string_view, 40> kWords = {
    "the",    "river", "of",    "light",  "turns",  "each",   "small",  "stone",   "into",  "a",
    "mirror", "and",   "every", "answer", "waits",  "where",  "silent", "engines", "hum",   "below",
    "naïve",  "maps",  "drift", "toward", "harbor", "lights", "while",  "clocks",  "count", "sand",
    "quiet",  "seven", "gulls", "circle", "above",  "old",    "copper", "bridges", "over",  "snow"};

}  // namespace

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          out += c;
        }
    }
  }
  return out += '"';
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

uint64_t seed_of(std::string_view text) {
  uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211U;
  return hash;
}

uint64_t Words::number() {
  state_ = state_ * 6364136223846793005U + 1442695040888963407U;
  return state_ >> 33;
}

std::string Words::next() {
  std::string word(kWords[number() % kWords.size()]);
  if (!first_) word.insert(0, 1, ' ');
  first_ = false;
  return word;
}

std::vector<std::string> pieces(uint64_t seed, uint32_t count, uint32_t bytes) {
  Words words(seed);
  std::vector<std::string> out;
  out.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    std::string piece = words.next();
    if (bytes > 0) {
      // Every piece gets its share, so that sizes are exact and the same for every seed.
      const size_t share =
          static_cast<size_t>(bytes) * (i + 1) / count - static_cast<size_t>(bytes) * i / count;
      while (piece.size() < share) piece += words.next();
      piece.resize(share > 0 ? share : 1);
      for (char& c : piece) c = static_cast<unsigned char>(c) < 0x80 ? c : 'i';
    }
    out.push_back(std::move(piece));
  }
  return out;
}

}  // namespace reprise::bench
