#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/option_sources.h"
#include "app/option_values.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::ErrorKind;
using base::Result;

// Flag: an option as the parser knows it.
struct Flag {
  const OptionSpec* spec;
  CLI::Option* option;
};

// The parser takes the next argument for the value of `--name=`; told apart, it takes the empty
// one.
std::vector<std::string> with_empty_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> plain;
  for (const std::string& argument : arguments) {
    const size_t equals = argument.find('=');
    const bool empty_value = argument.starts_with("--") && equals + 1 == argument.size();
    plain.push_back(empty_value ? argument.substr(0, equals) : argument);
    if (empty_value) plain.emplace_back();
  }
  return plain;
}

tl::unexpected<base::Error> unexpected_argument(const std::string& argument) {
  if (!argument.starts_with('-') || argument == "-" || argument == "--") {
    return base::fail(ErrorKind::kRefuse, "argument " + base::in_quotes(argument) +
                                              ": expected options only, see --help");
  }
  const std::string name = argument.substr(0, argument.find('='));  // its value may be a secret
  std::string detail;
  base::append_escaped(name.substr(0, 64), detail);
  const std::string_view bare = std::string_view(name).substr(name.starts_with("--") ? 2 : 1);
  return base::fail(ErrorKind::kRefuse,
                    detail + ": unknown option, expected one that --help lists" + suggestion(bare));
}

// "--ttl: 1 required TEXT missing" is all that the parser tells.
tl::unexpected<base::Error> missing_value(const CLI::ParseError& error) {
  const std::string_view what = error.what();
  const std::string_view name = what.substr(0, what.find(':'));
  const OptionSpec* const spec = name.starts_with("--") ? find_option(name.substr(2)) : nullptr;
  std::string detail;
  base::append_escaped(spec == nullptr ? what : name, detail);
  if (spec != nullptr) detail += " \"\": expected a value, " + std::string(spec->placeholder);
  return base::fail(ErrorKind::kRefuse, std::move(detail));
}

std::vector<std::string> values_of(const Flag& flag) {
  std::vector<std::string> values;
  for (const std::string& result : flag.option->results()) {
    if (flag.spec->repeat == Repeat::kList && !result.empty()) {
      for (std::string& part : split_commas(result)) values.push_back(std::move(part));
    } else {
      values.push_back(result);
    }
  }
  return values;
}

// A single-valued option may be repeated, but not contradict itself.
Result<void> check_agreement(std::string_view name, const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (value == values.front()) continue;
    const std::string expected = "expected once, but another value was given as well";
    return complain({name, value, expected, ""});
  }
  return {};
}

Result<std::vector<Given>> given_flags(const std::vector<Flag>& flags) {
  std::vector<Given> given;
  for (const Flag& flag : flags) {
    if (flag.option->count() == 0) continue;
    std::vector<std::string> values = values_of(flag);
    if (flag.spec->repeat == Repeat::kOnce) {
      if (auto agreed = check_agreement(flag.spec->name, values); !agreed) {
        return tl::unexpected(agreed.error());
      }
      values.resize(1);
    }
    given.push_back({flag.spec, std::move(values), ""});
  }
  return given;
}

}  // namespace

Result<CommandLine> read_flags(const std::vector<std::string>& arguments) {
  CLI::App parser;
  parser.set_help_flag();
  parser.allow_extras();
  const CLI::Option* const help = parser.add_flag("-h,--help");
  const CLI::Option* const version = parser.add_flag("--version");
  const CLI::Option* const check = parser.add_flag("--check");
  using CLI::MultiOptionPolicy;
  const CLI::Option* const config =
      parser.add_option("--config")->multi_option_policy(MultiOptionPolicy::TakeAll);
  std::vector<Flag> flags;
  for_each_option([&](const OptionSpec& spec) {
    CLI::Option* const option = parser.add_option("--" + std::string(spec.name));
    if (spec.binding.kind == Kind::kOnOff) option->expected(0, 1)->default_str("on");
    flags.push_back({&spec, option->multi_option_policy(MultiOptionPolicy::TakeAll)});
  });

  std::vector<std::string> reversed = with_empty_values(arguments);
  std::reverse(reversed.begin(), reversed.end());
  try {
    parser.parse(std::move(reversed));
  } catch (const CLI::ParseError& error) {
    return missing_value(error);
  }

  CommandLine line;
  if (help->count() != 0 || version->count() != 0) {
    line.command = help->count() != 0 ? Command::kHelp : Command::kVersion;
    return line;
  }
  if (const auto extra = parser.remaining(); !extra.empty()) {
    return unexpected_argument(extra.front());
  }
  if (check->count() != 0) {
    line.command = Command::kCheck;
    const std::string value = check->results().front();
    if (value != "true") return complain({"check", value, "expected no value", ""});
  }
  if (config->count() != 0) {
    if (auto agreed = check_agreement("config", config->results()); !agreed) {
      return tl::unexpected(agreed.error());
    }
    line.config_file = config->results().front();
    if (line.config_file.empty()) return complain({"config", "", "expected a file", ""});
  }
  auto given = given_flags(flags);
  if (!given) return tl::unexpected(given.error());
  line.given = *std::move(given);
  return line;
}

}  // namespace reprise::app
