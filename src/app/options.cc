#include "app/options.h"

#include <initializer_list>
#include <utility>

#include "app/option_checks.h"
#include "app/option_secret.h"
#include "app/option_sources.h"
#include "app/option_table.h"
#include "app/price_file.h"
#include "base/check.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::Result;

constexpr size_t kValuesMax = 64;
constexpr size_t kValueBytesMax = 4096;

Result<void> read_value(const Given& given, const std::string& value, Options& options) {
  const auto refuse = [&](std::string_view expected) {
    return complain({given.spec->name, value, expected, given.origin});
  };
  if (value.size() > kValueBytesMax) return refuse("expected at most 4096 bytes");
  if (!base::is_printable(value)) return refuse("expected UTF-8 without control characters");
  auto read = given.spec->binding.read(value, options);
  if (!read) return refuse(read.error().detail);
  return {};
}

Result<void> apply(const Given& given, Options& options) {
  const OptionSpec& spec = *given.spec;
  options.origins[std::string(spec.name)] = given.origin.empty() ? "flag" : given.origin;
  const bool none =
      spec.none != nullptr &&
      (given.values.empty() || (given.values.size() == 1 && given.values[0] == spec.none));
  spec.binding.clear(options);
  if (none) return {};
  if (given.values.empty())
    return complain({spec.name, "", "expected one value at least", given.origin});
  if (given.values.size() > kValuesMax) {
    return complain({spec.name, given.values.back(), "expected at most 64 values", given.origin});
  }
  for (const std::string& value : given.values) {
    if (auto read = read_value(given, value, options); !read) return read;
  }
  return {};
}

Result<void> apply_all(const std::vector<Given>& all, Options& options) {
  for (const Given& given : all) {
    if (auto applied = apply(given, options); !applied) return applied;
  }
  return {};
}

void warn_of_unknown(const Environment& environment, Options& options) {
  for (const std::string& name : environment.unknown) {
    std::string warning = "environment variable ";
    base::append_escaped(name, warning);
    options.warnings.push_back(warning + " names no option and is ignored");
  }
}

void warn_of_open_secret(Options& options) {
  const std::string& file = options.memcached_secret_file;
  if (file.empty() || !is_world_readable(file)) return;
  options.warnings.push_back("--memcached-secret " + base::in_quotes(file) +
                             ": every user of this machine may read it");
}

Result<void> load_prices(Options& options) {
  if (options.prices_file.empty()) return {};
  auto prices = read_prices(options.prices_file, origin_of(options, "prices"));
  if (!prices) return tl::unexpected(std::move(prices.error()));
  options.prices = *std::move(prices);
  return {};
}

// A hash that covers credentials goes where files go: into a git repository, for instance.
void warn_of_hashed_credentials(Options& options) {
  if (options.cassette_directory.empty() || options.scope != Scope::kKey) return;
  options.warnings.emplace_back(
      "--cassette with --scope key: files hold hashes that cover the callers' credentials");
}

// Defaults that depend on other options.
void settle(Options& options) {
  if (!options.cassette_directory.empty() && !options.origins.contains("scope")) {
    options.scope = Scope::kGlobal;
  }
}

}  // namespace

Options default_options() {
  Options options;
  for_each_option([&](const OptionSpec& spec) {
    const Given given{&spec, {std::string(spec.default_text)}, "default"};
    CHECK(apply(given, options).has_value());
  });
  options.origins.clear();
  return options;
}

Result<Options> load_options(const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment) {
  const auto line = read_flags(arguments);
  if (!line) return tl::unexpected(line.error());
  Options options = default_options();
  options.command = line->command;
  if (options.command == Command::kHelp || options.command == Command::kVersion) return options;

  const Environment variables = read_environment(environment);
  warn_of_unknown(variables, options);
  options.config_file = line->config_file.empty() ? variables.config_file : line->config_file;
  std::vector<Given> in_file;
  if (!options.config_file.empty()) {
    auto read = read_config_file(options.config_file);
    if (!read) return tl::unexpected(read.error());
    in_file = *std::move(read);
  }
  // From the weakest to the strongest.
  const std::initializer_list<const std::vector<Given>*> layers = {&in_file, &variables.given,
                                                                   &line->given};
  for (const auto* given : layers) {
    if (auto applied = apply_all(*given, options); !applied) return tl::unexpected(applied.error());
  }
  settle(options);
  if (auto checked = check_options(options); !checked) return tl::unexpected(checked.error());
  if (auto loaded = load_prices(options); !loaded) return tl::unexpected(loaded.error());
  warn_of_open_secret(options);
  warn_of_hashed_credentials(options);
  return options;
}

std::vector<std::string_view> restart_needed(const Options& running, const Options& wanted) {
  std::vector<std::string_view> names;
  for_each_option([&](const OptionSpec& spec) {
    if (spec.reload == Reload::kLive || spec.values(running) == spec.values(wanted)) return;
    names.push_back(spec.name);
  });
  return names;
}

Options with_live_values(const Options& running, const Options& wanted) {
  Options options = running;
  for_each_option([&](const OptionSpec& spec) {
    if (spec.reload != Reload::kLive) return;
    spec.binding.clear(options);
    for (const std::string& text : spec.binding.write(wanted)) {
      CHECK(spec.binding.read(text, options).has_value());
    }
  });
  options.prices = wanted.prices;
  return options;
}

}  // namespace reprise::app
