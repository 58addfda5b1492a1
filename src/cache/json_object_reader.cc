#include "cache/json_object_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/duration.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "base/timestamp.h"
#include "openai/base64.h"
#include "openai/raw_json.h"

namespace reprise::cache {

namespace {

constexpr std::string_view kBase64 = "base64";

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string joined(std::string_view object, std::string_view name) {
  std::string path(object);
  if (!object.empty() && !name.empty()) path += '.';
  return path.append(name);
}

std::string_view fault_text(base::JsonFault fault) {
  switch (fault) {
    case base::JsonFault::kNone:
    case base::JsonFault::kSyntax:
      return "malformed JSON";
    case base::JsonFault::kNotObject:
      return "expected a JSON object";
    case base::JsonFault::kUtf8:
      return "malformed UTF-8";
    case base::JsonFault::kSurrogate:
      return "half of a surrogate pair";
    case base::JsonFault::kDuplicate:
      return "two members of one name";
    case base::JsonFault::kDepth:
      return "nested too deep";
    case base::JsonFault::kMembers:
      return "too many members";
    case base::JsonFault::kTrailing:
      return "something behind the object";
    case base::JsonFault::kTooLarge:
      return "too large";
  }
  return {};
}

std::string line_of(std::string_view text, size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return "line " + std::to_string(1 + std::count(text.begin(), end, '\n'));
}

}  // namespace

base::Result<void> read_document(std::string_view text, base::JsonNormaliser& document) {
  const base::JsonFault fault = document.read(text);
  if (fault == base::JsonFault::kNone) return {};
  return base::fail(base::ErrorKind::kRefuse,
                    line_of(text, document.offset()).append(": ").append(fault_text(fault)));
}

void DocumentFault::note(std::string_view object, std::string_view name, std::string_view what) {
  if (none()) text_ = joined(object, name).append(": ").append(what);
}

JsonObjectReader::JsonObjectReader(std::string_view object, std::string_view path,
                                   DocumentFault& fault)
    : path_(path), fault_(fault) {
  if (openai::json_kind(object) != openai::JsonKind::kObject) {
    if (!object.empty()) fail({}, "expected an object");
    return;
  }
  base::for_each_json_member(object, [this](std::string_view name, std::string_view value) {
    members_.push_back({name, value, false});
  });
}

std::string JsonObjectReader::path_of(std::string_view name) const { return joined(path_, name); }

std::string_view JsonObjectReader::take_optional(std::string_view name) {
  const auto member =
      std::ranges::find_if(members_, [&](const Member& one) { return one.name == name; });
  if (member == members_.end()) return {};
  member->taken = true;
  return member->value;
}

std::string_view JsonObjectReader::take(std::string_view name) {
  const std::string_view value = take_optional(name);
  if (value.empty()) fail(name, "missing");
  return value;
}

std::string JsonObjectReader::text(std::string_view name) {
  const std::string_view raw = take(name);
  if (openai::is_json_string(raw)) return base::json_string_value(raw);
  fail(name, "expected a string");
  return {};
}

std::string JsonObjectReader::bytes(std::string_view name, size_t bytes_max) {
  std::optional<std::string> value = bytes_of_json(take(name));
  if (!value) {
    fail(name, "expected a string, or base64 in an object");
  } else if (value->size() > bytes_max) {
    fail(name, "more than " + std::to_string(bytes_max) + " bytes");
  } else {
    return *std::move(value);
  }
  return {};
}

uint64_t JsonObjectReader::number(std::string_view name, uint64_t value_max) {
  const auto value = json_number(take(name), value_max);
  if (!value) fail(name, "expected a whole number up to " + std::to_string(value_max));
  return value.value_or(0);
}

bool JsonObjectReader::truth(std::string_view name) {
  const std::string_view raw = take(name);
  if (openai::json_kind(raw) != openai::JsonKind::kBool) fail(name, "expected true or false");
  return raw == "true";
}

int64_t JsonObjectReader::time_us(std::string_view name) {
  const auto value = base::parse_rfc3339_utc(text(name));
  if (!value) fail(name, "expected a time such as 2026-03-01T12:34:56.012345Z");
  return value.value_or(0);
}

int64_t JsonObjectReader::duration_ms(std::string_view name) {
  const auto value = base::parse_duration_ms(text(name));
  if (!value) fail(name, value.error().detail);
  return value.value_or(0);
}

std::string_view JsonObjectReader::hex(std::string_view name, size_t digits) {
  constexpr size_t kQuotes = 2;
  std::string_view raw = take(name);
  if (openai::is_json_string(raw) && raw.size() == digits + kQuotes) {
    raw = raw.substr(1, digits);
    if (is_hex(raw)) return raw;
  }
  fail(name, "expected " + std::to_string(digits) + " of 0-9 and a-f");
  return {};
}

void JsonObjectReader::version(std::string_view name, uint64_t version) {
  const uint64_t given = number(name, UINT64_MAX);
  if (given == version) return;
  fail(name,
       "format " + std::to_string(given) + ", and this build reads " + std::to_string(version));
}

void JsonObjectReader::fail_at(std::string_view name, size_t place, std::string_view what) {
  fail(std::string(name) + "[" + std::to_string(place) + "]", what);
}

void JsonObjectReader::finish() {
  constexpr size_t kNameBytesMax = 64;
  for (const Member& member : members_) {
    if (!member.taken) return fail(member.name.substr(0, kNameBytesMax), "unknown");
  }
}

std::array<std::string_view, 2> json_pair(std::string_view raw) {
  std::array<std::string_view, 2> pair;
  size_t parts = 0;
  if (!openai::is_json_array(raw)) return pair;
  base::for_each_json_element(raw, [&](std::string_view part) {
    if (parts < pair.size()) pair[parts] = part;
    ++parts;
  });
  return parts == pair.size() ? pair : std::array<std::string_view, 2>{};
}

std::optional<uint64_t> json_number(std::string_view raw, uint64_t value_max) {
  uint64_t value = 0;
  const char* const end = raw.data() + raw.size();
  const auto parsed = std::from_chars(raw.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > value_max) return std::nullopt;
  return value;
}

std::string json_of_bytes(std::string_view bytes) {
  std::string json;
  if (base::valid_utf8(bytes)) {
    base::append_json_string(json, bytes);
    return json;
  }
  json.append("{\"").append(kBase64).append("\":\"");
  openai::append_base64(json, bytes);
  json.append("\"}");
  return json;
}

std::optional<std::string> bytes_of_json(std::string_view raw) {
  if (openai::is_json_string(raw)) return base::json_string_value(raw);
  if (openai::json_kind(raw) != openai::JsonKind::kObject) return std::nullopt;
  std::optional<std::string> value;
  size_t members = 0;
  base::for_each_json_member(raw, [&](std::string_view name, std::string_view digits) {
    std::string bytes;
    const bool good = name == kBase64 && openai::is_json_string(digits) &&
                      openai::append_base64_decoded(bytes, base::json_string_value(digits));
    if (good) value = std::move(bytes);
    ++members;
  });
  if (members != 1) return std::nullopt;
  return value;
}

}  // namespace reprise::cache
