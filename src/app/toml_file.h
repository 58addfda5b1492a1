#pragma once

#include <toml++/toml.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::app {

// FileOption: a file and the option that names it, as complaints speak of them.
struct FileOption {
  std::string_view option;  // without dashes
  const std::string& path;
  std::string_view origin;  // of the option; may be empty
};

// What the file says. The error names option and file, and where and why it is not to be read.
base::Result<toml::table> read_toml_file(const FileOption& file);

// How a value is written: "a table", "a float", …
std::string_view toml_type_name(const toml::node& node);

}  // namespace reprise::app
