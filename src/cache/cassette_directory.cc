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

}  // namespace

// --- reading ------------------------------------------------------------------------------------

// Handle: an open descriptor, or why there is none.
class CassetteDirectory::Handle {
 public:
  // As a call that opens returns it, right behind that call.
  explicit Handle(int fd) : fd_(fd), error_(fd < 0 ? errno : 0) {}
  ~Handle() {
    if (fd_ >= 0) ::close(fd_);
  }
  Handle(Handle&& other) noexcept : fd_(other.release()), error_(other.error_) {}
  Handle& operator=(Handle&&) = delete;

  int get() const { return fd_; }
  int error() const { return error_; }  // an errno, or 0
  int release() { return std::exchange(fd_, -1); }
  // An errno, or 0: some errors of writing come only now.
  int close() { return ::close(std::exchange(fd_, -1)) == 0 ? 0 : errno; }

 private:
  int fd_;
  const int error_;
};

CassetteDirectory::Handle CassetteDirectory::open() const {
  return Handle(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

CassetteDirectory::Handle CassetteDirectory::open_or_make() const {
  if (const Handle there = open(); there.error() == ENOENT) ::mkdir(path_.c_str(), 0777);
  return open();
}

tl::unexpected<base::Error> CassetteDirectory::unusable(int error) const {
  return failed("the directory " + path_ + " cannot be used", error);
}

base::Result<void> CassetteDirectory::create() const {
  const Handle directory = open_or_make();
  if (directory.error() != 0) return unusable(directory.error());
  return {};
}

base::Result<std::optional<std::string>> CassetteDirectory::read(const std::string& name,
                                                                 size_t bytes_max) const {
  const Handle directory = open();
  if (directory.error() == ENOENT) return std::nullopt;
  if (directory.error() != 0) return unusable(directory.error());
  // Not waiting for the other end of a named pipe.
  const Handle file(::openat(directory.get(), name.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
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

base::Result<void> CassetteDirectory::write(const std::string& name, std::string_view text) const {
  Group group(*this);
  if (auto added = group.add(name, text); !added) return added;
  return group.finish().front();
}

base::Result<bool> CassetteDirectory::remove(const std::string& name) const {
  const Handle directory = open();
  if (directory.error() == ENOENT) return false;
  if (directory.error() != 0) return unusable(directory.error());
  if (::unlinkat(directory.get(), name.c_str(), 0) != 0) {
    if (errno == ENOENT) return false;
    return failed("cannot be removed", errno);
  }
  if (::fsync(directory.get()) != 0) return unusable(errno);
  return true;
}

base::Result<void> CassetteDirectory::list(
    absl::FunctionRef<bool(const std::string& name)> visit) const {
  Handle directory = open();
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

void CassetteDirectory::sweep(int64_t wall_s) const {
  std::vector<std::string> unfinished;
  const auto listed = list([&](const std::string& name) {
    if (is_unfinished(name)) unfinished.push_back(name);
    return true;
  });
  const Handle directory = open();
  if (!listed || directory.error() != 0) return;
  for (const std::string& name : unfinished) {
    struct stat status {};
    const bool old = ::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                     S_ISREG(status.st_mode) && status.st_mtim.tv_sec < wall_s;
    if (old) ::unlinkat(directory.get(), name.c_str(), 0);
  }
}

// --- writing ------------------------------------------------------------------------------------

CassetteDirectory::Group::Group(const CassetteDirectory& directory) : directory_(directory) {}

CassetteDirectory::Group::~Group() {
  for (const File& file : files_) ::unlinkat(handle_->get(), file.unfinished.c_str(), 0);
}

base::Result<void> CassetteDirectory::Group::add(const std::string& name, std::string_view text) {
  if (handle_ == nullptr) handle_ = std::make_unique<const Handle>(directory_.open_or_make());
  if (const int error = handle_->error(); error != 0) {
    handle_.reset();
    return directory_.unusable(error);
  }
  File file{name, unfinished_name(name)};
  Handle written(::openat(handle_->get(), file.unfinished.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (written.error() != 0) return failed("cannot be made", written.error());
  int error = write_all(written.get(), text);
  if (const int closing = written.close(); error == 0) error = closing;
  if (error != 0) {
    ::unlinkat(handle_->get(), file.unfinished.c_str(), 0);
    return failed("cannot be written", error);
  }
  files_.push_back(std::move(file));
  return {};
}

// Several at once cost a disk hardly more than one, but only if it is told so.
int CassetteDirectory::Group::sync_files(int directory) const {
  if (files_.size() > 1) return ::syncfs(directory) == 0 ? 0 : errno;
  const Handle file(
      ::openat(directory, files_.front().unfinished.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (file.error() != 0) return file.error();
  return ::fsync(file.get()) == 0 ? 0 : errno;
}

std::vector<base::Result<void>> CassetteDirectory::Group::finish() {
  std::vector<base::Result<void>> results;
  const std::unique_ptr<const Handle> handle = std::move(handle_);
  if (files_.empty()) return results;
  const int directory = handle->get();
  const int synced = sync_files(directory);
  for (const File& file : files_) {
    int error = synced;
    if (error == 0 &&
        ::renameat(directory, file.unfinished.c_str(), directory, file.name.c_str()) != 0) {
      error = errno;
    }
    if (error == 0) {
      results.emplace_back();
      continue;
    }
    ::unlinkat(directory, file.unfinished.c_str(), 0);
    results.emplace_back(failed("cannot be written", error));
  }
  files_.clear();
  if (::fsync(directory) != 0) results.assign(results.size(), directory_.unusable(errno));
  return results;
}

}  // namespace reprise::cache
