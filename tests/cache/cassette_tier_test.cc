#include "cache/cassette_tier.h"

#include <gmock/gmock.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

#include "cache/cassette_folder.h"
#include "cache/tier_contract.h"
#include "fakes/manual_executor.h"

namespace reprise::cache {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class CassetteTierHost {
 public:
  Tier& tier() { return *process_.tier; }
  // Changes are made in order.
  void settle() { process_.tier->remove(base::xxh3_128("nobody's")); }

 private:
  Folder folder_;
  CassetteProcess process_{folder_.path()};
};
INSTANTIATE_TYPED_TEST_SUITE_P(CassetteTier, TierContract, CassetteTierHost);

class CassetteTierTest : public testing::Test {
 protected:
  Folder folder_;
  CassetteProcess process_{folder_.path()};
  const std::shared_ptr<const Entry> entry_ = sample("q");
};

TEST_F(CassetteTierTest, OutlivesItsProcess) {
  process_.store(entry_);
  CassetteProcess next(folder_.path());
  EXPECT_EQ(next.found(entry_), "answer to q");
}

TEST_F(CassetteTierTest, HasOneFileForEachEntry) {
  process_.store(entry_);
  process_.store(sample("other"));
  process_.store(sample("q", 3'000'000));
  EXPECT_THAT(folder_.names(), testing::UnorderedElementsAre(entry_->key.hex() + ".json",
                                                             sample("other")->key.hex() + ".json"));
}

TEST_F(CassetteTierTest, WritesTheQuestionThatItIsTold) {
  const Question question = question_of(R"({"model":"m"})");
  Entry entry = *entry_;
  entry.members = question.members;
  process_.store(std::make_shared<const Entry>(entry), question.body);
  EXPECT_THAT(text_of(folder_.file_of(entry)), HasSubstr(R"("body": {"model": "m"})"));
}

TEST_F(CassetteTierTest, ServesWhatSomebodyMadeOfAFile) {
  process_.store(entry_);
  EXPECT_EQ(process_.found(entry_), "answer to q");
  put(folder_.file_of(*entry_), edited(text_of(folder_.file_of(*entry_)), "answer to q", "mended"));
  EXPECT_EQ(process_.found(entry_), "mended");
  std::filesystem::remove(folder_.file_of(*entry_));
  EXPECT_EQ(process_.found(entry_), "(no entry)");
  EXPECT_EQ(process_.tier->read().damaged, 0u);
}

TEST_F(CassetteTierTest, NamesADamagedFileMissesItAndWritesOverIt) {
  process_.store(entry_);
  const std::string file = folder_.file_of(*entry_);
  for (const std::string& damaged :
       {std::string(), text_of(file).substr(0, 100), edited(text_of(file), "\"ttl\"", "\"tt\""),
        edited(text_of(file), entry_->key.hex(), std::string(32, '0'))}) {
    put(file, damaged);
    testing::internal::CaptureStderr();
    const auto job = process_.ask(entry_);
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                AllOf(HasSubstr("warn"), HasSubstr("cassette file cannot be used"),
                      HasSubstr("file=" + file), HasSubstr("why=")));
    EXPECT_EQ(job->end(), SharedJob::End::kFailed);
    EXPECT_EQ(job->entry, nullptr);
    // Whenever that was asked.
    EXPECT_TRUE(process_.store(sample("q", 1)));
    EXPECT_EQ(process_.found(entry_), "answer to q");
  }
  EXPECT_EQ(process_.tier->read().damaged, 4u);
}

TEST_F(CassetteTierTest, AFileUnderAnotherNameIsNotTheAnswer) {
  process_.store(entry_);
  const auto other = sample("other");
  std::filesystem::copy(folder_.file_of(*entry_), folder_.file_of(*other));
  EXPECT_EQ(process_.found(other), "(no entry)");
  EXPECT_EQ(process_.tier->look_up(other->key), nullptr);
}

TEST_F(CassetteTierTest, FollowsNoLinksAndOpensNothingButFiles) {
  process_.store(entry_);
  const std::string file = folder_.file_of(*entry_);
  std::filesystem::rename(file, folder_.path_of("elsewhere"));
  std::filesystem::create_symlink(folder_.path_of("elsewhere"), file);
  EXPECT_EQ(process_.ask(entry_)->end(), SharedJob::End::kFailed);
  // A store puts a file in the link's place, and leaves alone what it pointed to.
  EXPECT_TRUE(process_.store(sample("q", 2'000'000)));
  EXPECT_FALSE(std::filesystem::is_symlink(file));
  EXPECT_TRUE(std::filesystem::exists(folder_.path_of("elsewhere")));
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(process_.ask(entry_)->end(), SharedJob::End::kFailed);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_EQ(process_.ask(entry_)->end(), SharedJob::End::kFailed);
  EXPECT_FALSE(process_.store(entry_));
  EXPECT_EQ(process_.tier->read().failed_stores, 1u);
}

TEST_F(CassetteTierTest, ReadsNoMoreThanAFileMayHave) {
  const std::string file = folder_.file_of(*entry_);
  put(file, "{");
  std::filesystem::resize_file(file, uintmax_t{1} << 40);
  EXPECT_EQ(process_.ask(entry_)->end(), SharedJob::End::kFailed);
}

TEST_F(CassetteTierTest, WhatIsFoundIsRememberedInMemory) {
  process_.store(entry_);
  SampleEntry expired("expired");
  expired.entry.ttl_ms = 1;
  const auto old = std::move(expired).make();
  process_.store(old);
  process_.found(entry_);
  process_.found(old);
  EXPECT_EQ(body_of(process_.memory.find(entry_->key, entry_->proof)), "answer to q");
  EXPECT_EQ(body_of(process_.memory.find(old->key, old->proof)), "answer to expired");
}

TEST_F(CassetteTierTest, OnlyTheAnswerToTheQuestionIsRemembered) {
  process_.store(entry_);
  const auto colliding = std::make_shared<Entry>(*entry_);
  colliding->proof = base::sha256("another");
  EXPECT_EQ(process_.ask(colliding)->entry->proof, entry_->proof);
  EXPECT_EQ(process_.memory.entries(), 0u);
  EXPECT_NE(process_.tier->look_up(entry_->key), nullptr);
  EXPECT_EQ(process_.memory.entries(), 0u);
}

TEST_F(CassetteTierTest, WhatIsPurgedIsNeitherRememberedNorWritten) {
  process_.store(entry_);
  process_.purges.purge_all(2'000'000);
  EXPECT_EQ(process_.found(entry_), "answer to q");
  EXPECT_EQ(process_.memory.entries(), 0u);
  const auto purged = sample("purged");
  process_.store(purged);
  EXPECT_FALSE(std::filesystem::exists(folder_.file_of(*purged)));
}

// It would outlive every purge and every new recording.
TEST_F(CassetteTierTest, WhatComesFromTheFutureIsServedAndGivesWay) {
  const auto ahead = sample("q", 100'000'000);
  process_.store(ahead);
  EXPECT_EQ(process_.found(ahead), "answer to q");
  EXPECT_EQ(process_.ask(ahead)->entry->asked_at_us, 1);
  SampleEntry now("q", 9'000'000);
  now.body = "now";
  process_.store(std::move(now).make());
  EXPECT_EQ(process_.found(ahead), "now");
}

TEST_F(CassetteTierTest, MakesItsDirectoryAgain) {
  std::filesystem::remove_all(folder_.path());
  EXPECT_EQ(process_.found(entry_), "(no entry)");
  EXPECT_FALSE(process_.tier->remove(entry_->key));
  EXPECT_TRUE(process_.store(entry_));
  EXPECT_EQ(process_.found(entry_), "answer to q");
}

TEST_F(CassetteTierTest, OpensOnlyADirectory) {
  put(folder_.path_of("file"), "");
  const auto opened =
      CassetteTier::open({folder_.path_of("file"), 1},
                         {process_.clock, process_.purges, process_.memory, process_.models});
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().detail,
            "the directory " + folder_.path_of("file") + " cannot be used: Not a directory");
  const auto deep =
      CassetteTier::open({folder_.path_of("a/b"), 1},
                         {process_.clock, process_.purges, process_.memory, process_.models});
  EXPECT_FALSE(deep.has_value());
  EXPECT_TRUE(CassetteTier::open({folder_.path_of("a"), 1}, {process_.clock, process_.purges,
                                                             process_.memory, process_.models}));
}

TEST_F(CassetteTierTest, FlushesWhatWaitsAndTakesNoMore) {
  for (int i = 0; i < 100; ++i) process_.tier->store(sample(std::to_string(i)));
  process_.tier->flush();
  EXPECT_THAT(folder_.names(), SizeIs(100));
  EXPECT_EQ(process_.tier->read().stores, 100u);
  process_.tier->store(entry_);
  EXPECT_FALSE(process_.tier->remove(entry_->key));
  EXPECT_EQ(process_.tier->read().dropped_stores, 1u);
  EXPECT_THAT(folder_.names(), SizeIs(100));
}

TEST_F(CassetteTierTest, AQueueThatIsFullDropsStores) {
  const auto large = ballast("large", CassetteTier::kWaitingBytesMax + 1);
  process_.tier->store(large);
  EXPECT_EQ(process_.tier->read().dropped_stores, 1u);
}

TEST_F(CassetteTierTest, WakesWhoeverWaits) {
  process_.store(entry_);
  fakes::ManualExecutor executor;
  std::shared_ptr<CassetteRead> job;
  std::string woken;
  struct Waiting {
    std::shared_ptr<CassetteRead>& job;
    std::string& woken;
  } waiting{job, woken};
  base::Wakeup wakeup(
      executor,
      [](void* self) noexcept {
        static_cast<Waiting*>(self)->woken = body_of(static_cast<Waiting*>(self)->job->entry);
      },
      &waiting);
  job = std::make_shared<CassetteRead>(&wakeup);
  job->home = entry_->key;
  process_.tier->submit(job);
  ASSERT_TRUE(job->wait_ms(CassetteProcess::kPatienceMs));
  executor.run();
  EXPECT_EQ(woken, "answer to q");
}

TEST_F(CassetteTierTest, CountsWhatBecameOfQuestions) {
  process_.store(entry_);
  process_.found(entry_);
  process_.found(sample("other"));
  process_.tier->look_up(entry_->key);
  const CassetteReadings readings = process_.tier->read();
  EXPECT_EQ(readings.hits, 1u);
  EXPECT_EQ(readings.misses, 1u);
  EXPECT_EQ(readings.stores, 1u);
}

// Watch: what is done with a directory and what lies in it.
class Watch {
 public:
  explicit Watch(const std::string& directory) : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    EXPECT_GE(::inotify_add_watch(fd_, directory.c_str(), IN_ACCESS | IN_OPEN), 0);
  }
  ~Watch() { ::close(fd_); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // The files that were opened, and "(listed)" if the directory was, since the last call.
  std::set<std::string> seen() {
    std::set<std::string> seen;
    alignas(inotify_event) std::array<char, 65536> buffer;
    ssize_t size = 0;
    while ((size = ::read(fd_, buffer.data(), buffer.size())) > 0) {
      for (ssize_t at = 0; at < size;) {
        const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + at);
        if (event->len > 0 && (event->mask & IN_OPEN) != 0) seen.insert(event->name);
        if ((event->mask & IN_ISDIR) != 0 && (event->mask & IN_ACCESS) != 0)
          seen.insert("(listed)");
        at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      }
    }
    return seen;
  }

 private:
  const int fd_;
};

TEST_F(CassetteTierTest, LoadsOnDemandHoweverManyFilesThereAre) {
  constexpr int kFiles = 500;
  process_.store(entry_);
  const std::string text = text_of(folder_.file_of(*entry_));
  for (int i = 0; i < kFiles; ++i) {
    const auto other = sample(std::to_string(i));
    put(folder_.file_of(*other), edited(text, entry_->key.hex(), other->key.hex()));
  }
  Watch watch(folder_.path());
  CassetteProcess next(folder_.path());
  EXPECT_THAT(watch.seen(), IsEmpty());
  EXPECT_EQ(next.found(entry_), "answer to q");
  EXPECT_THAT(watch.seen(), ElementsAre(entry_->key.hex() + ".json"));
  EXPECT_EQ(next.found(sample("unknown")), "(no entry)");
  EXPECT_THAT(watch.seen(), IsEmpty());
  // What looks at all files is seen to do so.
  const auto scan = std::make_shared<CassetteScan>(openai::Route::kChatCompletions, nullptr);
  next.tier->submit(scan);
  ASSERT_TRUE(scan->wait_ms(CassetteProcess::kPatienceMs));
  EXPECT_THAT(watch.seen(), AllOf(SizeIs(kFiles + 2), testing::Contains("(listed)")));
}

}  // namespace
}  // namespace reprise::cache
