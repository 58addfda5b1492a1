#pragma once

#include <simdjson.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "openai/usage.h"
#include "openai/verdict.h"

namespace reprise::openai {

using JsonObject = simdjson::dom::object;
using JsonArray = simdjson::dom::array;

// JsonValue: a value of an answer, or none. Valid until the next parse.
class JsonValue {
 public:
  JsonValue() = default;
  explicit JsonValue(simdjson::dom::element element) : element_(element), present_(true) {}

  bool present() const { return present_; }
  // There, and not null.
  bool given() const { return present_ && !element_.is_null(); }
  bool is_string() const { return present_ && element_.is_string(); }
  bool is_array() const { return present_ && element_.is_array(); }
  bool is_object() const { return present_ && element_.is_object(); }
  // A string, array or object with something in it.
  bool filled() const;

  // Empty unless a string.
  std::string_view text() const;
  // Nothing unless a whole number from 0 to 2^64 - 1, written without fraction or exponent.
  std::optional<uint64_t> number() const;
  // Only for what is one.
  JsonObject object() const { return element_.get_object().value_unsafe(); }
  JsonArray array() const { return element_.get_array().value_unsafe(); }

 private:
  simdjson::dom::element element_;
  bool present_ = false;
};

// Finds the members called `names`, in one pass. False if one of them comes twice: readers disagree
// about which counts.
template <size_t N>
bool pick(const JsonObject& object, const std::array<std::string_view, N>& names,
          std::array<JsonValue, N>* values) {
  for (const auto member : object) {
    for (size_t i = 0; i < N; ++i) {
      if (member.key != names[i]) continue;
      if ((*values)[i].present()) return false;
      (*values)[i] = JsonValue(member.value);
      break;
    }
  }
  return true;
}

// The one such member; none if it is missing, or if one of this name comes twice.
JsonValue pick(const JsonObject& object, std::string_view name);

// Overlays `usage` with the counts that `object` has, under either family of names.
void read_usage(const JsonObject& object, Usage* usage);

// AnswerJson: reads JSON objects of answers: the door to simdjson. Validates all of a text.
// Owner: a worker; its readers share it. Thread: one. What it returned lives until the next parse.
class AnswerJson {
 public:
  AnswerJson() = default;
  AnswerJson(const AnswerJson&) = delete;
  AnswerJson& operator=(const AnswerJson&) = delete;

  // kNone with `*object` set, else kMalformed (anything but one object, white space around it) or
  // kInvalidUtf8. Also malformed: nesting beyond kDepthMax, integers beyond 64 bits.
  NotStored parse(std::string_view text, JsonObject* object);
  // The same without a copy; `text` may get white space at its end.
  NotStored parse_in_place(std::string* text, JsonObject* object);

  // Frees what a large text left behind.
  void release_large();

  static constexpr size_t kDepthMax = 256;
  static constexpr size_t kKeptBytesMax = size_t{256} * 1024;

 private:
  NotStored parse_padded(const char* text, size_t size, JsonObject* object);

  std::optional<simdjson::dom::parser> parser_;
  size_t capacity_ = 0;
  std::string scratch_;
};

// Utf8Check: validates UTF-8 that comes in pieces.
class Utf8Check {
 public:
  // False, for good, once the text is known to be no UTF-8.
  bool feed(std::string_view piece);
  // False if the text ended inside a sequence, too.
  bool whole() const { return valid_ && held_size_ == 0; }

 private:
  std::string_view finish_held(std::string_view piece);

  std::array<char, 4> held_{};  // the beginning of a sequence whose rest has not come
  size_t held_size_ = 0;
  bool valid_ = true;
};

}  // namespace reprise::openai
