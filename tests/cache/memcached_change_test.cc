// Changes ask for no answer; what became of them is told by what is there behind them.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "cache/memcached_client.h"
#include "cache/scripted_memcached.h"
#include "servers/memcached_server.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;

constexpr int64_t kPatienceMs = 25000;
constexpr Expiry kAnHour{3600};

const std::string kNothing = "END\r\n";
const std::string kOurs = "VALUE a 0 4 5\r\nours\r\nEND\r\n";
const std::string kTheirs = "VALUE a 0 6 6\r\ntheirs\r\nEND\r\n";
const std::string kUnchanged = "VALUE a 0 3 3\r\nold\r\nEND\r\n";
constexpr uint64_t kCas = 3;  // of kUnchanged
const std::string kLimit = "STAT item_size_max 2000\r\nEND\r\n";

MemcachedAddress at(uint16_t port) { return {"127.0.0.1", port}; }

using Change = std::function<Written(MemcachedClient&)>;

const Change kSet = [](MemcachedClient& client) { return client.set("a", "ours", kAnHour); };
const Change kAdd = [](MemcachedClient& client) { return client.add("a", "ours", kAnHour); };
const Change kCasSet = [](MemcachedClient& client) {
  return client.cas("a", "ours", kAnHour, kCas);
};
const Change kRemove = [](MemcachedClient& client) { return client.remove("a"); };
const Change kCasRemove = [](MemcachedClient& client) { return client.remove("a", kCas); };

Written outcome(const Change& change, std::vector<std::string> answers) {
  ScriptedMemcached server(std::move(answers));
  MemcachedClient client(at(server.port()), kPatienceMs);
  return change(client);
}

TEST(MemcachedChange, IsToldByWhatIsThereBehindIt) {
  for (const Change& change : {kSet, kAdd, kCasSet}) {
    EXPECT_EQ(outcome(change, {kOurs}), Written::kDone);
    EXPECT_EQ(outcome(change, {kTheirs}), Written::kExists);
  }
  EXPECT_EQ(outcome(kSet, {kNothing, kLimit}), Written::kNoRoom);
  EXPECT_EQ(outcome(kAdd, {kNothing, kLimit}), Written::kNoRoom);
  EXPECT_EQ(outcome(kCasSet, {kNothing}), Written::kMissing);
  EXPECT_EQ(outcome(kCasSet, {kUnchanged, kLimit}), Written::kNoRoom);
  EXPECT_EQ(outcome(kRemove, {kNothing}), Written::kDone);
  EXPECT_EQ(outcome(kRemove, {kTheirs}), Written::kExists);
  EXPECT_EQ(outcome(kCasRemove, {kNothing}), Written::kDone);
  EXPECT_EQ(outcome(kCasRemove, {kTheirs}), Written::kDone);
  EXPECT_EQ(outcome(kCasRemove, {kUnchanged}), Written::kNoRoom);
}

TEST(MemcachedChange, IsTooLargeBeyondTheLimitThatIsTold) {
  ScriptedMemcached server({kNothing, kLimit, kNothing, kUnchanged});
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.set("a", std::string(1900, 'x'), kAnHour), Written::kNoRoom);
  // It is asked for only once.
  EXPECT_EQ(client.add("a", std::string(2000, 'x'), kAnHour), Written::kTooLarge);
  EXPECT_EQ(client.cas("a", std::string(2000, 'x'), kAnHour, kCas), Written::kTooLarge);
}

TEST(MemcachedChange, WhereNoLimitIsToldSmallOnesAreNotTooLarge) {
  ScriptedMemcached server({kNothing, "END\r\n", kNothing, kNothing});
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.set("a", std::string(4096, 'x'), kAnHour), Written::kNoRoom);
  EXPECT_EQ(client.set("a", std::string(4097, 'x'), kAnHour), Written::kTooLarge);
  EXPECT_EQ(client.add("a", std::string(4097, 'x'), kAnHour), Written::kTooLarge);
}

// A router may not know the question at all.
TEST(MemcachedChange, WhereTheLimitCannotBeAskedForSmallOnesAreNotTooLarge) {
  ScriptedMemcached server({kNothing, "SERVER_ERROR what?\r\n", kNothing, "ERROR\r\n"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.set("a", "ours", kAnHour), Written::kNoRoom);
  EXPECT_EQ(client.set("a", std::string(4097, 'x'), kAnHour), Written::kTooLarge);
}

TEST(MemcachedChange, OnlySentComesBeforeWhatFollows) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(client.send_set("a", std::to_string(i), kAnHour));
    ASSERT_TRUE(client.send_set("b", std::string(5000, 'x'), kAnHour));
    ASSERT_TRUE(client.send_remove("b"));
  }
  EXPECT_EQ(client.add("b", "ours", kAnHour), Written::kDone);
  EXPECT_EQ(server.get("a"), "999");
  EXPECT_EQ(server.get("b"), "ours");
}

TEST(MemcachedChange, RemovesOnlyWhatNobodyHasChanged) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  const auto cas_of_a = [&] {
    const std::vector<std::string> names{"a"};
    uint64_t found = 0;
    EXPECT_TRUE(client.get(names, [&](size_t, std::string_view, uint64_t cas) { found = cas; }));
    return found;
  };
  ASSERT_EQ(client.set("a", "one", kNoExpiry), Written::kDone);
  const uint64_t former = cas_of_a();
  ASSERT_EQ(client.set("a", "two", kNoExpiry), Written::kDone);
  EXPECT_EQ(client.remove("a", former), Written::kDone);
  EXPECT_EQ(server.get("a"), "two");
  EXPECT_EQ(client.remove("a", cas_of_a()), Written::kDone);
  EXPECT_EQ(server.get("a"), std::nullopt);
  EXPECT_EQ(client.remove("a", former), Written::kDone);
}

// Neither does a change of what is there succeed, nor does it look as if somebody else had made
// one: a server without memory keeps the old value.
TEST(MemcachedChange, TellsThatAReplacementFindsNoRoom) {
  MemcachedServer server({"-I", "64k", "-o", "slab_chunk_max=32768"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  ASSERT_EQ(client.set("a", "one", kNoExpiry), Written::kDone);
  const std::vector<std::string> names{"a"};
  uint64_t found = 0;
  ASSERT_TRUE(client.get(names, [&](size_t, std::string_view, uint64_t cas) { found = cas; }));
  EXPECT_EQ(client.cas("a", std::string(70000, 'x'), kNoExpiry, found), Written::kTooLarge);
  EXPECT_EQ(server.get("a"), "one");
}

// What a server says to a change although it was not asked to: that it is malformed, or whatever
// a connection out of step brings.
class UnaskedAnswers : public testing::TestWithParam<std::string> {};

TEST_P(UnaskedAnswers, AreSurvivedAndForgotten) {
  for (const Change& change : {kSet, kAdd, kCasSet, kRemove, kCasRemove}) {
    ScriptedMemcached server(std::vector<std::string>(100, kOurs), GetParam());
    MemcachedClient client(at(server.port()), kPatienceMs);
    EXPECT_EQ(change(client), Written::kFailed);
    // Late, and so to the next question.
    EXPECT_TRUE(client.send_set("a", "ours", kAnHour));
    EXPECT_FALSE(client.ping());
    const std::vector<std::string> names{"a"};
    std::string found;
    EXPECT_TRUE(
        client.get(names, [&](size_t, std::string_view value, uint64_t) { found = value; }));
    EXPECT_EQ(found, "ours");
  }
}

INSTANTIATE_TEST_SUITE_P(MemcachedChange, UnaskedAnswers,
                         testing::Values("ERROR\r\n", "CLIENT_ERROR bad data chunk\r\n",
                                         "SERVER_ERROR object too large for cache\r\n",
                                         "SERVER_ERROR out of memory storing object\r\n",
                                         "SERVER_ERROR busy\r\n", "STORED\r\n",
                                         "STORED\r\nSTORED\r\n", "NOT_STORED\r\n", "EXISTS\r\n",
                                         "OK\r\n", "DELETED\r\n", "TOUCHED\r\n", "7\r\n",
                                         "STAT x y\r\n", "ITEM x\r\n", "VERSION 1.6.18\r\n",
                                         "VALUE b 0 1 5\r\nx\r\n", "garbage\r\n", "\r\n",
                                         std::string(5000, 'n')));

// What could be an answer to the question may be taken for it, but for no longer than that.
class MisleadingAnswers : public testing::TestWithParam<std::string> {};

TEST_P(MisleadingAnswers, AreSurvived) {
  for (const Change& change : {kSet, kAdd, kCasSet, kRemove, kCasRemove}) {
    ScriptedMemcached server(std::vector<std::string>(100, kOurs), GetParam());
    MemcachedClient client(at(server.port()), kPatienceMs);
    for (int i = 0; i < 5; ++i) change(client);
    client.disconnect();
    const std::vector<std::string> names{"a"};
    EXPECT_TRUE(client.get(names, [](size_t, std::string_view, uint64_t) {}));
  }
}

INSTANTIATE_TEST_SUITE_P(MemcachedChange, MisleadingAnswers,
                         testing::Values("END\r\n", "NOT_FOUND\r\n", "END\r\nEND\r\n",
                                         "VALUE a 0 1 5\r\nx\r\nEND\r\n", "VALUE a 0 1 5\r\nx\r\n",
                                         "VALUE a 0 9 5\r\n"));

}  // namespace
}  // namespace reprise::cache
