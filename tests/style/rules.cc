#include "style/rules.h"

#include <array>
#include <map>
#include <optional>
#include <regex>
#include <utility>

namespace reprise::style {

namespace {

constexpr size_t kLinesMax = 399;
constexpr size_t kColumnsMax = 100;

const std::map<std::string, int, std::less<>>& floors() {
  static const std::map<std::string, int, std::less<>> ranks = {
      {"base", 0},   {"net", 1},   {"http", 1},  {"recording", 2},
      {"openai", 2}, {"cache", 3}, {"proxy", 4}, {"app", 5}};
  return ranks;
}

// Door: where a third-party header may be included. `in` are beginnings of paths under src/.
struct Door {
  std::string_view header;  // the beginning of the name between the angle brackets
  std::vector<std::string_view> in;
};

const std::vector<Door>& doors() {
  static const std::vector<Door> all = {
      {"uv.h", {"net/"}},
      {"openssl/", {"net/tls_", "base/digest.cc", "base/seal.cc"}},
      {"llhttp.h", {"http/parser.cc"}},
      {"libmemcached", {"cache/memcached_client.cc"}},
      {"xxhash.h", {"base/digest.cc"}},
      {"simdjson.h", {"base/json.cc", "openai/answer_json.h"}},
      {"zlib.h", {"http/content_coding.cc"}},
      {"brotli/", {"http/content_coding.cc"}},
      {"zstd.h", {"http/content_coding.cc", "cache/compressor.cc"}},
      {"spdlog/", {"base/log.cc"}},
      {"prometheus/", {"proxy/metrics_text.cc"}},
      {"CLI/", {"app/"}},
      {"toml++/", {"app/"}},
  };
  return all;
}

std::string at(const SourceFile& file, size_t index, const std::string& what) {
  return file.path + ":" + std::to_string(index + 1) + ": " + what;
}

// What a line includes, between its quotes or brackets.
std::optional<std::string> included(const std::string& line, char open, char close) {
  size_t i = line.find_first_not_of(' ');
  if (i == std::string::npos || line.compare(i, 8, "#include") != 0) return std::nullopt;
  const size_t from = line.find(open, i + 8);
  if (from == std::string::npos) return std::nullopt;
  const size_t to = line.find(close, from + 1);
  if (to == std::string::npos) return std::nullopt;
  return line.substr(from + 1, to - from - 1);
}

// The folder of src/ that a file lies in; empty for files elsewhere.
std::string floor_of(const SourceFile& file) {
  if (!file.starts_with("src/")) return "";
  const std::string inside = file.path.substr(4);
  const size_t slash = inside.find('/');
  return slash == std::string::npos ? "" : inside.substr(0, slash);
}

bool opens(const Door& door, std::string_view path) {
  for (const std::string_view place : door.in) {
    if (path.starts_with(place)) return true;
  }
  return false;
}

// Code points: bytes that do not continue one.
size_t columns(const std::string& line) {
  size_t count = 0;
  for (const char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

// What is sent and expected in tests stands in one piece, however long.
bool is_sample(const SourceFile& file, const std::string& line) {
  return file.starts_with("tests/") && line.find("R\"") != std::string::npos;
}

// A line of C++ without its comment and without what is inside string literals.
std::string code_of(const std::string& line) {
  static const std::regex literal(R"("([^"\\]|\\.)*")");
  const std::string bare = std::regex_replace(line, literal, "\"\"");
  return bare.substr(0, bare.find("//"));
}

// Whether the comment right above line `index` begins with `name` and a colon.
bool has_card(const SourceFile& file, size_t index, const std::string& name) {
  const auto is = [&](size_t i, std::string_view start) {
    return file.lines[i].starts_with(start);
  };
  size_t top = index;
  while (top > 0 && (is(top - 1, "template") || is(top - 1, "//"))) --top;
  for (size_t i = top; i < index; ++i) {
    if (is(i, "// " + name + ":")) return true;
  }
  return false;
}

}  // namespace

Findings check_floors(const SourceFile& file) {
  Findings findings;
  const std::string own = floor_of(file);
  if (own.empty() || file.ends_with("CMakeLists.txt")) return findings;
  if (!floors().contains(own)) return {at(file, 0, "src/" + own + "/ is on no floor")};
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::optional<std::string> path = included(file.lines[i], '"', '"');
    if (!path) continue;
    const std::string folder = path->substr(0, path->find('/'));
    const auto floor = floors().find(folder);
    if (floor == floors().end()) {
      findings.push_back(at(file, i, "\"" + *path + "\" does not start with a folder of src/"));
    } else if (folder != own && floor->second >= floors().at(own)) {
      findings.push_back(at(file, i, own + "/ must not include " + folder + "/"));
    }
  }
  return findings;
}

Findings check_doors(const SourceFile& file) {
  Findings findings;
  if (!file.starts_with("src/")) return findings;
  const std::string_view inside = std::string_view(file.path).substr(4);
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::optional<std::string> header = included(file.lines[i], '<', '>');
    if (!header) continue;
    for (const Door& door : doors()) {
      if (header->starts_with(door.header) && !opens(door, inside)) {
        findings.push_back(at(file, i, "<" + *header + "> comes in through another door only"));
      }
    }
  }
  return findings;
}

Findings check_sizes(const SourceFile& file) {
  Findings findings;
  if (file.lines.size() > kLinesMax) {
    findings.push_back(at(file, kLinesMax, "400 lines and more: split the file"));
  }
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (columns(line) > kColumnsMax && !is_sample(file, line))
      findings.push_back(at(file, i, "more than 100 columns"));
    if (line.find('\t') != std::string::npos) findings.push_back(at(file, i, "a tab"));
    if (line.ends_with(' ')) findings.push_back(at(file, i, "trailing blanks"));
    if (line.ends_with('\r')) findings.push_back(at(file, i, "a carriage return"));
  }
  return findings;
}

Findings check_pragma(const SourceFile& file) {
  if (!file.ends_with(".h")) return {};
  if (!file.lines.empty() && file.lines[0] == "#pragma once") return {};
  return {at(file, 0, "a header begins with #pragma once")};
}

Findings check_words(const SourceFile& file) {
  // In two parts, so that this file passes.
  static const std::regex promises(
      "\\b(TO"
      "DO|FIX"
      "ME|X"
      "XX|HA"
      "CK)\\b");
  static const std::regex direction(
      "down"
      "stream",
      std::regex::icase);
  static const std::regex names("(^|[_/])(manager|utils?|helpers?|impl)([_.]|$)");
  static const std::regex exceptions(R"(\bthrow\b)");
  Findings findings;
  if (file.starts_with("src/") && std::regex_search(file.path, names)) {
    findings.push_back(at(file, 0, "a name that says nothing"));
  }
  const bool cpp = file.starts_with("src/") && (file.ends_with(".h") || file.ends_with(".cc"));
  for (size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i];
    if (std::regex_search(line, promises)) findings.push_back(at(file, i, "a promise: keep it"));
    if (!cpp) continue;
    if (std::regex_search(line, direction)) {
      findings.push_back(at(file, i, "the directions are client and upstream"));
    }
    if (std::regex_search(code_of(line), exceptions)) {
      findings.push_back(at(file, i, "we never throw"));
    }
  }
  return findings;
}

Findings check_cards(const SourceFile& file) {
  static const std::regex definition(
      R"(^class (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :.*|: .*)? ?\{)");
  Findings findings;
  if (!file.starts_with("src/") || !file.ends_with(".h")) return findings;
  for (size_t i = 0; i < file.lines.size(); ++i) {
    std::smatch match;
    if (!std::regex_search(file.lines[i], match, definition)) continue;
    if (!has_card(file, i, match[1])) {
      findings.push_back(at(file, i, "class " + match[1].str() + " has no card above it"));
    }
  }
  return findings;
}

}  // namespace reprise::style
