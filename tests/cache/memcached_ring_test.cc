#include "cache/memcached_ring.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace reprise::cache {
namespace {

constexpr size_t kNames = 10000;

std::string name_of(size_t number) { return "r1:" + std::to_string(number * 7919); }

std::vector<MemcachedAddress> four() {
  return {{"10.0.0.1", 11211}, {"10.0.0.2", 11211}, {"cache.example", 11212}, {"::1", 11213}};
}

TEST(MemcachedRing, HasNoChoiceWithOneServer) {
  const std::vector<MemcachedAddress> servers{{"10.0.0.1", 11211}};
  const MemcachedRing ring(servers);
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(ring.server_of(name_of(i)), 0U);
}

TEST(MemcachedRing, SpreadsNamesEvenly) {
  const MemcachedRing ring(four());
  std::vector<size_t> shares(4);
  for (size_t i = 0; i < kNames; ++i) ++shares.at(ring.server_of(name_of(i)));
  for (const size_t share : shares) {
    EXPECT_GE(share, kNames * 15 / 100);
    EXPECT_LE(share, kNames * 35 / 100);
  }
}

TEST(MemcachedRing, GivesANewServerItsShareAndMovesNothingElse) {
  std::vector<MemcachedAddress> servers = four();
  const MemcachedRing before(servers);
  servers.push_back({"10.0.0.5", 11211});
  const MemcachedRing after(servers);
  size_t moved = 0;
  for (size_t i = 0; i < kNames; ++i) {
    const size_t now = after.server_of(name_of(i));
    if (now == before.server_of(name_of(i))) continue;
    EXPECT_EQ(now, 4U);
    ++moved;
  }
  EXPECT_GE(moved, kNames * 10 / 100);
  EXPECT_LE(moved, kNames * 30 / 100);
}

TEST(MemcachedRing, DoesNotDependOnTheOrderOfTheList) {
  const std::vector<MemcachedAddress> servers = four();
  const std::vector<MemcachedAddress> reversed(servers.rbegin(), servers.rend());
  const MemcachedRing ring(servers);
  const MemcachedRing other(reversed);
  for (size_t i = 0; i < kNames; ++i) {
    EXPECT_EQ(ring.server_of(name_of(i)), 3 - other.server_of(name_of(i)));
  }
}

// Other processes, and releases to come, have to agree with these.
TEST(MemcachedRing, SaysTheSameInEveryProcess) {
  const MemcachedRing ring(four());
  std::string servers;
  for (size_t i = 0; i < 32; ++i) servers += std::to_string(ring.server_of(name_of(i)));
  EXPECT_EQ(servers, "22322112201103010301222321220302");
}

TEST(MemcachedRing, AnswersThreadsAtOnce) {
  const MemcachedRing ring(four());
  std::vector<size_t> expected;
  for (size_t i = 0; i < kNames; ++i) expected.push_back(ring.server_of(name_of(i)));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (size_t i = 0; i < kNames; ++i) EXPECT_EQ(ring.server_of(name_of(i)), expected[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace reprise::cache
