#include "openai/raw_json.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace reprise::openai {

namespace {

// Separator: a character at which some readers of event streams end a line.
struct Separator {
  std::string_view raw;
  std::string_view escaped;
};

constexpr Separator kNextLine{"\xC2\x85", "\\u0085"};
constexpr Separator kLineSeparator{"\xE2\x80\xA8", "\\u2028"};
constexpr Separator kParagraphSeparator{"\xE2\x80\xA9", "\\u2029"};

const Separator* separator_at(std::string_view text) {
  for (const Separator* one : {&kNextLine, &kLineSeparator, &kParagraphSeparator}) {
    if (text.starts_with(one->raw)) return one;
  }
  return nullptr;
}

// Leads: finds the bytes that a separator may begin with. Where each of the two comes next is
// remembered until passed, so that the text is searched once for each.
class Leads {
 public:
  explicit Leads(std::string_view text)
      : text_(text), two_(find(kNextLine, 0)), three_(find(kLineSeparator, 0)) {}

  size_t next(size_t from) {
    if (two_ < from) two_ = find(kNextLine, from);
    if (three_ < from) three_ = find(kLineSeparator, from);
    return std::min(two_, three_);
  }

 private:
  size_t find(const Separator& separator, size_t from) const {
    return std::min(text_.find(separator.raw.front(), from), text_.size());
  }

  std::string_view text_;
  size_t two_;
  size_t three_;
};

std::string escape_separators(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  Leads leads(text);
  size_t kept = 0;
  for (size_t at = leads.next(0); at < text.size(); at = leads.next(at)) {
    const Separator* separator = separator_at(text.substr(at));
    if (separator == nullptr) {
      ++at;
      continue;
    }
    escaped.append(text.substr(kept, at - kept)).append(separator->escaped);
    at += separator->raw.size();
    kept = at;
  }
  escaped.append(text.substr(kept));
  return escaped;
}

}  // namespace

JsonKind json_kind(std::string_view raw) {
  if (raw.empty()) return JsonKind::kAbsent;
  switch (raw.front()) {
    case 'n':
      return JsonKind::kNull;
    case 't':
    case 'f':
      return JsonKind::kBool;
    case '"':
      return JsonKind::kString;
    case '[':
      return JsonKind::kArray;
    case '{':
      return JsonKind::kObject;
    default:
      return JsonKind::kNumber;
  }
}

std::optional<uint32_t> json_count(std::string_view raw) {
  uint32_t number = 0;
  const char* end = raw.data() + raw.size();
  const auto [at, error] = std::from_chars(raw.data(), end, number);
  if (error != std::errc() || at != end) return std::nullopt;
  return number;
}

std::string_view json_member(std::string_view object, std::string_view name) {
  bool more = object.size() > 1 && object[1] == '"';
  for (size_t at = 1; more;) {
    const size_t colon = base::json_string_end(object, at);
    const size_t end = base::json_value_end(object, colon + 1);
    if (object.substr(at + 1, colon - at - 2) == name) {
      return object.substr(colon + 1, end - colon - 1);
    }
    more = end < object.size() && object[end] == ',';
    at = end + 1;
  }
  return {};
}

void append_part(std::string& joined, std::string_view part) {
  if (!joined.empty() && !part.empty()) joined += ',';
  joined.append(part);
}

void append_member(std::string& joined, std::string_view name, std::string_view raw) {
  if (!joined.empty()) joined += ',';
  joined.append("\"").append(name).append("\":").append(raw);
}

Refused refused_for(base::JsonFault fault) {
  switch (fault) {
    case base::JsonFault::kNone:
      return std::nullopt;
    case base::JsonFault::kTooLarge:
    case base::JsonFault::kMembers:
      return Unconvertible::kTooLarge;
    default:
      return Unconvertible::kMalformed;
  }
}

Converted read_answer(std::string_view json) {
  base::JsonNormaliser normaliser;
  if (const Refused refused = refused_for(normaliser.read(json))) {
    return tl::unexpected(*refused);
  }
  return escape_separators(normaliser.text());
}

RawWriter& RawWriter::key(std::string_view name) {
  text(name);
  append(":");
  after_value_ = false;
  return *this;
}

RawWriter& RawWriter::value(std::string_view raw) {
  separate();
  append(raw);
  after_value_ = true;
  return *this;
}

RawWriter& RawWriter::text(std::string_view content) {
  separate();
  append("\"");
  append(content);
  append("\"");
  after_value_ = true;
  return *this;
}

RawWriter& RawWriter::number(uint64_t number) { return value(std::to_string(number)); }

RawWriter& RawWriter::joined(std::string_view parts) {
  return parts.empty() ? *this : value(parts);
}

RawWriter& RawWriter::begin_event(std::string_view name) {
  if (!name.empty()) {
    append("event: ");
    append(name);
    append("\n");
  }
  append("data: ");
  after_value_ = false;
  return *this;
}

RawWriter& RawWriter::end_event() {
  append("\n\n");
  return *this;
}

RawWriter& RawWriter::event(std::string_view name, std::string_view data) {
  begin_event(name);
  for (size_t end = data.find('\n'); end != std::string_view::npos; end = data.find('\n')) {
    append(data.substr(0, end + 1));
    append("data: ");
    data.remove_prefix(end + 1);
  }
  append(data);
  return end_event();
}

RawWriter& RawWriter::done() {
  append("data: [DONE]\n\n");
  return *this;
}

Converted RawWriter::take() && {
  if (overflowed_) return tl::unexpected(Unconvertible::kTooLarge);
  return std::move(text_);
}

RawWriter& RawWriter::open(std::string_view bracket) {
  separate();
  append(bracket);
  after_value_ = false;
  return *this;
}

RawWriter& RawWriter::close(std::string_view bracket) {
  append(bracket);
  after_value_ = true;
  return *this;
}

void RawWriter::separate() {
  if (after_value_) append(",");
}

void RawWriter::append(std::string_view bytes) {
  if (overflowed_ || bytes.size() > bytes_max_ - text_.size()) {
    overflowed_ = true;
    return;
  }
  text_.append(bytes);
}

}  // namespace reprise::openai
