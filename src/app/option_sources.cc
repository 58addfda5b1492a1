#include "app/option_sources.h"

#include "app/option_values.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

constexpr std::string_view kPrefix = "REPRISE_";
constexpr std::string_view kConfigVariable = "REPRISE_CONFIG";

const OptionSpec* find_variable(std::string_view name) {
  const OptionSpec* found = nullptr;
  for_each_option([&](const OptionSpec& spec) {
    if (environment_name(spec.name) == name) found = &spec;
  });
  return found;
}

}  // namespace

Environment read_environment(const std::vector<std::string>& variables) {
  Environment environment;
  for (const std::string& variable : variables) {
    if (!variable.starts_with(kPrefix)) continue;
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = variable.substr(0, equals);
    const std::string value = variable.substr(equals + 1);
    if (name == kConfigVariable) {
      environment.config_file = value;
      continue;
    }
    const OptionSpec* const spec = find_variable(name);
    if (spec == nullptr) {
      environment.unknown.push_back(name);
      continue;
    }
    const bool several = spec->repeat != Repeat::kOnce && !value.empty();
    environment.given.push_back(
        {spec, several ? split_commas(value) : std::vector<std::string>{value}, name});
  }
  return environment;
}

tl::unexpected<base::Error> complain(const Complaint& complaint) {
  const OptionSpec* const spec = find_option(complaint.option);
  const std::string shown(spec == nullptr ? complaint.value : spec->shown(complaint.value));
  std::string detail = "--" + std::string(complaint.option) + " ";
  detail += shown == kMask ? shown : base::in_quotes(shown);
  detail.append(": ").append(complaint.expected);
  if (!complaint.origin.empty()) detail.append(" (from ").append(complaint.origin).append(")");
  return base::fail(base::ErrorKind::kRefuse, std::move(detail));
}

std::string_view origin_of(const Options& options, std::string_view name) {
  const auto found = options.origins.find(name);
  if (found == options.origins.end()) return "the default";
  return found->second == "flag" ? std::string_view() : found->second;
}

std::string suggestion(std::string_view name) {
  const OptionSpec* const nearest = nearest_option(name);
  return nearest == nullptr ? "" : "; did you mean --" + std::string(nearest->name) + "?";
}

}  // namespace reprise::app
