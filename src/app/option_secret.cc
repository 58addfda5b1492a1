#include "app/option_secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "app/option_sources.h"
#include "base/seal.h"

namespace reprise::app {

namespace {

// No more than fits the 4 KiB that complaints speak of.
constexpr size_t kFileBytesMax = 4096;

// Fills `*text` from the file, up to one byte more than it may have. The errno, or 0.
int read_file(const std::string& path, std::string* text) {
  // Not waiting for the other end of a named pipe.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno;
  // In one piece from the start: growing would leave copies behind that nobody wipes.
  text->resize(kFileBytesMax + 1);
  size_t filled = 0;
  ssize_t size = 0;
  do {
    size = ::read(fd, text->data() + filled, text->size() - filled);
    if (size > 0) filled += static_cast<size_t>(size);
  } while (size > 0 || (size < 0 && errno == EINTR));
  const int error = size < 0 ? errno : 0;
  ::close(fd);
  text->resize(filled);
  return error;
}

// Editors and echo end a file with one, which nobody means to be part of the secret.
void strip_line_ends(std::string* text) {
  while (text->ends_with('\n') || text->ends_with('\r')) text->pop_back();
}

// Why it is no secret to use; empty if it is one.
std::string fault_of(const std::string& secret, int error) {
  if (error != 0) return std::strerror(error);
  if (secret.size() > kFileBytesMax) return "this one is larger";
  if (secret.empty()) return "this one is empty";
  if (secret.size() < base::Sealer::kSecretBytesMin) return "this one is shorter";
  return {};
}

}  // namespace

base::Result<std::string> read_secret(const std::string& path, std::string_view origin) {
  std::string secret;
  const int error = read_file(path, &secret);
  // A file that is too large may consist of line ends.
  if (secret.size() <= kFileBytesMax) strip_line_ends(&secret);
  const std::string why = fault_of(secret, error);
  if (why.empty()) return secret;
  base::wipe(&secret);
  const std::string expected = "expected a readable file with 16 bytes to 4KiB, but " + why;
  return complain({"memcached-secret", path, expected, origin});
}

bool is_world_readable(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

}  // namespace reprise::app
