#include <fcntl.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/option_sources.h"
#include "app/option_values.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::ErrorKind;
using base::Result;

constexpr size_t kFileBytesMax = size_t{1} << 20;

tl::unexpected<base::Error> bad_file(const std::string& path, const std::string& why) {
  return complain({"config", path, "expected a readable TOML file, but " + why, ""});
}

Result<std::string> read_whole(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bad_file(path, std::strerror(errno));
  std::string text;
  char buffer[16384];
  ssize_t size = 0;
  while ((size = ::read(fd, buffer, sizeof buffer)) > 0 && text.size() <= kFileBytesMax) {
    text.append(buffer, static_cast<size_t>(size));
  }
  const int error = errno;
  ::close(fd);
  if (size < 0) return bad_file(path, std::strerror(error));
  if (text.size() > kFileBytesMax) return bad_file(path, "this one is larger than 1 MiB");
  return text;
}

// How a value is written in the file, if it is none of ours.
std::string_view type_name(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  if (node.is_boolean()) return "a boolean";
  if (node.is_integer()) return "an integer";
  if (node.is_floating_point()) return "a float";
  return "a date or a time";
}

std::string_view expected_types(const OptionSpec& spec) {
  switch (spec.binding.kind) {
    case Kind::kOnOff:
      return "expected true, false, \"on\" or \"off\"";
    case Kind::kCount:
    case Kind::kSize:
      return "expected an integer or a string";
    default:
      return spec.repeat == Repeat::kOnce ? "expected a string"
                                          : "expected an array of strings or a string";
  }
}

// The text of one value; false if the option has no such values.
bool read_scalar(const OptionSpec& spec, const toml::node& node, std::string* text) {
  const Kind kind = spec.binding.kind;
  if (const auto* string = node.as_string()) {
    *text = string->get();
    return true;
  }
  if (const auto* truth = node.as_boolean(); truth != nullptr && kind == Kind::kOnOff) {
    *text = truth->get() ? "on" : "off";
    return true;
  }
  // A duration's reader says what is wrong with a bare number.
  const bool numeric = kind == Kind::kCount || kind == Kind::kSize || kind == Kind::kDuration;
  if (const auto* integer = node.as_integer(); integer != nullptr && numeric) {
    *text = std::to_string(integer->get());
    return true;
  }
  return false;
}

bool read_values(const OptionSpec& spec, const toml::node& node, std::vector<std::string>* values) {
  std::string text;
  if (const auto* array = node.as_array(); array != nullptr && spec.repeat != Repeat::kOnce) {
    for (const toml::node& element : *array) {
      if (!read_scalar(spec, element, &text)) return false;
      values->push_back(std::move(text));
    }
    return true;
  }
  if (!read_scalar(spec, node, &text)) return false;
  if (spec.repeat == Repeat::kList && !text.empty()) {
    *values = split_commas(text);
  } else {
    values->push_back(std::move(text));
  }
  return true;
}

Result<std::vector<Given>> read_table(const toml::table& table, const std::string& path) {
  std::vector<Given> given;
  for (const auto& [key, node] : table) {
    std::string origin;
    base::append_escaped(path, origin);
    origin += ", line " + std::to_string(key.source().begin.line);
    const OptionSpec* const spec = find_option(key.str());
    if (spec == nullptr) {
      return base::fail(ErrorKind::kRefuse, "key " + base::in_quotes(key.str()) +
                                                ": unknown option, expected one that --help lists" +
                                                suggestion(key.str()) + " (from " + origin + ")");
    }
    std::vector<std::string> values;
    if (!read_values(*spec, node, &values)) {
      return complain({spec->name, type_name(node), expected_types(*spec), origin});
    }
    given.push_back({spec, std::move(values), std::move(origin)});
  }
  return given;
}

}  // namespace

Result<std::vector<Given>> read_config_file(const std::string& path) {
  const auto text = read_whole(path);
  if (!text) return tl::unexpected(text.error());
  try {
    return read_table(toml::parse(*text), path);
  } catch (const toml::parse_error& error) {
    std::string why = "line " + std::to_string(error.source().begin.line) + ": ";
    base::append_escaped(error.description(), why);
    return bad_file(path, why);
  }
}

}  // namespace reprise::app
