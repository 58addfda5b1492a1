#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/options.h"

namespace reprise::app {

// A file that can be read.
inline constexpr const char* kThisFile = "/proc/self/status";

// TemporaryFile: a file with this text. Owner: the test, whose end removes it.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What these lead to; a refusal fails the test and leaves the defaults.
Options load(const std::vector<std::string>& arguments,
             const std::vector<std::string>& environment = {});
Options load_file(std::string_view toml);

// Why these are refused; "" and a failed test if they are not.
std::string refusal(const std::vector<std::string>& arguments,
                    const std::vector<std::string>& environment = {});
std::string refusal_of_file(std::string_view toml);

// An option's values, as --check writes them, and all of them in one string.
std::vector<std::string> values(const Options& options, std::string_view name);
std::string value(const Options& options, std::string_view name);

}  // namespace reprise::app
