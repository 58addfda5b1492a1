#pragma once

#include <cstddef>
#include <string_view>

namespace reprise::openai {

// Bytes of a piece, as written in JSON.
inline constexpr size_t kPieceBytesMax = 48;

// The first piece of `content`, which is what is inside a raw JSON string and not empty: a word and
// the white space before it, never more than kPieceBytesMax, and never cut inside a UTF-8 sequence
// or an escape. Like the tokens that models send.
std::string_view next_piece(std::string_view content);

// How many pieces `content` has, about and rather too many: what its beginning lets expect.
size_t estimate_pieces(std::string_view content);

// Calls `visit` for each piece of `content`, until it returns false.
template <typename Visit>
void for_each_piece(std::string_view content, Visit visit) {
  while (!content.empty()) {
    const std::string_view piece = next_piece(content);
    content.remove_prefix(piece.size());
    if (!visit(piece)) return;
  }
}

}  // namespace reprise::openai
