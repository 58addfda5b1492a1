#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reprise::style {

// SourceFile: one text file of the project, by lines.
struct SourceFile {
  std::string path;  // from the top of the tree: src/base/bytes.h
  std::vector<std::string> lines;

  bool ends_with(std::string_view suffix) const { return path.ends_with(suffix); }
  bool starts_with(std::string_view prefix) const { return path.starts_with(prefix); }
};

SourceFile source_file(std::string path, std::string_view text);

// Everything written by hand under src, tests and bench, and the scripts at the top.
std::vector<SourceFile> read_tree(const std::string& top);

// The whole text of a file; empty if there is none.
std::string read_text(const std::string& path);

}  // namespace reprise::style
