// Whenever a process is killed, its cassette holds whole entries and nothing else that is read.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>

#include "cache/cassette_folder.h"

namespace reprise::cache {
namespace {

constexpr const char* kFolderVariable = "REPRISE_TEST_CASSETTE";
constexpr int kQuestions = 8;

std::string name_of(int question) { return "question " + std::to_string(question); }

// Its body says what it is from one end to the other.
std::shared_ptr<const Entry> entry_of(int question, int round) {
  SampleEntry entry(name_of(question), 1'000'000 + round);
  entry.body.clear();
  for (int line = 0; line < 400; ++line) entry.body += std::to_string(round) + "\n";
  entry.body += "end";
  return std::move(entry).make();
}

bool is_whole(const Entry& entry) {
  const std::string body(entry.answer->body().view());
  for (int question = 0; question < kQuestions; ++question) {
    const auto round = static_cast<int>(entry.asked_at_us - 1'000'000);
    if (entry.key == base::xxh3_128(name_of(question))) {
      return body == body_of(entry_of(question, round));
    }
  }
  return false;
}

// Writes until it is killed, and says so each time that one more round is on disk.
TEST(CassetteWriter, DISABLED_WritesUntilKilled) {
  const char* folder = std::getenv(kFolderVariable);
  ASSERT_NE(folder, nullptr);
  CassetteProcess process(folder);
  for (int round = 1;; ++round) {
    std::shared_ptr<CassetteWrite> last;
    for (int question = 0; question < kQuestions; ++question) {
      last = std::make_shared<CassetteWrite>(CassetteWrite::Op::kStore, nullptr);
      last->entry = entry_of(question, round);
      last->home = last->entry->key;
      process.tier->submit(last);
    }
    if (!last->wait_ms(CassetteProcess::kPatienceMs)) return;
    if (::write(STDOUT_FILENO, "+", 1) != 1) return;
  }
}

// Writer: a process that writes.
class Writer {
 public:
  explicit Writer(const std::string& folder) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string program = "/proc/self/exe";
    std::string filter = "--gtest_filter=CassetteWriter.*";
    std::string disabled = "--gtest_also_run_disabled_tests";
    std::string where = std::string(kFolderVariable) + "=" + folder;
    const std::array<char*, 4> arguments{program.data(), filter.data(), disabled.data(), nullptr};
    const std::array<char*, 2> environment{where.data(), nullptr};
    EXPECT_EQ(::posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(),
                            environment.data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    progress_ = ends[0];
  }
  ~Writer() {
    kill();
    ::close(progress_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Waits until that many rounds are on disk.
  void wait_rounds(int rounds) {
    for (char c = 0; rounds > 0;) {
      if (::read(progress_, &c, 1) != 1) {
        ADD_FAILURE() << "the writer has ended";
        return;
      }
      rounds -= c == '+' ? 1 : 0;
    }
  }
  void kill() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
  int progress_ = -1;
};

TEST(CassetteKill, LeavesOnlyWholeEntries) {
  Folder folder;
  for (int attempt = 0; attempt < 12; ++attempt) {
    Writer writer(folder.path());
    // It goes on writing meanwhile: the end comes anywhere in a round.
    writer.wait_rounds(1 + attempt % 3);
    for (int turn = 0; turn < attempt * 37; ++turn) std::this_thread::yield();
    writer.kill();
    base::ModelTable models;
    CassetteCodec codec(models, size_t{1} << 20);
    int entries = 0;
    for (const std::string& name : folder.names()) {
      if (name.starts_with('.')) continue;
      const auto entry = codec.decode(text_of(folder.path_of(name)));
      ASSERT_TRUE(entry.has_value()) << name << ": " << entry.error().detail;
      EXPECT_TRUE(is_whole(**entry)) << name;
      EXPECT_EQ(name, (*entry)->key.hex() + ".json");
      ++entries;
    }
    EXPECT_EQ(entries, kQuestions);
  }
}

TEST(CassetteKill, LeftoversAreSweptOnceTheyAreOld) {
  Folder folder;
  const std::string old = folder.path_of(".0123.json.0123456789abcdef.tmp");
  const std::string fresh = folder.path_of(".89ab.json.0123456789abcdef.tmp");
  const std::string others = folder.path_of(".somebody-elses.tmp");
  for (const std::string& file : {old, fresh, others}) put(file, "{");
  const auto long_ago = std::filesystem::file_time_type::clock::now() - std::chrono::hours(2);
  std::filesystem::last_write_time(old, long_ago);
  std::filesystem::last_write_time(others, long_ago);
  CassetteProcess process(folder.path());
  process.clock.set_wall_us(base::SystemClock().wall_us());
  EXPECT_EQ(process.found(sample("q")), "(no entry)");
  EXPECT_TRUE(std::filesystem::exists(old));
  EXPECT_TRUE(process.store(sample("q")));
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(fresh));
  EXPECT_TRUE(std::filesystem::exists(others));
}

}  // namespace
}  // namespace reprise::cache
