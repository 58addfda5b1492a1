#include "app/option_support.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "app/option_table.h"
#include "base/check.h"

namespace reprise::app {

TemporaryFile::TemporaryFile(std::string_view text)
    : path_(testing::TempDir() + "reprise-options-XXXXXX") {
  const int fd = ::mkstemp(path_.data());
  CHECK(fd >= 0);
  CHECK(::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(fd);
}

TemporaryFile::~TemporaryFile() { ::unlink(path_.c_str()); }

Options load(const std::vector<std::string>& arguments,
             const std::vector<std::string>& environment) {
  auto options = load_options(arguments, environment);
  if (options) return *std::move(options);
  ADD_FAILURE() << options.error().detail;
  return default_options();
}

Options load_file(std::string_view toml) {
  const TemporaryFile file(toml);
  return load({"--config", file.path()});
}

std::string refusal(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment) {
  const auto options = load_options(arguments, environment);
  if (!options) {
    const std::string& detail = options.error().detail;
    EXPECT_EQ(detail.find('\n'), std::string::npos) << detail;
    return detail;
  }
  ADD_FAILURE() << "not refused: " << testing::PrintToString(arguments)
                << testing::PrintToString(environment);
  return {};
}

std::string refusal_of_file(std::string_view toml) {
  const TemporaryFile file(toml);
  return refusal({"--config", file.path()});
}

std::vector<std::string> values(const Options& options, std::string_view name) {
  const OptionSpec* const spec = find_option(name);
  CHECK(spec != nullptr);
  return spec->values(options);
}

std::string value(const Options& options, std::string_view name) {
  std::string all;
  for (const std::string& one : values(options, name))
    all.append(all.empty() ? "" : ",").append(one);
  return all;
}

}  // namespace reprise::app
