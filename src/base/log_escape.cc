#include "base/log_escape.h"

#include <cstdint>

namespace reprise::base {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr size_t kQuotedBytesMax = 256;

// Character: the one that a text begins with. `size` 0 means that its first byte begins none.
struct Character {
  uint32_t code = 0;
  size_t size = 0;
};

// One UTF-8 character (RFC 3629): shortest form, no surrogates, up to U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xC2 || lead > 0xF4) return {};
  const size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size) return {};
  uint32_t code = lead & (0xFFu >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3Fu);
  }
  constexpr uint32_t kLowest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLowest[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

// C0 and C1 controls, line and paragraph separators, and what changes the direction of writing or
// is invisible: all inside the basic plane, but for the language tags.
bool is_harmful(uint32_t code) {
  if (code < 0x20 || (code >= 0x7F && code <= 0x9F)) return true;
  if (code < 0x061C) return false;
  return code == 0x061C || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) ||
         code == 0xFEFF || (code >= 0xE0000 && code <= 0xE007F);
}

void append_hex(uint32_t value, int digits, std::string& out) {
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
    out += kHexDigits[(value >> shift) & 15];
  }
}

// The letter behind the backslash, or 0: the short escapes that JSON, TOML and C agree on.
char short_escape(uint32_t code) {
  switch (code) {
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    default:
      return 0;
  }
}

void append_code_escape(uint32_t code, std::string& out) {
  if (code < 0x100) {
    out += "\\x";
    append_hex(code, 2, out);
  } else if (code < 0x10000) {
    out += "\\u";
    append_hex(code, 4, out);
  } else {
    out += "\\U";
    append_hex(code, 8, out);
  }
}

void append_json_code(uint32_t code, std::string& out) {
  if (code >= 0x10000) {
    const uint32_t rest = code - 0x10000;
    append_json_code(0xD800 + (rest >> 10), out);
    code = 0xDC00 + (rest & 0x3FF);
  }
  out += "\\u";
  append_hex(code, 4, out);
}

// Calls plain(run) for runs that may stay, special(character, byte) for what must be replaced.
template <typename Plain, typename Special>
void split_runs(std::string_view text, Plain plain, Special special) {
  size_t run = 0;
  size_t at = 0;
  while (at < text.size()) {
    const Character character = first_character(text.substr(at));
    const bool kept = character.size != 0 && !is_harmful(character.code) &&
                      character.code != '\\' && character.code != '"';
    if (kept) {
      at += character.size;
      continue;
    }
    plain(text.substr(run, at - run));
    special(character, static_cast<unsigned char>(text[at]));
    at += character.size == 0 ? 1 : character.size;
    run = at;
  }
  plain(text.substr(run));
}

enum class Quotes : uint8_t { kBare, kEscaped };

void append_text(std::string_view text, Quotes quotes, std::string& out) {
  split_runs(
      text, [&](std::string_view run) { out += run; },
      [&](Character character, unsigned char byte) {
        if (character.size == 0) return append_code_escape(byte, out);
        const char letter = short_escape(character.code);
        if (character.code == '"') {
          out += quotes == Quotes::kEscaped ? "\\\"" : "\"";
        } else if (character.code == '\\') {
          out += "\\\\";
        } else if (letter != 0) {
          (out += '\\') += letter;
        } else {
          append_code_escape(character.code, out);
        }
      });
}

bool is_plain_word(std::string_view text) {
  if (text.empty() || text == "-") return false;
  for (char c : text) {
    if (c <= ' ' || c > '~' || c == '"' || c == '\\' || c == '=') return false;
  }
  return true;
}

}  // namespace

void append_escaped(std::string_view text, std::string& out) {
  append_text(text, Quotes::kBare, out);
}

void append_logfmt(std::string_view text, std::string& out) {
  if (is_plain_word(text)) {
    out += text;
    return;
  }
  out += '"';
  append_text(text, Quotes::kEscaped, out);
  out += '"';
}

void append_json_string(std::string_view text, std::string& out) {
  out += '"';
  split_runs(
      text, [&](std::string_view run) { out += run; },
      [&](Character character, unsigned char) {
        const char letter = short_escape(character.code);
        if (character.size == 0) {
          out += "\xEF\xBF\xBD";
        } else if (character.code == '"' || character.code == '\\') {
          (out += '\\') += static_cast<char>(character.code);
        } else if (letter != 0) {
          (out += '\\') += letter;
        } else {
          append_json_code(character.code, out);
        }
      });
  out += '"';
}

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  append_text(text.substr(0, kQuotedBytesMax), Quotes::kEscaped, out);
  out += text.size() > kQuotedBytesMax ? "…\"" : "\"";
  return out;
}

bool is_printable(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_character(text);
    if (character.size == 0 || is_harmful(character.code)) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

}  // namespace reprise::base
