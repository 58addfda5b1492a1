#include "base/json_text.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "base/json.h"

namespace reprise::base {

namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

// Behind its backslash, or 0.
char short_escape(uint32_t code) {
  switch (code) {
    case '"':
    case '\\':
      return static_cast<char>(code);
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

uint32_t unescape_short(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return static_cast<unsigned char>(c);
  }
}

// Non-zero if a byte of `word` is a quote or a backslash; the lowest set bit is in the first one.
uint64_t quotes_and_backslashes(uint64_t word) {
  const uint64_t quote = word ^ (kOnes * '"');
  const uint64_t backslash = word ^ (kOnes * '\\');
  return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHighs;
}

size_t find_quote_or_backslash(std::string_view text, size_t at) {
  for (; at + 8 <= text.size(); at += 8) {
    const uint64_t found = quotes_and_backslashes(load_word(text.data() + at));
    if (found != 0) return at + static_cast<size_t>(std::countr_zero(found)) / 8;
  }
  while (at < text.size() && text[at] != '"' && text[at] != '\\') ++at;
  return at;
}

size_t container_end(std::string_view text, size_t at) {
  size_t depth = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"':
        at = json_string_end(text, at);
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return at;
}

size_t number_end(std::string_view text, size_t at) {
  while (at < text.size() && text[at] != ',' && text[at] != ']' && text[at] != '}') ++at;
  return at;
}

}  // namespace

bool read_unicode_escape(const char* from, const char* end, uint32_t* code) {
  if (end - from < 6 || from[0] != '\\' || from[1] != 'u') return false;
  uint32_t value = 0;
  for (int i = 2; i < 6; ++i) {
    const char c = from[i];
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value << 4 | static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value << 4 | static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return false;
    }
  }
  *code = value;
  return true;
}

char* write_utf8(uint32_t code, char* out) {
  const auto put = [&out](uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
  return out;
}

char* write_json_character(uint32_t code, char* out) {
  const char escape = short_escape(code);
  if (escape != 0) {
    *out++ = '\\';
    *out++ = escape;
    return out;
  }
  if (code >= 0x20) return write_utf8(code, out);
  out[0] = '\\';
  out[1] = 'u';
  out[2] = out[3] = '0';
  out[4] = kHexDigits[code >> 4];
  out[5] = kHexDigits[code & 15];
  return out + 6;
}

size_t json_string_end(std::string_view text, size_t at) {
  for (++at;; at += 2) {
    at = find_quote_or_backslash(text, at);
    if (at >= text.size()) return text.size();
    if (text[at] == '"') return at + 1;
  }
}

size_t json_value_end(std::string_view text, size_t at) {
  if (at >= text.size()) return text.size();
  switch (text[at]) {
    case '"':
      return json_string_end(text, at);
    case '{':
    case '[':
      return container_end(text, at);
    case 'n':
    case 't':
      return std::min(at + 4, text.size());
    case 'f':
      return std::min(at + 5, text.size());
    default:
      return number_end(text, at);
  }
}

std::string json_string_value(std::string_view text) {
  std::string value;
  if (text.size() < 2) return value;
  value.reserve(text.size());
  const char* in = text.data() + 1;
  const char* end = text.data() + text.size() - 1;
  while (in < end) {
    uint32_t code = 0;
    if (*in != '\\' || end - in < 2) {
      value.push_back(*in++);
    } else if (read_unicode_escape(in, end, &code)) {
      value.push_back(static_cast<char>(code));  // only control characters are written so
      in += 6;
    } else {
      value.push_back(static_cast<char>(unescape_short(in[1])));
      in += 2;
    }
  }
  return value;
}

}  // namespace reprise::base
