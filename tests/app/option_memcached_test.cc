// The three options of the shared cache.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/option_secret.h"
#include "app/option_support.h"

namespace reprise::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using namespace std::string_literals;

const std::string kServer = "--memcached=127.0.0.1:11211";
const std::string kSecret = "0123456789abcdef";

TEST(MemcachedOptions, ServersAreAList) {
  EXPECT_THAT(values(load({"--memcached=a:1,[::1]:2", "--memcached", "B:3"}), "memcached"),
              ElementsAre("a:1", "[::1]:2", "b:3"));
  EXPECT_THAT(values(load({}, {"REPRISE_MEMCACHED=a:1, b:2"}), "memcached"),
              ElementsAre("a:1", "b:2"));
  EXPECT_THAT(values(load_file("memcached = [\"a:1\", \"b:2\"]\n"), "memcached"),
              ElementsAre("a:1", "b:2"));
  const Options options = load({"--memcached=cache:11212"});
  ASSERT_EQ(options.memcached.size(), 1u);
  EXPECT_EQ(options.memcached[0].host, "cache");
  EXPECT_EQ(options.memcached[0].port, 11212);
}

TEST(MemcachedOptions, AStrongerSourceCanTurnItOff) {
  EXPECT_THAT(load({"--memcached=off"}, {"REPRISE_MEMCACHED=h:1"}).memcached, IsEmpty());
}

TEST(MemcachedOptions, ServersAreAtMost64) {
  std::string many = "h:1";
  for (int port = 2; port <= 64; ++port) many += ",h:" + std::to_string(port);
  EXPECT_EQ(load({"--memcached=" + many}).memcached.size(), 64u);
  EXPECT_THAT(refusal({"--memcached=" + many + ",h:65"}),
              AllOf(StartsWith("--memcached \"h:65\""), HasSubstr("at most 64 values")));
}

TEST(MemcachedOptions, NoServerTwice) {
  EXPECT_EQ(refusal({"--memcached=a:1,b:1,A:1"}), "--memcached \"a:1\": expected each server once");
  EXPECT_THAT(refusal({}, {"REPRISE_MEMCACHED=[::1]:1,[::1]:1"}),
              AllOf(StartsWith("--memcached \"[::1]:1\""), EndsWith("(from REPRISE_MEMCACHED)")));
}

TEST(MemcachedOptions, ATimeoutAloneIsFine) {
  EXPECT_EQ(load({"--memcached-timeout=1s"}).memcached_timeout_ms, 1000);
}

TEST(MemcachedOptions, ASecretAloneIsNot) {
  const TemporaryFile file(kSecret);
  EXPECT_EQ(refusal({"--memcached-secret", file.path()}),
            "--memcached-secret \"" + file.path() + "\": expected --memcached as well");
  EXPECT_THAT(
      refusal({"--memcached=off", "--memcached-secret", file.path()}, {"REPRISE_MEMCACHED=h:1"}),
      HasSubstr("expected --memcached as well"));
}

TEST(MemcachedOptions, TheSecretIsReadWithoutItsLineEnds) {
  for (const char* end : {"", "\n", "\r\n", "\n\n\r\n"}) {
    const TemporaryFile file(kSecret + end);
    EXPECT_EQ(read_secret(file.path()).value_or("none"), kSecret);
  }
  const std::string odd = " \nbytes\0of any kind \n "s;
  EXPECT_EQ(read_secret(TemporaryFile(odd).path()).value_or("none"), odd);
  const std::string longest(4096, 's');
  EXPECT_EQ(read_secret(TemporaryFile(longest).path()).value_or("none"), longest);
}

TEST(MemcachedOptions, ABadSecretIsRefused) {
  const struct {
    std::string text;
    std::string why;
  } cases[] = {
      {"", "but this one is empty"},
      {"\n\r\n\n", "but this one is empty"},
      {"0123456789abcde", "but this one is shorter"},
      {"0123456789abcde\n", "but this one is shorter"},
      {std::string(4097, 's'), "but this one is larger"},
      {std::string(4096, 's') + "\n", "but this one is larger"},
      {std::string(100'000, '\n'), "but this one is larger"},
  };
  for (const auto& bad : cases) {
    const TemporaryFile file(bad.text);
    const std::string expected = "--memcached-secret \"" + file.path() +
                                 "\": expected a readable file with 16 bytes to 4KiB, " + bad.why;
    EXPECT_EQ(refusal({kServer, "--memcached-secret", file.path()}), expected);
    EXPECT_EQ(refusal({kServer}, {"REPRISE_MEMCACHED_SECRET=" + file.path()}),
              expected + " (from REPRISE_MEMCACHED_SECRET)");
    const auto read = read_secret(file.path());
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(read.error().detail, expected);
  }
}

TEST(MemcachedOptions, AFileThatCannotBeReadIsRefused) {
  EXPECT_THAT(refusal({kServer, "--memcached-secret=/no/such"}),
              AllOf(StartsWith("--memcached-secret \"/no/such\": expected a readable file"),
                    EndsWith("but No such file or directory")));
  EXPECT_THAT(refusal({kServer, "--memcached-secret=/"}), EndsWith("but Is a directory"));
  EXPECT_THAT(refusal({kServer, "--memcached-secret=/dev/zero"}), EndsWith("one is larger"));
  const std::string pipe = testing::TempDir() + "reprise-secret-pipe-" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(refusal({kServer, "--memcached-secret", pipe}), EndsWith("one is empty"));
  ::unlink(pipe.c_str());
}

TEST(MemcachedOptions, NoComplaintShowsASecret) {
  const TemporaryFile file("hush-hush\n");
  EXPECT_THAT(refusal({kServer, "--memcached-secret", file.path()}), Not(HasSubstr("hush")));
}

TEST(MemcachedOptions, ASecretThatEverybodyMayReadIsAWarning) {
  const TemporaryFile file(kSecret);
  const std::vector<std::string> arguments = {kServer, "--memcached-secret", file.path()};
  EXPECT_THAT(load(arguments).warnings, IsEmpty());
  ASSERT_EQ(::chmod(file.path().c_str(), 0640), 0);
  EXPECT_THAT(load(arguments).warnings, IsEmpty());
  ASSERT_EQ(::chmod(file.path().c_str(), 0644), 0);
  EXPECT_THAT(load(arguments).warnings,
              ElementsAre(AllOf(HasSubstr(file.path()), HasSubstr("every user"))));
}

}  // namespace
}  // namespace reprise::app
