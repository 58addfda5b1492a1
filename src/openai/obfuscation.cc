#include "openai/obfuscation.h"

#include <algorithm>
#include <string_view>

#include "base/json.h"

namespace reprise::openai {

namespace {

// Padding: which member of an object it is, and where its name begins and its value ends.
struct Padding {
  size_t position = 0;
  size_t name = 0;
  size_t end = 0;
};

// In raw JSON: only there are the names spelled in one way.
std::optional<Padding> find_obfuscation(std::string_view object) {
  std::optional<Padding> found;
  size_t position = 0;
  base::for_each_json_member(object, [&](std::string_view name, std::string_view value) {
    if (name == "obfuscation") {
      const auto begin = static_cast<size_t>(name.data() - 1 - object.data());
      const auto end = static_cast<size_t>(value.data() + value.size() - object.data());
      found = Padding{position, begin, end};
    }
    ++position;
  });
  return found;
}

// `object` without the member from `name` to `end` and one of the commas around it: the one at
// `comma`, or if that is an opening brace, the next.
std::string without_part(std::string_view object, size_t comma, size_t name, size_t end) {
  const bool first = object[comma] == '{';
  const size_t from = first ? name : comma;
  const size_t to = first && object.substr(end).starts_with(',') ? end + 1 : end;
  std::string rest;
  rest.reserve(object.size());
  return rest.append(object.substr(0, from)).append(object.substr(to));
}

size_t skip_space(std::string_view text, size_t at) {
  return std::min(text.find_first_not_of(" \n\r\t", at), text.size());
}

// `object`, as received but known to be one, without one of its members and one comma.
std::string without_member(std::string_view object, size_t position) {
  size_t comma = object.find('{');
  for (size_t i = 0;; ++i) {
    const size_t name = skip_space(object, comma + 1);
    const size_t colon = skip_space(object, name + base::json_value_size(object.substr(name)));
    const size_t value = skip_space(object, colon + 1);
    const size_t end = skip_space(object, value + base::json_value_size(object.substr(value)));
    if (i == position) return without_part(object, comma, name, end);
    comma = end;
  }
}

}  // namespace

std::optional<std::string> without_obfuscation(const EventText& event) {
  const std::optional<Padding> found = find_obfuscation(event.json);
  if (!found) return std::nullopt;
  // Of one length they are spelled alike, down to what stands where.
  if (event.data.size() == event.json.size()) {
    return without_part(event.data, found->name - 1, found->name, found->end);
  }
  return without_member(event.data, found->position);
}

}  // namespace reprise::openai
