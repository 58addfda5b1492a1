#include "openai/obfuscation.h"

#include <algorithm>
#include <string_view>

#include "base/json.h"

namespace reprise::openai {

namespace {

// Which member of `object` it is: only there are the names spelled in one way.
std::optional<size_t> find_obfuscation(std::string_view object) {
  std::optional<size_t> found;
  size_t position = 0;
  base::for_each_json_member(object, [&](std::string_view name, std::string_view) {
    if (name == "obfuscation") found = position;
    ++position;
  });
  return found;
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
    if (i < position) {
      comma = end;
      continue;
    }
    const bool first = i == 0;
    const size_t from = first ? name : comma;
    const size_t to = first && object.substr(end).starts_with(',') ? end + 1 : end;
    return std::string(object.substr(0, from)).append(object.substr(to));
  }
}

}  // namespace

std::optional<std::string> without_obfuscation(const EventText& event) {
  const std::optional<size_t> position = find_obfuscation(event.json);
  if (!position) return std::nullopt;
  return without_member(event.data, *position);
}

}  // namespace reprise::openai
