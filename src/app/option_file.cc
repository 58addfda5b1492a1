#include "app/option_sources.h"
#include "app/option_values.h"
#include "app/toml_file.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::ErrorKind;
using base::Result;

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
      return complain({spec->name, toml_type_name(node), expected_types(*spec), origin});
    }
    given.push_back({spec, std::move(values), std::move(origin)});
  }
  return given;
}

}  // namespace

Result<std::vector<Given>> read_config_file(const std::string& path) {
  const auto table = read_toml_file({"config", path, ""});
  if (!table) return tl::unexpected(table.error());
  return read_table(*table, path);
}

}  // namespace reprise::app
