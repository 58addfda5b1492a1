#include "style/source_tree.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace reprise::style {

namespace fs = std::filesystem;

namespace {

bool is_source(const fs::path& path) {
  static const std::set<std::string> kinds = {".h", ".cc", ".sh", ".lua", ".mjs", ".cmake"};
  return kinds.contains(path.extension()) || path.filename() == "CMakeLists.txt";
}

}  // namespace

SourceFile source_file(std::string path, std::string_view text) {
  SourceFile file{std::move(path), {}};
  while (!text.empty()) {
    const size_t end = text.find('\n');
    file.lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return file;
}

std::string read_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<SourceFile> read_tree(const std::string& top) {
  std::vector<SourceFile> files;
  const auto add = [&](const fs::path& path) {
    files.push_back(source_file(fs::relative(path, top).string(), read_text(path.string())));
  };
  for (const char* folder : {"src", "tests", "bench"}) {
    fs::recursive_directory_iterator entries(fs::path(top) / folder);
    for (auto entry = begin(entries); entry != end(entries); ++entry) {
      if (entry->path().filename() == "node_modules") {
        entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && is_source(entry->path())) {
        add(entry->path());
      }
    }
  }
  for (const char* script : {"dev", ".ci/run", "CMakeLists.txt"}) add(fs::path(top) / script);
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

}  // namespace reprise::style
