#include "cache/cassette_directory.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include "cache/cassette_folder.h"

namespace reprise::cache {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CassetteDirectoryTest : public testing::Test {
 protected:
  std::string read(const std::string& name, size_t bytes_max = 100) {
    const auto text = directory_.read(name, bytes_max);
    if (!text) return text.error().detail;
    return text->value_or("(absent)");
  }

  Folder folder_;
  CassetteDirectory directory_{folder_.path()};
};

TEST_F(CassetteDirectoryTest, GivesBackWhatWasWritten) {
  EXPECT_EQ(read("a"), "(absent)");
  const std::string text("t\0\n\xFF", 4);
  EXPECT_TRUE(directory_.write("a", text).has_value());
  EXPECT_EQ(read("a"), text);
  EXPECT_TRUE(directory_.write("a", "").has_value());
  EXPECT_EQ(read("a"), "");
  EXPECT_EQ(directory_.remove("a"), true);
  EXPECT_EQ(directory_.remove("a"), false);
  EXPECT_THAT(folder_.names(), IsEmpty());
}

TEST_F(CassetteDirectoryTest, ReadsNoMoreThanItMay) {
  EXPECT_TRUE(directory_.write("a", std::string(100, 'x')).has_value());
  EXPECT_EQ(read("a", 100), std::string(100, 'x'));
  EXPECT_EQ(read("a", 99), "more than 99 bytes");
}

TEST_F(CassetteDirectoryTest, AGroupHasItsNamesWhenItIsFinished) {
  CassetteDirectory::Group group(directory_);
  EXPECT_TRUE(group.add("a", "1").has_value());
  EXPECT_TRUE(group.add("b", "2").has_value());
  EXPECT_EQ(read("a"), "(absent)");
  for (const std::string& name : folder_.names()) EXPECT_TRUE(name.starts_with('.')) << name;
  EXPECT_EQ(group.finish().size(), 2u);
  EXPECT_THAT(folder_.names(), ElementsAre("a", "b"));
  EXPECT_THAT(group.finish(), IsEmpty());
  EXPECT_TRUE(group.add("c", "3").has_value());
  EXPECT_TRUE(group.finish().front().has_value());
  EXPECT_EQ(read("c"), "3");
}

TEST_F(CassetteDirectoryTest, AGroupThatIsNotFinishedLeavesNothing) {
  {
    CassetteDirectory::Group group(directory_);
    EXPECT_TRUE(group.add("a", "1").has_value());
    EXPECT_TRUE(group.add("b", "2").has_value());
  }
  EXPECT_THAT(folder_.names(), IsEmpty());
}

TEST_F(CassetteDirectoryTest, OneFileOfAGroupFailsByItself) {
  std::filesystem::create_directory(folder_.path_of("b"));
  CassetteDirectory::Group group(directory_);
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(group.add(name, name).has_value());
  const auto results = group.finish();
  ASSERT_EQ(results.size(), 3u);
  EXPECT_TRUE(results[0].has_value());
  EXPECT_EQ(results[1].error().detail, "cannot be written: Is a directory");
  EXPECT_TRUE(results[2].has_value());
  EXPECT_THAT(folder_.names(), ElementsAre("a", "b", "c"));
}

TEST_F(CassetteDirectoryTest, SaysWhatIsInItsPlace) {
  put(folder_.path_of("file"), "");
  const CassetteDirectory file(folder_.path_of("file"));
  EXPECT_THAT(file.create().error().detail, HasSubstr("Not a directory"));
  EXPECT_THAT(file.read("a", 1).error().detail, HasSubstr("Not a directory"));
  EXPECT_THAT(file.write("a", "").error().detail, HasSubstr("Not a directory"));
  EXPECT_THAT(file.remove("a").error().detail, HasSubstr("Not a directory"));
  EXPECT_FALSE(file.list([](const std::string&) { return true; }).has_value());
}

TEST_F(CassetteDirectoryTest, IsMadeButNotItsParents) {
  EXPECT_TRUE(CassetteDirectory(folder_.path_of("a")).create().has_value());
  EXPECT_TRUE(CassetteDirectory(folder_.path_of("a")).create().has_value());
  EXPECT_THAT(CassetteDirectory(folder_.path_of("b/c")).create().error().detail,
              HasSubstr("No such file or directory"));
}

TEST_F(CassetteDirectoryTest, ListsUntilItIsToldToStop) {
  for (const char* name : {"a", "b"}) put(folder_.path_of(name), "");
  std::set<std::string> names;
  EXPECT_TRUE(directory_.list([&](const std::string& name) {
    names.insert(name);
    return true;
  }));
  EXPECT_THAT(names, ElementsAre(".", "..", "a", "b"));
  int visits = 0;
  EXPECT_TRUE(directory_.list([&](const std::string&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

}  // namespace
}  // namespace reprise::cache
