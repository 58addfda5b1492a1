// --cassette, and what depends on it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "app/option_support.h"

namespace reprise::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class CassetteOptions : public testing::Test {
 protected:
  CassetteOptions() {
    std::string path = testing::TempDir() + "reprise-cassette-XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~CassetteOptions() override { std::filesystem::remove_all(path_); }

  std::string path_;
};

TEST_F(CassetteOptions, ADirectoryMayBeThereOrBeMade) {
  EXPECT_EQ(load({"--cassette", path_}).cassette_directory, path_);
  EXPECT_EQ(load({"--cassette", path_ + "/new"}).cassette_directory, path_ + "/new");
  EXPECT_EQ(load({"--cassette", path_ + "/new//"}).cassette_directory, path_ + "/new//");
  EXPECT_FALSE(std::filesystem::exists(path_ + "/new"));
  EXPECT_EQ(load({"--cassette", "a-name-alone"}).cassette_directory, "a-name-alone");
  EXPECT_EQ(load({"--cassette=/"}).cassette_directory, "/");
  EXPECT_EQ(load({"--cassette=off"}, {"REPRISE_CASSETTE=" + path_}).cassette_directory, "");
}

TEST_F(CassetteOptions, WhatIsNoneIsRefused) {
  const TemporaryFile file("");
  EXPECT_EQ(refusal({"--cassette", file.path()}),
            "--cassette \"" + file.path() +
                "\": expected a directory that can be written, or made, but Not a directory");
  EXPECT_EQ(refusal({}, {"REPRISE_CASSETTE=" + path_ + "/a/b"}),
            "--cassette \"" + path_ +
                "/a/b\": expected a directory that can be written, or made, but No such file or "
                "directory (from REPRISE_CASSETTE)");
  EXPECT_THAT(refusal({"--cassette", file.path() + "/a"}), HasSubstr("but Not a directory"));
}

TEST_F(CassetteOptions, OfflineItHasToBeThere) {
  EXPECT_EQ(load({"--mode=offline", "--cassette", path_}).cassette_directory, path_);
  EXPECT_EQ(refusal({"--mode=offline", "--cassette", path_ + "/new"}),
            "--cassette \"" + path_ +
                "/new\": expected a readable directory, but No such file or directory");
}

TEST_F(CassetteOptions, ItIsEverybodysUnlessToldOtherwise) {
  EXPECT_EQ(load({"--cassette", path_}).scope, Scope::kGlobal);
  EXPECT_THAT(load({"--cassette", path_}).warnings, IsEmpty());
  const Options own = load({"--cassette", path_, "--scope=key"});
  EXPECT_EQ(own.scope, Scope::kKey);
  EXPECT_THAT(own.warnings, ElementsAre(HasSubstr("hashes that cover the callers' credentials")));
  EXPECT_EQ(load({"--cassette", path_}, {"REPRISE_SCOPE=key"}).scope, Scope::kKey);
  EXPECT_EQ(load({}).scope, Scope::kKey);
  EXPECT_THAT(load({}).warnings, IsEmpty());
}

}  // namespace
}  // namespace reprise::app
