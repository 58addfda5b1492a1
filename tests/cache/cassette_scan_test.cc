// Which questions a cassette can answer.
#include <gmock/gmock.h>

#include "cache/cassette_folder.h"

namespace reprise::cache {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class CassetteScanning : public testing::Test {
 protected:
  std::shared_ptr<CassetteScan> scan(size_t found_max = CassetteScan::kFoundMax,
                                     int64_t time_ms_max = 60'000) {
    const auto job = std::make_shared<CassetteScan>(openai::Route::kChatCompletions, nullptr);
    job->found_max = found_max;
    job->time_ms_max = time_ms_max;
    process_.tier->submit(job);
    EXPECT_TRUE(job->wait_ms(CassetteProcess::kPatienceMs));
    return job;
  }
  static std::vector<base::Digest128> keys(const CassetteScan& scan) {
    std::vector<base::Digest128> keys;
    for (const KnownQuestion& known : scan.found) keys.push_back(known.key);
    return keys;
  }

  Folder folder_;
  CassetteProcess process_{folder_.path()};
};

TEST_F(CassetteScanning, FindsTheQuestionsOfOneRoute) {
  const auto one = sample("one");
  SampleEntry made("two");
  made.entry.name_space = "ns";
  made.entry.asked_form = {true, true, false};
  made.entry.members = question_of(R"({"messages":[],"model":"m"})").members;
  const auto two = std::move(made).make();
  SampleEntry elsewhere("elsewhere");
  elsewhere.entry.route = openai::Route::kEmbeddings;
  process_.store(one);
  process_.store(two, R"({"messages":[],"model":"m"})");
  process_.store(std::move(elsewhere).make());
  const auto found = scan();
  EXPECT_TRUE(found->complete);
  ASSERT_THAT(keys(*found), UnorderedElementsAre(one->key, two->key));
  const KnownQuestion& known = found->found[found->found[0].key == two->key ? 0 : 1];
  EXPECT_EQ(known.name_space, "ns");
  EXPECT_EQ(known.model, "gpt-4o");
  EXPECT_EQ(known.form, two->asked_form);
  ASSERT_THAT(known.members, SizeIs(2));
  EXPECT_EQ(known.members[1].name, "model");
  EXPECT_EQ(known.members[1].hash, two->members[1].hash);
}

TEST_F(CassetteScanning, PassesOverWhatCannotBeUsedAndWhatIsPurged) {
  process_.store(sample("purged"));
  process_.store(sample("kept", 3'000'000));
  process_.purges.purge_all(2'000'000);
  put(folder_.path_of("README.md"), "These are fixtures.");
  put(folder_.path_of(std::string(32, 'a') + ".json"), "{");
  put(folder_.path_of(std::string(32, 'A') + ".json"), text_of(folder_.file_of(*sample("kept"))));
  std::filesystem::create_directory(folder_.path_of(std::string(32, 'b') + ".json"));
  const auto found = scan();
  EXPECT_TRUE(found->complete);
  EXPECT_THAT(keys(*found), UnorderedElementsAre(sample("kept")->key));
}

TEST_F(CassetteScanning, KeepsToItsBounds) {
  for (int i = 0; i < 10; ++i) process_.tier->store(sample(std::to_string(i)));
  process_.store(sample("last"));
  const auto few = scan(4);
  EXPECT_FALSE(few->complete);
  EXPECT_THAT(few->found, SizeIs(4));
  const auto none = scan(100, -1);
  EXPECT_FALSE(none->complete);
  EXPECT_THAT(none->found, IsEmpty());
  EXPECT_THAT(scan(11)->found, SizeIs(11));
}

TEST_F(CassetteScanning, IsNotCompleteWithoutADirectory) {
  std::filesystem::remove_all(folder_.path());
  EXPECT_FALSE(scan()->complete);
}

TEST_F(CassetteScanning, TooManyAtOnceAreDropped) {
  process_.store(sample("q"));
  std::vector<std::shared_ptr<CassetteScan>> scans;
  for (size_t i = 0; i < 4 * CassetteTier::kScansWaitingMax; ++i) {
    scans.push_back(std::make_shared<CassetteScan>(openai::Route::kChatCompletions, nullptr));
    process_.tier->submit(scans.back());
  }
  size_t done = 0;
  for (const auto& job : scans) {
    ASSERT_TRUE(job->wait_ms(CassetteProcess::kPatienceMs));
    if (job->end() == SharedJob::End::kDone) ++done;
  }
  EXPECT_GE(done, CassetteTier::kScansWaitingMax);
}

}  // namespace
}  // namespace reprise::cache
