#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "openai/raw_json.h"

namespace reprise::cache {

// Reads the text of a document. The error says in which line it is malformed, and how.
base::Result<void> read_document(std::string_view text, base::JsonNormaliser& document);

// DocumentFault: the first thing that is wrong with a document, for people: where, and what.
class DocumentFault {
 public:
  bool none() const { return text_.empty(); }
  // "object.name: what"; later ones are not kept.
  void note(std::string_view object, std::string_view name, std::string_view what);
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

// JsonObjectReader: takes an object of a document apart that people may have edited, and is strict
// about it: every member is one that is asked for. Failure goes into the document's fault; what
// cannot be read is empty or 0, so a caller may read on and ask once.
// Owner: whoever reads. What it is given outlives it.
class JsonObjectReader {
 public:
  // `object` is raw JSON that base::JsonNormaliser wrote. `path` is its name in faults; the
  // document itself has none.
  JsonObjectReader(std::string_view object, std::string_view path, DocumentFault& fault);

  // Raw; empty if there is none, which is a fault only to take().
  std::string_view take(std::string_view name);
  std::string_view take_optional(std::string_view name);

  // What json_of_bytes wrote.
  std::string bytes(std::string_view name, size_t bytes_max);
  std::string text(std::string_view name);
  uint64_t number(std::string_view name, uint64_t value_max);
  bool truth(std::string_view name);
  // In RFC 3339, in microseconds.
  int64_t time_us(std::string_view name);
  // As options are given, in milliseconds.
  int64_t duration_ms(std::string_view name);
  // That many of 0-9 and a-f.
  std::string_view hex(std::string_view name, size_t digits);

  // A fault unless the number under `name`, the document's format, is `version`.
  void version(std::string_view name, uint64_t version);

  // A fault if there is a member that nobody has taken.
  void finish();

  void fail(std::string_view name, std::string_view what) { fault_.note(path_, name, what); }
  // Of an element of the array under `name`.
  void fail_at(std::string_view name, size_t place, std::string_view what);
  DocumentFault& fault() { return fault_; }
  std::string path_of(std::string_view name) const;

 private:
  struct Member {
    std::string_view name;
    std::string_view value;
    bool taken = false;
  };

  const std::string_view path_;
  DocumentFault& fault_;
  std::vector<Member> members_;
};

// The two elements of an array of two; empty if `raw` is none.
std::array<std::string_view, 2> json_pair(std::string_view raw);

// Calls `visit` with the raw parts of the pairs in the array under `name`, both empty where there
// is something else, until it says what is wrong with one.
template <typename Visit>
void read_pairs(JsonObjectReader& in, std::string_view name, Visit visit) {
  const std::string_view raw = in.take(name);
  if (!openai::is_json_array(raw)) return in.fail(name, "expected an array");
  size_t place = 0;
  base::for_each_json_element(raw, [&](std::string_view element) {
    if (in.fault().none()) {
      const auto [first, second] = json_pair(element);
      const std::string_view wrong = visit(first, second);
      if (!wrong.empty()) in.fail_at(name, place, wrong);
    }
    ++place;
  });
}

// Of raw JSON: the number if it is written without sign, fraction and exponent and is no larger
// than `value_max`.
std::optional<uint64_t> json_number(std::string_view raw, uint64_t value_max);

// `bytes` as JSON: a string, or {"base64":"…"} if it is no UTF-8.
std::string json_of_bytes(std::string_view bytes);
std::optional<std::string> bytes_of_json(std::string_view raw);

}  // namespace reprise::cache
