#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::http {

// Without white space around it (OWS, RFC 9110 §5.6.3).
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `a` and `b` are of one size.
bool iequals_same_size(std::string_view a, std::string_view b);
// ASCII case-insensitive comparison, the only one that field names know (RFC 9110 §5.1).
inline bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && iequals_same_size(a, b);
}

// Fields: header or trailer fields (RFC 9110 §5) in the order, case and number in which they came.
// All text lies in one buffer that clear() keeps, so that a connection's next message allocates
// nothing.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  // Removes every field of that name; the number removed.
  size_t remove(std::string_view name);
  // Removes every field of which `gone(field)` is true. No text moves: views stay valid.
  template <typename Gone>
  size_t remove_if(Gone gone) {
    return std::erase_if(entries_, [&](const Entry& entry) { return gone(field_of(entry)); });
  }
  void remove_at(size_t index);
  void clear();
  void shrink_to_fit();

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  // Valid until the next change.
  Field operator[](size_t index) const;
  // The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t count(std::string_view name) const;
  // All values of that name joined by ", " (RFC 9110 §5.3); nothing if there is none.
  std::optional<std::string> combined(std::string_view name) const;
  // Bytes of all names and values.
  size_t text_bytes() const { return text_.size(); }
  // Bytes of heap memory held.
  size_t memory_bytes() const { return text_.capacity() + entries_.capacity() * sizeof(Entry); }

  // Building a field from pieces, as a parser gets it.
  void begin();                              // a new empty field
  void append_name(std::string_view piece);  // before the first append_value
  void append_value(std::string_view piece);
  // Removes white space at the end of the last value.
  void trim_last();

 private:
  struct Entry {
    uint32_t name_offset = 0;
    uint32_t name_size = 0;
    uint32_t value_offset = 0;
    uint32_t value_size = 0;
  };
  Field field_of(const Entry& entry) const {
    return {{text_.data() + entry.name_offset, entry.name_size},
            {text_.data() + entry.value_offset, entry.value_size}};
  }
  std::string text_;
  std::vector<Entry> entries_;
};

// Calls `visit(element)` for each non-empty element of a comma-separated list (RFC 9110 §5.6.1),
// trimmed; commas inside quoted strings do not separate.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  size_t begin = 0;
  bool quoted = false;
  for (size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      if (quoted && list[i] == '\\') {
        ++i;
        continue;
      }
      if (list[i] == '"') quoted = !quoted;
      if (quoted || list[i] != ',') continue;
    }
    if (begin > list.size()) break;
    const std::string_view element =
        trim(list.substr(begin, (i < list.size() ? i : list.size()) - begin));
    if (!element.empty()) visit(element);
    begin = i + 1;
  }
}

// The same for lists of tokens (Connection, Transfer-Encoding): there quotes mean nothing, so that
// no stray quote can hide an option.
template <typename Visit>
void for_each_token(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view element = trim(list.substr(0, comma));
    if (!element.empty()) visit(element);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace reprise::http
