#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "app/option_text.h"
#include "app/options.h"
#include "app/server.h"
#include "base/log.h"

extern char** environ;

namespace {

using reprise::app::Options;
namespace log = reprise::base::log;

int print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0) {
    return 0;
  }
  std::fprintf(stderr, "reprise: cannot write to stdout: %s\n", std::strerror(errno));
  return reprise::app::kExitFailure;
}

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    variables.emplace_back(*variable);
  }
  return variables;
}

void warn(const Options& options) {
  for (const std::string& warning : options.warnings) log::warn(warning);
}

int serve(const Options& options, const std::vector<std::string>& arguments) {
  // A client, or whoever reads the logs, may leave at any time; writing then fails with EPIPE.
  std::signal(SIGPIPE, SIG_IGN);
  log::Settings settings;
  settings.level = options.log_level;
  settings.format = options.log_format;
  settings.access = options.access_log ? log::Access::kOn : log::Access::kOff;
  const log::Log log(settings);
  warn(options);
  return reprise::app::run(
      options, [&arguments] { return reprise::app::load_options(arguments, environment()); });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  const auto options = reprise::app::load_options(arguments, environment());
  if (!options) {
    std::fprintf(stderr, "reprise: %s\n", options.error().detail.c_str());
    return reprise::app::kExitConfiguration;
  }
  if (options->command == reprise::app::Command::kRun ||
      options->command == reprise::app::Command::kCheck) {
    if (const auto good = reprise::app::check_tls(*options); !good) {
      std::fprintf(stderr, "reprise: %s\n", good.error().detail.c_str());
      return reprise::app::kExitConfiguration;
    }
  }
  switch (options->command) {
    case reprise::app::Command::kHelp:
      return print(reprise::app::help_text());
    case reprise::app::Command::kVersion:
      return print(reprise::app::version_text());
    case reprise::app::Command::kCheck:
      warn(*options);
      return print(reprise::app::check_text(*options));
    case reprise::app::Command::kRun:
      break;
  }
  return serve(*options, arguments);
}
