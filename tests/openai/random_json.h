#pragma once

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/json_writer.h"

namespace reprise::openai {

// RandomJson: pieces of JSON, the same ones for a seed on every machine.
class RandomJson {
 public:
  explicit RandomJson(uint64_t seed) : random_(seed) {}

  size_t below(size_t bound) { return random_() % bound; }
  bool chance(size_t percent) { return below(100) < percent; }

  // A string of up to `pieces` pieces of text that are easily broken.
  std::string text(size_t pieces) {
    static constexpr std::array<std::string_view, 16> kPieces = {"word",     " ",
                                                                 "a",        "é",
                                                                 "你好",     "😀",
                                                                 "\n",       "\"",
                                                                 "\\u00",    "\\",
                                                                 "{",        "\x01\x7f",
                                                                 "\xC2\x85", "\xE2\x80\xA8",
                                                                 "\t",       "data: [DONE]\n\n"};
    std::string plain;
    for (size_t count = below(pieces + 1); count > 0; --count) plain += kPieces[below(16)];
    std::string json;
    base::append_json_string(json, plain);
    return json;
  }

  // Any JSON value of at most this depth.
  std::string value(size_t depth) {
    static constexpr std::array<std::string_view, 8> kPlain = {
        "null", "true", "false", "0", "-0.0", "1.50", "1E+400", "12345678901234567890"};
    const size_t kind = below(depth == 0 ? 2 : 4);
    if (kind == 0) return std::string(kPlain[below(kPlain.size())]);
    if (kind == 1) return text(4);
    if (kind == 2) return object(depth - 1);
    std::string array = "[";
    for (size_t count = below(4); count > 0; --count)
      array += value(depth - 1) + (count > 1 ? "," : "");
    return array + "]";
  }

  std::string object(size_t depth) { return "{" + members(depth, below(4)) + "}"; }

  // Members "x0", "x1", …
  std::string members(size_t depth, size_t count) {
    std::string joined;
    for (size_t i = 0; i < count; ++i) {
      joined += (i == 0 ? "\"x" : ",\"x") + std::to_string(i) + "\":" + value(depth);
    }
    return joined;
  }

  // `first`, and perhaps members that nobody knows, before it or after it.
  std::string with_others(const std::string& first) {
    if (!chance(30)) return "{" + first + "}";
    const std::string others = members(2, 1 + below(2));
    return chance(50) ? "{" + first + "," + others + "}" : "{" + others + "," + first + "}";
  }

  // `text` with one byte changed, gone or doubled.
  std::string damaged(std::string text) {
    const size_t at = below(text.size());
    switch (below(3)) {
      case 0:
        text[at] = "{}[]\",:\\0an\n\r \x80"[below(15)];
        break;
      case 1:
        text.erase(at, 1 + below(8));
        break;
      default:
        text.insert(at, text.substr(at, 1 + below(40)));
    }
    return text;
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace reprise::openai
