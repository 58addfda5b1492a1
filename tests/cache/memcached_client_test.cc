#include "cache/memcached_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "cache/scripted_memcached.h"
#include "servers/memcached_server.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using testing::ElementsAre;
using testing::Pair;

// For what should succeed, and for what should not.
constexpr int64_t kPatienceMs = 25000;
constexpr int64_t kImpatienceMs = 50;
constexpr Expiry kAnHour{3600};

MemcachedAddress at(uint16_t port) { return {"127.0.0.1", port}; }

// Got: what a question brought.
struct Got {
  bool whole = false;
  std::map<size_t, std::string> values;
  std::map<size_t, uint64_t> cas;
};

Got get(MemcachedClient& client, const std::vector<std::string>& names) {
  Got got;
  got.whole = client.get(names, [&](size_t index, std::string_view value, uint64_t cas) {
    EXPECT_TRUE(got.values.emplace(index, value).second) << index << " comes twice";
    got.cas[index] = cas;
  });
  return got;
}

std::vector<std::string> many_names(size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back("r1:" + std::to_string(i));
  return names;
}

TEST(MemcachedClient, KeepsAndForgets) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.set("a", "one", kAnHour), Written::kDone);
  EXPECT_THAT(get(client, {"a"}).values, ElementsAre(Pair(0, "one")));
  EXPECT_EQ(client.set("a", "two", kNoExpiry), Written::kDone);
  EXPECT_EQ(server.get("a"), "two");
  EXPECT_EQ(client.remove("a"), Written::kDone);
  EXPECT_EQ(client.remove("a"), Written::kDone);
  const Got got = get(client, {"a"});
  EXPECT_TRUE(got.whole);
  EXPECT_TRUE(got.values.empty());
  EXPECT_TRUE(client.ping());
}

TEST(MemcachedClient, AddsOnlyWhatIsNotThere) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.add("a", "mine", kAnHour), Written::kDone);
  EXPECT_EQ(client.add("a", "yours", kAnHour), Written::kExists);
  EXPECT_EQ(server.get("a"), "mine");
}

TEST(MemcachedClient, ChangesOnlyWhatNobodyElseHas) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_EQ(client.cas("a", "x", kAnHour, 7), Written::kMissing);
  ASSERT_EQ(client.set("a", "one", kAnHour), Written::kDone);
  const uint64_t cas = get(client, {"a"}).cas.at(0);
  EXPECT_EQ(client.cas("a", "two", kAnHour, cas), Written::kDone);
  EXPECT_EQ(client.cas("a", "three", kAnHour, cas), Written::kExists);
  EXPECT_EQ(server.get("a"), "two");
}

TEST(MemcachedClient, TellsWhichOfManyNamesAreThere) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  const std::vector<std::string> names = many_names(MemcachedClient::kNamesMax);
  std::map<size_t, std::string> expected;
  for (size_t i = 0; i < names.size(); i += 3) {
    expected[i] = "value of " + names[i];
    ASSERT_EQ(client.set(names[i], expected[i], kAnHour), Written::kDone);
  }
  const Got got = get(client, names);
  EXPECT_TRUE(got.whole);
  EXPECT_EQ(got.values, expected);
}

TEST(MemcachedClient, CarriesAnyBytes) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  std::string all;
  for (int i = 0; i < 1024; ++i) all += static_cast<char>(i);
  const std::vector<std::string> values{"", "\r\n", "END\r\n", all, std::string(900000, 'x')};
  std::vector<std::string> names = many_names(values.size());
  names.back() = std::string(250, 'n');
  for (size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(client.set(names[i], values[i], kAnHour), Written::kDone);
  }
  const Got got = get(client, names);
  ASSERT_EQ(got.values.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(got.values.at(i), values[i]) << i;
}

TEST(MemcachedClient, TellsTheItemLimitAndWhatGoesBeyondIt) {
  MemcachedServer server({"-I", "64k", "-o", "slab_chunk_max=32768"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  ASSERT_EQ(client.item_bytes_max(), 65536U);
  ASSERT_EQ(client.set("a", "old", kAnHour), Written::kDone);
  EXPECT_EQ(client.set("a", std::string(65536 - 512, 'x'), kAnHour), Written::kDone);
  // The limit counts the item's head too.
  EXPECT_EQ(client.set("a", std::string(65536, 'x'), kAnHour), Written::kTooLarge);
  EXPECT_EQ(client.set("b", std::string(300000, 'x'), kAnHour), Written::kTooLarge);
  const Got got = get(client, {"a", "b"});
  EXPECT_TRUE(got.whole);
  EXPECT_TRUE(got.values.empty());
}

TEST(MemcachedClient, TellsThatThereIsNoRoom) {
  MemcachedServer server({"-M", "-m", "2"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  const std::string value(100000, 'x');
  Written written = Written::kDone;
  for (int i = 0; i < 200 && written == Written::kDone; ++i) {
    written = client.set("r1:" + std::to_string(i), value, kAnHour);
  }
  EXPECT_EQ(written, Written::kNoRoom);
  EXPECT_THAT(get(client, {"r1:0"}).values, ElementsAre(Pair(0, value)));
}

TEST(MemcachedClient, FindsAHostByItsName) {
  MemcachedServer server;
  MemcachedClient client({"localhost", server.port()}, kPatienceMs);
  EXPECT_TRUE(client.ping());
}

TEST(MemcachedClient, SpeaksIPv6) {
  std::optional<MemcachedServer> server;
  try {
    server.emplace(std::vector<std::string>{"-l", "::1"});
  } catch (const std::runtime_error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  MemcachedClient client({"::1", server->port()}, kPatienceMs);
  EXPECT_TRUE(client.ping());
}

TEST(MemcachedClient, FailsWhereNobodyListens) {
  MemcachedServer server;
  server.kill();
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_FALSE(get(client, {"a"}).whole);
  EXPECT_FALSE(client.timed_out());
  EXPECT_FALSE(client.last_error().empty());
  EXPECT_EQ(client.set("a", "x", kAnHour), Written::kFailed);
  EXPECT_EQ(client.item_bytes_max(), std::nullopt);
  EXPECT_FALSE(client.ping());
}

TEST(MemcachedClient, ConnectsAgainAtOnce) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(client.set("a", "x", kAnHour), Written::kDone);
    server.kill();
    for (int j = 0; j < 5; ++j) EXPECT_FALSE(get(client, {"a"}).whole);
    server.restart();
    EXPECT_TRUE(get(client, {"a"}).whole);
  }
}

TEST(MemcachedClient, FindsOutInOneCallThatAServerIsAnother) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  ASSERT_TRUE(client.ping());
  server.restart();
  client.ping();
  EXPECT_TRUE(client.ping());
}

TEST(MemcachedClient, ConnectsAgainAfterADisconnect) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kPatienceMs);
  ASSERT_EQ(client.set("a", "x", kAnHour), Written::kDone);
  const uint64_t before = server.stat("total_connections");
  client.disconnect();
  client.disconnect();
  EXPECT_THAT(get(client, {"a"}).values, ElementsAre(Pair(0, "x")));
  // Ours, and the one that asks.
  EXPECT_EQ(server.stat("total_connections"), before + 2);
}

TEST(MemcachedClient, NeverTakesALateAnswerForAnother) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kImpatienceMs);
  MemcachedClient patient(at(server.port()), kPatienceMs);
  ASSERT_EQ(patient.set("a", "of a", kAnHour), Written::kDone);
  ASSERT_EQ(patient.set("b", "of b", kAnHour), Written::kDone);
  for (int i = 0; i < 3; ++i) {
    server.stop_answering();
    EXPECT_FALSE(get(client, {"a"}).whole);
    EXPECT_TRUE(client.timed_out());
    EXPECT_EQ(client.set("c", "x", kAnHour), Written::kFailed);
    EXPECT_EQ(client.add("c", "x", kAnHour), Written::kFailed);
    EXPECT_EQ(client.remove("c"), Written::kFailed);
    EXPECT_EQ(client.cas("c", "x", kAnHour, 1), Written::kFailed);
    EXPECT_EQ(client.remove("c", 1), Written::kFailed);
    EXPECT_FALSE(client.ping());
    server.go_on();
    // The machine may be slow, the server is not silent.
    Got got;
    for (int j = 0; j < 100 && !got.whole; ++j) got = get(client, {"b", "a"});
    EXPECT_THAT(got.values, ElementsAre(Pair(0, "of b"), Pair(1, "of a")));
  }
}

TEST(MemcachedClient, FailsInTimeWhileALargeValueIsStuck) {
  MemcachedServer server;
  MemcachedClient client(at(server.port()), kImpatienceMs);
  server.stop_answering();
  EXPECT_EQ(client.set("a", std::string(size_t{16} << 20, 'x'), kAnHour), Written::kFailed);
  EXPECT_TRUE(client.timed_out());
  server.go_on();
}

// What a server says that is not one, or whose connection was cut.
class UntrueAnswers : public testing::TestWithParam<std::string> {};

TEST_P(UntrueAnswers, AreFailuresAndForgotten) {
  ScriptedMemcached server({GetParam(), "VALUE b 0 1 5\r\nx\r\nEND\r\n"});
  MemcachedClient client(at(server.port()), 200, 1000);
  const Got got = get(client, {"a", "b"});
  EXPECT_FALSE(got.whole);
  EXPECT_TRUE(got.values.empty());
  EXPECT_THAT(get(client, {"a", "b"}).values, ElementsAre(Pair(1, "x")));
}

INSTANTIATE_TEST_SUITE_P(
    MemcachedClient, UntrueAnswers,
    testing::Values("", "E", "garbage\r\n", "\r\n", "ERROR\r\n", "CLIENT_ERROR no\r\n",
                    "SERVER_ERROR out of memory\r\n", "SERVER_ERROR out of order\r\n", "STORED\r\n",
                    "STAT x y\r\n", "ITEM x\r\n", "VALUE c 0 1 5\r\nx\r\nEND\r\n",
                    "VALUE  0 1 5\r\nx\r\nEND\r\n", "VALUE a 0 9 5\r\nx\r\n", "VALUE a 0 9 5\r\n",
                    "VALUE a 0 1001 5\r\n" + std::string(1001, 'x') + "\r\nEND\r\n",
                    "VALUE a 0 4294967295 5\r\nx", "VALUE a 0 18446744073709551613 5\r\nx",
                    "VALUE a 0 18446744073709551614 5\r\n\r\nEND\r\n",
                    "VALUE a 0 18446744073709551615 5\r\n\r\nEND\r\n",
                    "VALUE a 0 99999999999999999999999 5\r\n",
                    "VALUE " + std::string(251, 'n') + " 0 1 5\r\nx\r\nEND\r\n",
                    "VALUE " + std::string(300, 'n') + " 0 1 5\r\nx\r\nEND\r\n",
                    "VALUE " + std::string(340, 'n') + "\r\n", std::string(5000, 'n')));

// Not by waiting for it: the value's memory was never taken.
TEST(MemcachedClient, RefusesAtOnceWhatWouldBeTooLarge) {
  ScriptedMemcached server({"VALUE a 0 4294967295 5\r\nx"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  EXPECT_FALSE(get(client, {"a"}).whole);
  EXPECT_FALSE(client.timed_out());
}

TEST(MemcachedClient, KeepsWhatCameBeforeTheFailure) {
  ScriptedMemcached server({"VALUE a 0 1 5\r\nx\r\nVALUE b 0 9 6\r\nyy", "END\r\n"});
  MemcachedClient client(at(server.port()), 200);
  const Got got = get(client, {"a", "b"});
  EXPECT_FALSE(got.whole);
  EXPECT_THAT(got.values, ElementsAre(Pair(0, "x")));
  EXPECT_TRUE(get(client, {"a"}).whole);
}

TEST(MemcachedClient, TakesAnItemOnlyOnce) {
  ScriptedMemcached server({"VALUE a 0 1 5\r\nx\r\nVALUE a 0 1 5\r\ny\r\nEND\r\n"});
  MemcachedClient client(at(server.port()), 200);
  const Got got = get(client, {"a", "b"});
  EXPECT_FALSE(got.whole);
  EXPECT_THAT(got.values, ElementsAre(Pair(0, "x")));
}

TEST(MemcachedClient, TakesItemsInAnyOrder) {
  ScriptedMemcached server(
      {"VALUE c 0 1 3\r\nz\r\nVALUE a 0 1 1\r\nx\r\nVALUE b 0 1 2\r\ny\r\nEND\r\n"});
  MemcachedClient client(at(server.port()), kPatienceMs);
  const Got got = get(client, {"a", "b", "c"});
  EXPECT_TRUE(got.whole);
  EXPECT_THAT(got.values, ElementsAre(Pair(0, "x"), Pair(1, "y"), Pair(2, "z")));
  EXPECT_THAT(got.cas, ElementsAre(Pair(0, 1), Pair(1, 2), Pair(2, 3)));
}

// Some of them bring nothing, but libmemcached takes them for an item: the one before.
TEST(MemcachedClient, TakesNoFormerItemForAnAnswer) {
  for (const std::string answer : {"OK\r\n", "7\r\n", "TOUCHED\r\n", "VERSION 1.6.18\r\n"}) {
    ScriptedMemcached server({"VALUE a 0 1 5\r\nx\r\nEND\r\n", answer});
    MemcachedClient client(at(server.port()), kPatienceMs);
    ASSERT_TRUE(get(client, {"a"}).whole);
    const Got got = get(client, {"a"});
    EXPECT_FALSE(got.whole) << answer;
    EXPECT_TRUE(got.values.empty()) << answer;
  }
}

}  // namespace
}  // namespace reprise::cache
