#include "cache/cassette_body.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/json_layout.h"
#include "openai/base64.h"
#include "openai/raw_json.h"

namespace reprise::cache {

namespace {

using base::JsonLayout;

constexpr std::string_view kEvents = "events";
constexpr std::string_view kJson = "json";
constexpr std::string_view kText = "text";
constexpr std::string_view kBase64 = "base64";
constexpr std::string_view kLayout = "layout";
constexpr std::string_view kBefore = "before";
constexpr std::string_view kBehind = "behind";
constexpr std::string_view kArrived = "arrived_ms";

constexpr std::string_view kCompact = "compact";
constexpr std::string_view kExpanded = "expanded";

constexpr std::string_view kWhiteSpace = " \t\r\n";
// A body's JSON lies in an answer's object, and that in the document's.
constexpr size_t kDepthAround = 2;

// --- writing ------------------------------------------------------------------------------------

void write_events(const recording::Record& record, base::JsonWriter& out) {
  const std::string_view stream = record.body().view();
  const std::vector<recording::Mark>& marks = record.marks();
  size_t mark = 0;
  uint64_t begin = 0;
  out.key(kEvents).begin_array();
  for (const uint64_t end : event_ends(stream)) {
    while (mark < marks.size() && marks[mark].end < end) ++mark;
    out.begin_array().value(mark < marks.size() ? marks[mark].offset_ms : 0);
    out.value(stream.substr(begin, end - begin)).end_array();
    begin = end;
  }
  out.end_array();
}

void write_arrival(const recording::Record& record, base::JsonWriter& out) {
  if (!record.marks().empty()) out.member(kArrived, record.marks().back().offset_ms);
}

// The layout in which `object` is written, `raw` being the same without white space.
std::optional<std::string_view> layout_of(std::string_view object, std::string_view raw) {
  if (object == raw) return kCompact;
  const auto expanded = base::lay_out_json(raw, JsonLayout::kExpanded, object.size());
  if (expanded && *expanded == object) return kExpanded;
  return std::nullopt;
}

// False if the body is no JSON object, or one that would not come back to the byte.
bool write_json(const recording::Record& record, base::JsonNormaliser& json,
                base::JsonWriter& out) {
  const std::string_view body = record.body().view();
  const size_t begin = std::min(body.find_first_not_of(kWhiteSpace), body.size());
  const size_t end = body.find_last_not_of(kWhiteSpace) + 1;
  if (begin >= end) return false;
  const std::string_view object = body.substr(begin, end - begin);
  if (json.read(object) != base::JsonFault::kNone) return false;
  if (base::json_depth(json.text()) > base::JsonNormaliser::kDepthMax - kDepthAround) return false;
  const auto layout = layout_of(object, json.text());
  if (!layout) return false;
  write_arrival(record, out);
  out.member(kLayout, *layout);
  if (begin > 0) out.member(kBefore, body.substr(0, begin));
  if (end < body.size()) out.member(kBehind, body.substr(end));
  out.key(kJson).raw(json.text());
  return true;
}

void write_text(std::string_view body, base::JsonWriter& out) {
  out.key(kText).begin_array();
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const size_t size = end == std::string_view::npos ? body.size() : end + 1;
    out.value(body.substr(0, size));
    body.remove_prefix(size);
  }
  out.end_array();
}

// --- reading ------------------------------------------------------------------------------------

// BodyReader: one body on its way out of a file.
class BodyReader {
 public:
  BodyReader(JsonObjectReader& in, size_t bytes_max) : in_(in), bytes_max_(bytes_max) {}

  void read_events() {
    read_pairs(in_, kEvents, [this](std::string_view time, std::string_view text) {
      return take_event(time, text);
    });
  }

  void read_json(std::string_view raw) {
    if (openai::json_kind(raw) != openai::JsonKind::kObject) {
      return in_.fail(kJson, "expected an object");
    }
    const std::string layout = in_.text(kLayout);
    append_space(kBefore);
    if (layout == kCompact) {
      append(kJson, raw);
    } else if (layout == kExpanded) {
      const auto expanded = base::lay_out_json(raw, JsonLayout::kExpanded, bytes_max_);
      if (!expanded) return too_large(kJson);
      append(kJson, *expanded);
    } else {
      in_.fail(kLayout, "expected compact or expanded");
    }
    append_space(kBehind);
  }

  void read_text(std::string_view raw) {
    if (!openai::is_json_array(raw)) return in_.fail(kText, "expected an array of strings");
    base::for_each_json_element(raw, [this](std::string_view line) {
      if (!openai::is_json_string(line)) return in_.fail(kText, "expected an array of strings");
      append(kText, base::json_string_value(line));
    });
  }

  void read_base64(std::string_view raw) {
    std::string bytes;
    if (!openai::is_json_string(raw) ||
        !openai::append_base64_decoded(bytes, base::json_string_value(raw))) {
      return in_.fail(kBase64, "malformed base64");
    }
    append(kBase64, bytes);
  }

  void read_arrival() {
    constexpr uint32_t kMax = std::numeric_limits<uint32_t>::max();
    const std::string_view raw = in_.take_optional(kArrived);
    if (raw.empty()) return;
    const auto ms = json_number(raw, kMax);
    if (!ms) return in_.fail(kArrived, "expected a number of milliseconds");
    if (!body_.bytes.empty()) mark(static_cast<uint32_t>(*ms));
  }

  RecordedBody take() && { return std::move(body_); }

 private:
  // What is wrong with it.
  std::string_view take_event(std::string_view time, std::string_view text) {
    const auto ms = json_number(time, std::numeric_limits<uint32_t>::max());
    if (!ms || !openai::is_json_string(text)) return "expected [milliseconds, text]";
    const auto offset_ms = static_cast<uint32_t>(*ms);
    if (!body_.marks.empty() && offset_ms < body_.marks.back().offset_ms) {
      return "earlier than the one before it";
    }
    const size_t before = body_.bytes.size();
    append(kEvents, base::json_string_value(text));
    if (body_.bytes.size() > before) mark(offset_ms);
    return {};
  }

  // What came at the same time is one mark, as when it was recorded.
  void mark(uint32_t offset_ms) {
    std::vector<recording::Mark>& marks = body_.marks;
    if (!marks.empty() && marks.back().offset_ms == offset_ms) marks.pop_back();
    marks.push_back({body_.bytes.size(), offset_ms});
  }

  void append_space(std::string_view name) {
    const std::string_view raw = in_.take_optional(name);
    if (raw.empty()) return;
    const std::string space = openai::is_json_string(raw) ? base::json_string_value(raw) : "?";
    if (space.find_first_not_of(kWhiteSpace) != std::string::npos) {
      return in_.fail(name, "expected white space");
    }
    append(name, space);
  }

  void append(std::string_view name, std::string_view bytes) {
    if (bytes.size() > bytes_max_ - body_.bytes.size()) return too_large(name);
    body_.bytes.append(bytes);
  }

  void too_large(std::string_view name) {
    in_.fail(name, "a body of more than " + std::to_string(bytes_max_) + " bytes");
  }

  JsonObjectReader& in_;
  const size_t bytes_max_;
  RecordedBody body_;
};

}  // namespace

void write_body(const recording::Record& record, BodyKind kind, base::JsonNormaliser& json,
                base::JsonWriter& out) {
  const std::string_view body = record.body().view();
  const bool is_text = base::valid_utf8(body);
  if (kind == BodyKind::kStream && is_text) return write_events(record, out);
  if (kind == BodyKind::kWhole && is_text && write_json(record, json, out)) return;
  write_arrival(record, out);
  if (is_text) return write_text(body, out);
  std::string digits;
  openai::append_base64(digits, body);
  out.member(kBase64, digits);
}

RecordedBody read_body(JsonObjectReader& in, BodyKind kind, size_t bytes_max) {
  const std::string_view events = in.take_optional(kEvents);
  const std::string_view json = in.take_optional(kJson);
  const std::string_view text = in.take_optional(kText);
  const std::string_view base64 = in.take_optional(kBase64);
  BodyReader reader(in, bytes_max);
  const int shapes = (events.empty() ? 0 : 1) + (json.empty() ? 0 : 1) + (text.empty() ? 0 : 1) +
                     (base64.empty() ? 0 : 1);
  if (shapes != 1) {
    in.fail({}, "expected one of events, json, text and base64");
    return {};
  }
  if (!events.empty() && kind == BodyKind::kWhole) in.fail(kEvents, "the form is no stream");
  if (!json.empty() && kind == BodyKind::kStream) in.fail(kJson, "the form is a stream");
  if (!events.empty()) reader.read_events();
  if (!json.empty()) reader.read_json(json);
  if (!text.empty()) reader.read_text(text);
  if (!base64.empty()) reader.read_base64(base64);
  if (events.empty()) reader.read_arrival();
  return std::move(reader).take();
}

std::vector<uint64_t> event_ends(std::string_view stream) {
  std::vector<uint64_t> ends;
  bool line_empty = true;
  bool filled = false;  // the piece says something
  for (size_t at = 0; at < stream.size(); ++at) {
    const char c = stream[at];
    if (c != '\r' && c != '\n') {
      filled = true;
      line_empty = false;
      continue;
    }
    if (stream.substr(at, 2) == "\r\n") ++at;
    if (line_empty && filled) {
      ends.push_back(at + 1);
      filled = false;
    }
    line_empty = true;
  }
  if (!stream.empty() && (ends.empty() || ends.back() < stream.size())) {
    ends.push_back(stream.size());
  }
  return ends;
}

}  // namespace reprise::cache
