#include "app/toml_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/option_sources.h"
#include "base/log_escape.h"

namespace reprise::app {

namespace {

using base::Result;

constexpr size_t kFileBytesMax = size_t{1} << 20;

tl::unexpected<base::Error> bad_file(const FileOption& file, const std::string& why) {
  return complain(
      {file.option, file.path, "expected a readable TOML file, but " + why, file.origin});
}

Result<std::string> read_whole(const FileOption& file) {
  const int fd = ::open(file.path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bad_file(file, std::strerror(errno));
  std::string text;
  char buffer[16384];
  ssize_t size = 0;
  while ((size = ::read(fd, buffer, sizeof buffer)) > 0 && text.size() <= kFileBytesMax) {
    text.append(buffer, static_cast<size_t>(size));
  }
  const int error = errno;
  ::close(fd);
  if (size < 0) return bad_file(file, std::strerror(error));
  if (text.size() > kFileBytesMax) return bad_file(file, "this one is larger than 1 MiB");
  return text;
}

}  // namespace

Result<toml::table> read_toml_file(const FileOption& file) {
  const auto text = read_whole(file);
  if (!text) return tl::unexpected(text.error());
  try {
    return toml::parse(*text);
  } catch (const toml::parse_error& error) {
    std::string why = "line " + std::to_string(error.source().begin.line) + ": ";
    base::append_escaped(error.description(), why);
    return bad_file(file, why);
  }
}

std::string_view toml_type_name(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  if (node.is_boolean()) return "a boolean";
  if (node.is_integer()) return "an integer";
  if (node.is_floating_point()) return "a float";
  if (node.is_string()) return "a string";
  return "a date or a time";
}

}  // namespace reprise::app
