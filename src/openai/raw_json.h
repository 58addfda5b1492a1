#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "openai/conversion.h"

namespace reprise::openai {

// Raw JSON: texts that base::JsonNormaliser wrote, taken apart and put together again without
// reading their values: numbers keep their lexeme and strings their spelling. Everywhere here a
// name or the content of a string is meant as written, without its quotes, and an empty text is a
// value that is not there.

enum class JsonKind : uint8_t { kAbsent, kNull, kBool, kNumber, kString, kArray, kObject };

JsonKind json_kind(std::string_view raw);

// There, and not null.
inline bool json_given(std::string_view raw) { return !raw.empty() && raw.front() != 'n'; }
inline bool is_json_string(std::string_view raw) { return !raw.empty() && raw.front() == '"'; }
inline bool is_json_array(std::string_view raw) { return !raw.empty() && raw.front() == '['; }
inline bool is_json_object(std::string_view raw) { return !raw.empty() && raw.front() == '{'; }

// What is between the first and the last byte of a string, an array or an object.
inline std::string_view json_inside(std::string_view raw) { return raw.substr(1, raw.size() - 2); }

// The whole number that `raw` is, if it has neither sign, fraction nor exponent and is below 2^32.
std::optional<uint32_t> json_count(std::string_view raw);

// The value of the member called `name` of the object that `object` begins with. Looks at all
// members before it.
std::string_view json_member(std::string_view object, std::string_view name);

// Refused: why a text or a piece of one cannot be converted; nothing if it can.
using Refused = std::optional<Unconvertible>;

// RawCursor: a place in raw JSON, at a value. Whoever is given one takes the value or goes through
// its parts, so that none is read twice, and leaves the place behind it; or refuses.
class RawCursor {
 public:
  explicit RawCursor(std::string_view raw) : raw_(raw) {}

  JsonKind kind() const { return json_kind(rest()); }
  // The value and what follows it.
  std::string_view rest() const { return raw_.substr(at_); }
  // The value.
  std::string_view take() {
    const size_t from = std::exchange(at_, base::json_value_end(raw_, at_));
    return raw_.substr(from, at_ - from);
  }
  // True if it is null, which is then taken.
  bool take_null() {
    const bool null = kind() == JsonKind::kNull;
    if (null) take();
    return null;
  }
  // Of an object: calls `visit(name, cursor)` for each member until it refuses.
  template <typename Visit>
  Refused members(Visit visit) {
    return parts([&] {
      const size_t colon = base::json_string_end(raw_, at_);
      const std::string_view name = raw_.substr(at_ + 1, colon - at_ - 2);
      at_ = colon + 1;
      return visit(name, *this);
    });
  }
  // Of an array: calls `visit(cursor)` for each element until it refuses.
  template <typename Visit>
  Refused elements(Visit visit) {
    return parts([&] { return visit(*this); });
  }

 private:
  template <typename Part>
  Refused parts(Part part) {
    ++at_;
    while (at_ < raw_.size() && raw_[at_] != '}' && raw_[at_] != ']') {
      if (const Refused refused = part()) return refused;
      if (at_ < raw_.size() && raw_[at_] == ',') ++at_;
    }
    at_ = std::min(at_ + 1, raw_.size());
    return std::nullopt;
  }

  std::string_view raw_;
  size_t at_ = 0;
};

// Calls `visit(name, value)` for each member, or `visit(value)` for each element, until it refuses.
template <typename Visit>
Refused visit_members(std::string_view object, Visit visit) {
  return RawCursor(object).members(
      [&visit](std::string_view name, RawCursor& value) { return visit(name, value.take()); });
}
template <typename Visit>
Refused visit_elements(std::string_view array, Visit visit) {
  return RawCursor(array).elements([&visit](RawCursor& value) { return visit(value.take()); });
}

// Appends `part` to members or elements that are separated by commas.
void append_part(std::string& joined, std::string_view part);
void append_member(std::string& joined, std::string_view name, std::string_view raw);

// What a fault of the normaliser means here.
Refused refused_for(base::JsonFault fault);

// The raw JSON of a whole answer, with the line separators that some readers of event streams split
// at (U+0085, U+2028, U+2029) escaped: every part of it may be put into an event.
Converted read_answer(std::string_view json);

// RawWriter: builds one JSON text, or a stream of events, of raw JSON, without white space. The
// caller keeps the nesting right. Bound: holds at most `bytes_max`; what is more is not kept, and
// take() says so. Loops ask overflowed(), so that little is done in vain.
class RawWriter {
 public:
  explicit RawWriter(size_t bytes_max) : bytes_max_(bytes_max) {}

  RawWriter& begin_object() { return open("{"); }
  RawWriter& end_object() { return close("}"); }
  RawWriter& begin_array() { return open("["); }
  RawWriter& end_array() { return close("]"); }

  RawWriter& key(std::string_view name);
  RawWriter& value(std::string_view raw);
  RawWriter& text(std::string_view content);
  RawWriter& number(uint64_t number);
  RawWriter& member(std::string_view name, std::string_view raw) { return key(name).value(raw); }
  RawWriter& text_member(std::string_view name, std::string_view content) {
    return key(name).text(content);
  }
  RawWriter& number_member(std::string_view name, uint64_t value) {
    return key(name).number(value);
  }
  // Members or elements that append_part joined; none if empty.
  RawWriter& joined(std::string_view parts);

  // One event: between these two comes one JSON text. An empty name writes no `event` line.
  RawWriter& begin_event(std::string_view name = {});
  RawWriter& end_event();
  // One whole event with any `data`: a `data` line for each of its lines.
  RawWriter& event(std::string_view name, std::string_view data);
  // Text of whole events.
  RawWriter& verbatim(std::string_view text) {
    append(text);
    return *this;
  }
  // `data: [DONE]`, to the byte.
  RawWriter& done();

  // Makes room for so many more bytes at once, within the bound.
  void reserve(size_t bytes) {
    text_.reserve(text_.size() + std::min(bytes, bytes_max_ - text_.size()));
  }
  bool overflowed() const { return overflowed_; }
  Converted take() &&;
  // What was written since clear(), for those who pass it on piece by piece.
  std::string_view held() const { return text_; }
  void clear() { text_.clear(); }

 private:
  RawWriter& open(std::string_view bracket);
  RawWriter& close(std::string_view bracket);
  void separate();
  void append(std::string_view bytes);

  const size_t bytes_max_;
  std::string text_;
  bool after_value_ = false;  // a comma is due before whatever comes next
  bool overflowed_ = false;
};

}  // namespace reprise::openai
