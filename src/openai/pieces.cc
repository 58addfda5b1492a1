#include "openai/pieces.h"

#include <algorithm>
#include <cstdint>

namespace reprise::openai {

namespace {

// Bytes of the character that `text` begins with, escaped or not.
size_t character_size(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text.front());
  if (lead == '\\') return text.size() > 1 && text[1] == 'u' ? 6 : 2;
  if (lead < 0xC0) return 1;
  return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

// A character of its own, and neither space nor part of an escape.
bool is_plain(char c) { return c > ' ' && c != '\\'; }

bool is_space(std::string_view text) {
  if (text.front() == ' ') return true;
  return text.size() > 1 && text[0] == '\\' && (text[1] == 'n' || text[1] == 'r' || text[1] == 't');
}

}  // namespace

std::string_view next_piece(std::string_view content) {
  size_t end = 0;
  bool in_word = false;
  while (end < content.size()) {
    if (is_plain(content[end]) && end < kPieceBytesMax) {
      in_word = true;
      ++end;
      continue;
    }
    const std::string_view rest = content.substr(end);
    const bool space = is_space(rest);
    if (space && in_word) break;
    const size_t size = std::min(character_size(rest), rest.size());
    if (end + size > kPieceBytesMax) break;
    in_word = !space;
    end += size;
  }
  return content.substr(0, end);
}

size_t estimate_pieces(std::string_view content) {
  constexpr size_t kBeginningBytes = 4096;
  const std::string_view beginning = content.substr(0, kBeginningBytes);
  size_t count = 0;
  for_each_piece(beginning, [&count](std::string_view) {
    ++count;
    return true;
  });
  if (beginning.size() == content.size()) return count;
  return count * (content.size() / beginning.size() + 1) * 17 / 16;
}

}  // namespace reprise::openai
