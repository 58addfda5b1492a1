#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reprise::base {

// Untrusted text for people's eyes: nothing it holds can end a line, move a terminal's cursor or
// turn the direction of writing. All of these append to `out`.

// As it is, but control characters, line separators, direction marks and backslashes as \n, \x1b or
// \u202e, and bytes that are no UTF-8 as \xff.
void append_escaped(std::string_view text, std::string& out);

// The same between double quotes, and without them if it is one plain word: a logfmt value.
void append_logfmt(std::string_view text, std::string& out);

// A JSON string, quotes included; of printable text, a TOML basic string too. Bytes that are no
// UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

// `text` between double quotes, escaped, cut if it is long: for messages that repeat what was
// given.
std::string in_quotes(std::string_view text);

// True if `text` is UTF-8 and holds nothing that append_escaped would have to replace, backslashes
// apart.
bool is_printable(std::string_view text);

}  // namespace reprise::base
