#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace reprise::base {

// Appends `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD, one for each
// maximal part of a sequence; line separators other than LF are escaped, because some readers of
// event streams split there.
void append_json_string(std::string& out, std::string_view text);

// JsonWriter: builds one JSON text without white space. The caller keeps the nesting right.
// Strings may hold anything: what is no UTF-8 becomes U+FFFD.
class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);

  JsonWriter& null() { return word("null"); }
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth) { return word(truth ? "true" : "false"); }
  // A JSON text, as it is.
  JsonWriter& raw(std::string_view json) { return word(json); }
  // The shortest decimal that reads back the same; null for what JSON cannot say.
  JsonWriter& value(double number);
  template <std::integral T>
  JsonWriter& value(T number) {
    return word(std::to_string(number));
  }

  template <typename T>
  JsonWriter& member(std::string_view name, const T& content) {
    key(name);
    return value(content);
  }

  std::string take() && { return std::move(text_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& word(std::string_view text);
  void separate();

  std::string text_;
  bool after_value_ = false;  // a comma is due before whatever comes next
};

}  // namespace reprise::base
