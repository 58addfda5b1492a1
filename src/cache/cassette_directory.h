#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace reprise::cache {

// CassetteDirectory: the files of a cassette. A name stands for a whole file or for none, whenever
// a process is killed or the power fails: what is written gets its name only once it is on disk.
// Many files take little longer for that than one does, see Group.
// The directory is looked up anew each time, for people put others in its place (git checkout).
//
// Nothing but regular files that lie in the directory itself is ever opened: no links, no pipes.
// Blocks, so it is not for a loop's thread.
// Owner: CassetteTier. Immutable. Thread: any. Of two that write one name the last one stays.
class CassetteDirectory {
 public:
  explicit CassetteDirectory(std::string path) : path_(std::move(path)) {}

  // Makes the directory if only itself is missing. The error names it.
  base::Result<void> create() const;

  // The whole file; nothing if there is none. The error says why it cannot be had.
  base::Result<std::optional<std::string>> read(const std::string& name, size_t bytes_max) const;
  // Replaces the file or makes one.
  base::Result<void> write(const std::string& name, std::string_view text) const;
  // False if there was none.
  base::Result<bool> remove(const std::string& name) const;

  // Calls `visit` with the names in the directory, in no order, until it returns false.
  base::Result<void> list(absl::FunctionRef<bool(const std::string& name)> visit) const;
  // Removes what writers left behind that were killed before `wall_s`.
  void sweep(int64_t wall_s) const;

  std::string path_of(const std::string& name) const { return path_ + "/" + name; }

  class Group;

 private:
  tl::unexpected<base::Error> unusable(int error) const;

  const std::string path_;
};

// Group: files that are written together.
// Owner: whoever writes. Thread: one. What it has not finished goes with it.
class CassetteDirectory::Group {
 public:
  // `directory` outlives it.
  explicit Group(const CassetteDirectory& directory) : directory_(directory) {}
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Writes the file, but not under its name yet.
  base::Result<void> add(const std::string& name, std::string_view text);
  // Each file that was added gets its name; what became of each, in order. Then the group is empty.
  std::vector<base::Result<void>> finish();

 private:
  struct File {
    std::string name;
    std::string unfinished;  // what it is called until then
  };

  const CassetteDirectory& directory_;
  std::vector<File> files_;
};

}  // namespace reprise::cache
