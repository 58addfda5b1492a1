#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::bench {

// A JSON string literal, quotes included.
std::string quoted(std::string_view text);

std::string base64(std::string_view bytes);

// The same number for the same text, on every machine (FNV-1a).
uint64_t seed_of(std::string_view text);

// Words: an endless text that depends on its seed only.
class Words {
 public:
  explicit Words(uint64_t seed) : state_(seed * 2 + 1) {}

  uint64_t number();
  // A word with a space before it, except for the first.
  std::string next();

 private:
  uint64_t state_;
  bool first_ = true;
};

// `count` pieces, cut or padded to `bytes` in all unless that is 0. No piece is empty.
std::vector<std::string> pieces(uint64_t seed, uint32_t count, uint32_t bytes);

}  // namespace reprise::bench
