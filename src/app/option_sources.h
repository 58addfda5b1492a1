#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/option_table.h"
#include "app/options.h"
#include "base/result.h"

namespace reprise::app {

// Given: what one source says about one option. A single-valued option has exactly one value.
struct Given {
  const OptionSpec* spec = nullptr;
  std::vector<std::string> values;
  std::string origin;  // for people; empty for a flag, which needs no telling
};

// CommandLine: the flags, taken apart.
struct CommandLine {
  Command command = Command::kRun;
  std::string config_file;  // empty: not given
  std::vector<Given> given;
};

// The errors of all three name the option, what was found and what was expected.

base::Result<CommandLine> read_flags(const std::vector<std::string>& arguments);

// Environment: what the REPRISE_* variables say.
struct Environment {
  std::string config_file;  // empty: not given
  std::vector<Given> given;
  std::vector<std::string> unknown;  // names
};
Environment read_environment(const std::vector<std::string>& variables);

base::Result<std::vector<Given>> read_config_file(const std::string& path);

// `--ttl "10": expected …`, and where it came from. Secrets are masked.
struct Complaint {
  std::string_view option;  // without dashes
  std::string_view value;
  std::string_view expected;  // the whole clause, "expected" included
  std::string_view origin;
};
tl::unexpected<base::Error> complain(const Complaint& complaint);
// Where an option's value came from, as complaints name it.
std::string_view origin_of(const Options& options, std::string_view name);
// "" or `; did you mean --ttl?`
std::string suggestion(std::string_view name);

}  // namespace reprise::app
