#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include "style/source_tree.h"

// What reprise says of itself and what its README says are the same.
namespace reprise::style {
namespace {

using Names = std::set<std::string>;

// Every --name in `text`.
void add_options(const std::string& text, Names* names) {
  static const std::regex option("(^|[^-A-Za-z0-9])(--[a-z][a-z0-9-]*[a-z0-9])");
  for (std::sregex_iterator match(text.begin(), text.end(), option), end; match != end; ++match) {
    names->insert((*match)[2]);
  }
}

// An option's own line in --help begins with it.
Names options_of_help() {
  Names names;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(REPRISE_BINARY " --help", "r"), pclose);
  if (!pipe) return names;
  std::array<char, 4096> line{};
  static const std::regex own("^ *(-[A-Za-z], *)?--.*\n?");
  while (std::fgets(line.data(), line.size(), pipe.get()) != nullptr) {
    std::string text = line.data();
    if (!std::regex_match(text, own)) continue;
    // What the line says of the option may name others: two blanks end the names.
    text = text.substr(text.find("--"));
    add_options(text.substr(0, text.find("  ")), &names);
  }
  return names;
}

// The first cell of each row of the README's tables.
Names options_of_readme() {
  Names names;
  const SourceFile readme = source_file("README.md", read_text(REPRISE_TREE "/README.md"));
  for (const std::string& line : readme.lines) {
    if (!line.starts_with("| `--")) continue;
    add_options(line.substr(0, line.find('|', 1)), &names);
  }
  return names;
}

TEST(Readme, HasARowForEveryOption) {
  const Names known = options_of_help();
  const Names described = options_of_readme();
  ASSERT_FALSE(known.empty()) << "reprise --help names no option: is src/app/main.cc built?";
  const Names commands = {"--help", "--version", "--check"};
  const std::string text = read_text(REPRISE_TREE "/README.md");
  for (const std::string& name : known) {
    if (commands.contains(name)) {
      EXPECT_NE(text.find(name), std::string::npos) << "README.md does not mention " << name;
    } else {
      EXPECT_TRUE(described.contains(name)) << "README.md: no table row begins with " << name;
    }
  }
}

TEST(Readme, DescribesNoOptionThatIsNotThere) {
  const Names known = options_of_help();
  const Names described = options_of_readme();
  ASSERT_FALSE(described.empty()) << "README.md has no table of options";
  for (const std::string& name : described) {
    EXPECT_TRUE(known.contains(name)) << "README.md: reprise has no " << name;
  }
}

}  // namespace
}  // namespace reprise::style
