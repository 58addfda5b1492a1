#include "cache/cassette_purges.h"

#include <gmock/gmock.h>

#include "cache/cassette_folder.h"

namespace reprise::cache {
namespace {

using testing::HasSubstr;

PurgeTimes some_times() {
  PurgeTimes times;
  times.all_us = 1'772'368'496'012'345;
  times.scopes = {{{1, 2}, 1'772'368'496'012'346}, {{3, 4}, 1'772'368'496'012'347}};
  times.removals = {{{5, 6}, 1'772'368'496'012'348}};
  return times;
}

std::string fate(std::string_view text) {
  const auto times = decode_purges_file(text);
  return times ? "taken" : times.error().detail;
}

TEST(CassettePurges, AreReadable) {
  EXPECT_EQ(encode_purges_file(some_times()), R"({
  "reprise_purges": 1,
  "all": "2026-03-01T12:34:56.012345Z",
  "scopes": [
    ["00000000000000010000000000000002", "2026-03-01T12:34:56.012346Z"],
    ["00000000000000030000000000000004", "2026-03-01T12:34:56.012347Z"]
  ],
  "entries": [
    ["00000000000000050000000000000006", "2026-03-01T12:34:56.012348Z"]
  ]
}
)");
  EXPECT_THAT(encode_purges_file({}), HasSubstr("\"all\": null,\n  \"scopes\": [],"));
}

TEST(CassettePurges, ReadBackWhatWasWritten) {
  EXPECT_EQ(decode_purges_file(encode_purges_file(some_times())), some_times());
  EXPECT_EQ(decode_purges_file(encode_purges_file({})), PurgeTimes{});
}

TEST(CassettePurges, ReadTheMostThatThereCanBe) {
  PurgeTimes times;
  for (uint64_t i = 0; i < PurgeRecord::kScopesMax; ++i) times.scopes.push_back({{i, i}, 7});
  for (uint64_t i = 0; i < PurgeRecord::kRemovalsMax; ++i) times.removals.push_back({{i, i}, 7});
  const std::string text = encode_purges_file(times);
  EXPECT_LT(text.size(), CassettePurges::kBytesMax);
  EXPECT_EQ(decode_purges_file(text), times);
  times.scopes.push_back({{9999, 9999}, 7});
  EXPECT_EQ(fate(encode_purges_file(times)), "scopes[1024]: too many");
}

TEST(CassettePurges, SayWhatIsWrong) {
  const std::string text = encode_purges_file(some_times());
  EXPECT_EQ(fate(""), "line 1: malformed JSON");
  EXPECT_EQ(fate("{}"), "reprise_purges: missing");
  EXPECT_EQ(fate(edited(text, ": 1", ": 2")), "reprise_purges: format 2, and this build reads 1");
  EXPECT_EQ(fate(edited(text, "\"2026", "\"26")),
            "all: expected a time such as 2026-03-01T12:34:56.012345Z");
  EXPECT_EQ(fate(edited(text, "[\"0", "[\"")), "scopes[0]: expected [32 hex digits, time]");
  EXPECT_EQ(fate(edited(text, "012348Z", "012348")), "entries[0]: expected [32 hex digits, time]");
  EXPECT_EQ(fate(edited(text, "\"entries\"", "\"more\": 1, \"entries\"")), "more: unknown");
  for (size_t size = 0; size + 2 < text.size(); ++size) {
    EXPECT_THAT(fate(text.substr(0, size)), testing::StartsWith("line ")) << size;
  }
}

// Purging: a process with a cassette, and one entry in it.
class CassettePurging : public testing::Test {
 protected:
  CassettePurging() { process_.store(entry_); }
  // Whether a process that starts now has it.
  bool survives() {
    CassetteProcess next(folder_.path());
    const auto entry = next.ask(entry_)->entry;
    return entry != nullptr && !next.purges.gone(*entry);
  }

  Folder folder_;
  CassetteProcess process_{folder_.path()};
  const std::shared_ptr<const Entry> entry_ = sample("q");
};

TEST_F(CassettePurging, APurgeSurvivesItsProcess) {
  EXPECT_TRUE(survives());
  process_.purges.purge_model("gpt-4o", 2'000'000);
  EXPECT_TRUE(process_.tier->keep_purges());
  EXPECT_FALSE(survives());
  EXPECT_TRUE(std::filesystem::exists(folder_.file_of(*entry_)));
}

TEST_F(CassettePurging, ARemovalHoldsForACopyThatTurnsUpLater) {
  const std::string text = text_of(folder_.file_of(*entry_));
  process_.purges.remove(entry_->key, 2'000'000);
  EXPECT_TRUE(process_.tier->remove(entry_->key));
  EXPECT_TRUE(process_.tier->keep_purges());
  put(folder_.file_of(*entry_), text);
  EXPECT_FALSE(survives());
}

// Such as those that another process told it of.
TEST_F(CassettePurging, WhatNobodyAskedToKeepIsKeptSoon) {
  process_.purges.purge_all(2'000'000);
  while (!std::filesystem::exists(folder_.path_of("purges.json"))) std::this_thread::yield();
  EXPECT_FALSE(survives());
}

TEST_F(CassettePurging, WhatIsOnRecordAtTheEndIsKept) {
  process_.purges.purge_all(2'000'000);
  process_.tier->flush();
  EXPECT_FALSE(survives());
}

TEST_F(CassettePurging, ProcessesThatShareADirectoryKeepEachOthersPurges) {
  CassetteProcess other(folder_.path());
  other.purges.purge_namespace("theirs", 3'000'000);
  EXPECT_TRUE(other.tier->keep_purges());
  process_.purges.purge_namespace("ours", 2'000'000);
  EXPECT_TRUE(process_.tier->keep_purges());
  CassetteProcess next(folder_.path());
  EXPECT_TRUE(next.purges.purged(1, "theirs", "", ""));
  EXPECT_TRUE(next.purges.purged(1, "ours", "", ""));
}

TEST_F(CassettePurging, NothingIsWrittenUntilThereIsSomething) {
  EXPECT_TRUE(process_.tier->keep_purges());
  process_.tier->flush();
  EXPECT_FALSE(std::filesystem::exists(folder_.path_of("purges.json")));
  CassetteProcess purging(folder_.path());
  purging.purges.purge_all(1);
  purging.tier->flush();
  const auto written = std::filesystem::last_write_time(folder_.path_of("purges.json"));
  CassetteProcess(folder_.path()).tier->flush();
  EXPECT_EQ(std::filesystem::last_write_time(folder_.path_of("purges.json")), written);
}

TEST_F(CassettePurging, ADamagedFileIsNamedAndReplaced) {
  put(folder_.path_of("purges.json"), "{");
  testing::internal::CaptureStderr();
  CassetteProcess next(folder_.path());
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::AllOf(HasSubstr("cassette file cannot be used"),
                             HasSubstr("file=" + folder_.path_of("purges.json")),
                             HasSubstr("line 1: malformed JSON")));
  next.purges.purge_all(2'000'000);
  EXPECT_TRUE(next.tier->keep_purges());
  EXPECT_FALSE(survives());
}

TEST_F(CassettePurging, SaysWhenItCannotBeKept) {
  std::filesystem::create_directory(folder_.path_of("purges.json"));
  process_.purges.purge_all(2'000'000);
  EXPECT_FALSE(process_.tier->keep_purges());
  EXPECT_FALSE(process_.tier->keep_purges());
}

}  // namespace
}  // namespace reprise::cache
