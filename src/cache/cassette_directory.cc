#include "cache/cassette_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/random.h"

namespace reprise::cache {

namespace {

using base::ErrorKind;

// What is being written: hidden, and no name that anybody looks for.
constexpr std::string_view kUnfinished = ".tmp";

tl::unexpected<base::Error> failed(std::string what, int error) {
  return base::fail(ErrorKind::kUnavailable, std::move(what) + ": " + std::strerror(error));
}

std::string unfinished_name(const std::string& name) {
  return "." + name + "." + base::hex_of(base::random_u64()) + std::string(kUnfinished);
}

// True of what unfinished_name() makes of a name, and of hardly anything else.
bool is_unfinished(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kUnfinished)) return false;
  name.remove_suffix(kUnfinished.size());
  const size_t dot = name.rfind('.');
  uint64_t number = 0;
  return dot > 0 && base::read_hex(name.substr(dot + 1), &number);
}

// Fills `*text` up to its size and cuts it to what there was. An errno, or 0.
int read_all(int fd, std::string* text) {
  size_t filled = 0;
  while (filled < text->size()) {
    const ssize_t size = ::read(fd, text->data() + filled, text->size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    if (size == 0) break;
    filled += static_cast<size_t>(size);
  }
  text->resize(filled);
  return 0;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(fd, text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno;
    text.remove_prefix(static_cast<size_t>(size));
  }
  return 0;
}

// Descriptor: an open file, or why there is none.
class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    error_ = fd_ < 0 ? errno : 0;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }
  int error() const { return error_; }  // an errno, or 0
  int release() { return std::exchange(fd_, -1); }
  // An errno, or 0: some errors of writing come only now.
  int close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

 private:
  int fd_;
  int error_ = 0;
};

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr int kNewFile = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;

// An errno, or 0.
int sync_file(const std::string& path, int flags) {
  const Descriptor file(path, flags);
  if (file.error() != 0) return file.error();
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

// The same for everything in the directory, and whatever else its disk has to do.
int sync_all(const std::string& directory) {
  const Descriptor there(directory, kDirectory);
  if (there.error() != 0) return there.error();
  return ::syncfs(there.get()) == 0 ? 0 : errno;
}

int write_file(const std::string& path, std::string_view text) {
  Descriptor file(path, kNewFile);
  if (file.error() != 0) return file.error();
  int error = write_all(file.get(), text);
  if (const int closing = file.close(); error == 0) error = closing;
  if (error != 0) ::unlink(path.c_str());
  return error;
}

}  // namespace

tl::unexpected<base::Error> CassetteDirectory::unusable(int error) const {
  return failed("the directory " + path_ + " cannot be used", error);
}

base::Result<void> CassetteDirectory::create() const {
  if (::mkdir(path_.c_str(), 0777) != 0 && errno != EEXIST) return unusable(errno);
  const Descriptor directory(path_, kDirectory);
  if (directory.error() != 0) return unusable(directory.error());
  return {};
}

// --- reading ------------------------------------------------------------------------------------

base::Result<std::optional<std::string>> CassetteDirectory::read(const std::string& name,
                                                                 size_t bytes_max) const {
  // Not waiting for the other end of a named pipe.
  const Descriptor file(path_of(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (file.error() == ENOENT) return std::nullopt;
  if (file.error() == ELOOP) return base::fail(ErrorKind::kRefuse, "not a regular file");
  if (file.error() != 0) return failed("cannot be opened", file.error());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return failed("cannot be opened", errno);
  if (!S_ISREG(status.st_mode)) return base::fail(ErrorKind::kRefuse, "not a regular file");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > bytes_max) {
    return base::fail(ErrorKind::kRefuse, "more than " + std::to_string(bytes_max) + " bytes");
  }
  std::string text(size, '\0');
  if (const int error = read_all(file.get(), &text); error != 0) {
    return failed("cannot be read", error);
  }
  return text;
}

base::Result<void> CassetteDirectory::list(
    absl::FunctionRef<bool(const std::string& name)> visit) const {
  Descriptor directory(path_, kDirectory);
  if (directory.error() != 0) return unusable(directory.error());
  const std::unique_ptr<DIR, int (*)(DIR*)> names(::fdopendir(directory.get()), ::closedir);
  if (names == nullptr) return unusable(errno);
  directory.release();  // it is the list's now
  for (;;) {
    errno = 0;
    const dirent* name = ::readdir(names.get());
    if (name == nullptr && errno != 0) return unusable(errno);
    if (name == nullptr || !visit(name->d_name)) return {};
  }
}

// --- changing -----------------------------------------------------------------------------------

base::Result<bool> CassetteDirectory::remove(const std::string& name) const {
  if (::unlink(path_of(name).c_str()) != 0) {
    if (errno == ENOENT) return false;
    return failed("cannot be removed", errno);
  }
  if (const int error = sync_file(path_, kDirectory); error != 0) return unusable(error);
  return true;
}

void CassetteDirectory::sweep(int64_t wall_s) const {
  std::vector<std::string> unfinished;
  const auto listed = list([&](const std::string& name) {
    if (is_unfinished(name)) unfinished.push_back(path_of(name));
    return true;
  });
  if (!listed) return;
  for (const std::string& path : unfinished) {
    struct stat status {};
    const bool old = ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                     status.st_mtim.tv_sec < wall_s;
    if (old) ::unlink(path.c_str());
  }
}

base::Result<void> CassetteDirectory::write(const std::string& name, std::string_view text) const {
  Group group(*this);
  if (auto added = group.add(name, text); !added) return added;
  return group.finish().front();
}

CassetteDirectory::Group::~Group() {
  for (const File& file : files_) ::unlink(directory_.path_of(file.unfinished).c_str());
}

base::Result<void> CassetteDirectory::Group::add(const std::string& name, std::string_view text) {
  File file{name, unfinished_name(name)};
  const std::string path = directory_.path_of(file.unfinished);
  int error = write_file(path, text);
  if (error == ENOENT) {
    if (auto made = directory_.create(); !made) return made;
    error = write_file(path, text);
  }
  if (error != 0) return failed("cannot be written", error);
  files_.push_back(std::move(file));
  return {};
}

std::vector<base::Result<void>> CassetteDirectory::Group::finish() {
  std::vector<base::Result<void>> results;
  if (files_.empty()) return results;
  // Several at once cost a disk hardly more than one, but only if it is told so.
  const int synced = files_.size() > 1
                         ? sync_all(directory_.path_)
                         : sync_file(directory_.path_of(files_.front().unfinished), O_RDONLY);
  for (const File& file : files_) {
    const std::string unfinished = directory_.path_of(file.unfinished);
    int error = synced;
    if (error == 0 && ::rename(unfinished.c_str(), directory_.path_of(file.name).c_str()) != 0) {
      error = errno;
    }
    if (error == 0) {
      results.emplace_back();
      continue;
    }
    ::unlink(unfinished.c_str());
    results.emplace_back(failed("cannot be written", error));
  }
  files_.clear();
  if (const int error = sync_file(directory_.path_, kDirectory); error != 0) {
    results.assign(results.size(), directory_.unusable(error));
  }
  return results;
}

}  // namespace reprise::cache
