#include <gtest/gtest.h>

#include "style/rules.h"
#include "style/source_tree.h"

// The tree keeps its own rules.
namespace reprise::style {
namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> files = read_tree(REPRISE_TREE);
  return files;
}

void expect_kept(Findings (*rule)(const SourceFile&)) {
  for (const SourceFile& file : tree()) {
    for (const std::string& finding : rule(file)) ADD_FAILURE() << finding;
  }
}

TEST(Tree, IsRead) {
  size_t sources = 0;
  for (const SourceFile& file : tree()) sources += file.starts_with("src/") ? 1 : 0;
  EXPECT_GT(sources, 10U);
}

TEST(Tree, FloorsIncludeLowerFloorsOnly) { expect_kept(check_floors); }
TEST(Tree, ThirdPartyHeadersHaveOneDoor) { expect_kept(check_doors); }
TEST(Tree, FilesAndLinesStaySmall) { expect_kept(check_sizes); }
TEST(Tree, HeadersAreReadOnce) { expect_kept(check_pragma); }
TEST(Tree, WordsWeDoNotUse) { expect_kept(check_words); }
TEST(Tree, ClassesHaveCards) { expect_kept(check_cards); }

}  // namespace
}  // namespace reprise::style
