// Entries that are larger than an item may be.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/entry_item.h"
#include "cache/memcached_tier.h"
#include "cache/tier_process.h"

namespace reprise::cache {
namespace {

using servers::MemcachedServer;
using testing::IsEmpty;
using testing::SizeIs;

constexpr size_t kItemBytes = 16 * 1024;
const std::vector<std::string> kSmallItems{"-I", "16k", "-o", "slab_chunk_max=8192"};

class MemcachedParts : public testing::Test {
 protected:
  void SetUp() override {
    process_.meet();
    other_.meet();
  }

  static std::shared_ptr<const Entry> large(std::string_view name, uint64_t seed = 1,
                                            int64_t asked_at_us = 1'000'000) {
    return with_body(name, noise(100'000, seed), asked_at_us);
  }
  // The names of all parts that lie on the server, in the order of their numbers. A listing leaves
  // out or repeats what the server moves meanwhile: two that agree are right.
  std::vector<std::string> parts() const {
    std::set<std::string> parts = listed_parts();
    for (;;) {
      std::set<std::string> again = listed_parts();
      if (again == parts) return {parts.begin(), parts.end()};
      parts = std::move(again);
    }
  }
  std::set<std::string> listed_parts() const {
    std::set<std::string> parts;
    for (const std::string& name : server_.names()) {
      if (name.find(":p:") != std::string::npos) parts.insert(name);
    }
    return parts;
  }
  // A part of `entry` as only a process of ours would write it.
  void set_part(const std::shared_ptr<const Entry>& entry, uint32_t number,
                std::string_view content) {
    const ValueLabel label{ValueKind::kPart, entry->key, generation_of(entry), number};
    server_.set(process_.envelope.name(label), process_.envelope.close(label, content));
  }
  base::Digest128 generation_of(const std::shared_ptr<const Entry>& entry) const {
    const ValueLabel label{ValueKind::kEntry, entry->key, {}, 0};
    const std::string value = server_.get(process_.envelope.name(label)).value();
    std::string scratch;
    const auto item = unpack_entry_item(*process_.envelope.open(label, value, &scratch), 1u << 20);
    return item->generation;
  }

  MemcachedServer server_{kSmallItems};
  TierProcess process_{patient({address_of(server_)})};
  TierProcess other_{patient({address_of(server_)})};
};

TEST_F(MemcachedParts, ALargeEntryLiesInParts) {
  const auto entry = large("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  EXPECT_EQ(other_.found(entry), body_of(entry));
  const auto names = parts();
  EXPECT_GE(names.size(), body_of(entry).size() / kItemBytes);
  EXPECT_LE(names.size(), 2 * body_of(entry).size() / kItemBytes);
  const int64_t life = server_.seconds_left(process_.name_of(entry->key)).value();
  for (const std::string& name : names) {
    EXPECT_LT(server_.get(name).value().size(), kItemBytes);
    EXPECT_NEAR(static_cast<double>(server_.seconds_left(name).value()), life, 5);
  }
  EXPECT_EQ(process_.tier.read().stores, 1u);
}

// One byte more or less decides about one part more or less.
TEST_F(MemcachedParts, EverySizeComesBack) {
  for (size_t size = kItemBytes - 700; size < kItemBytes + 100; size += 23) {
    const auto entry = with_body("q" + std::to_string(size), noise(size, size));
    ASSERT_EQ(process_.store(entry), Written::kDone) << size;
    ASSERT_EQ(other_.found(entry), body_of(entry)) << size;
  }
  EXPECT_FALSE(parts().empty());
}

TEST_F(MemcachedParts, AMissingPartIsAMiss) {
  const auto entry = large("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  const auto names = parts();
  for (const size_t number : {size_t{0}, names.size() / 2, names.size() - 1}) {
    const std::string value = server_.get(names[number]).value();
    server_.remove(names[number]);
    EXPECT_EQ(other_.found(entry), "(no entry)");
    server_.set(names[number], value);
    EXPECT_EQ(other_.found(entry), body_of(entry));
  }
  EXPECT_EQ(other_.tier.read().misses, 3u);
  EXPECT_TRUE(other_.is_up());
}

TEST_F(MemcachedParts, AnotherGenerationsPartIsAMiss) {
  const auto entry = large("q", 1, 1'000'000);
  ASSERT_EQ(process_.store(entry), Written::kDone);
  const std::string old_part = server_.get(parts()[0]).value();
  const auto later = large("q", 2, 1'000'001);
  ASSERT_EQ(process_.store(later), Written::kDone);
  const std::string name = parts()[0];
  const std::string part = server_.get(name).value();
  server_.set(name, old_part);
  EXPECT_EQ(other_.found(entry), "(no entry)");
  EXPECT_EQ(other_.refused(ValueFault::kCorrupt), 1u);
  server_.set(name, part);
  EXPECT_EQ(other_.found(later), body_of(later));
}

TEST_F(MemcachedParts, APartOfAnotherSizeIsAMiss) {
  const auto entry = large("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  for (const std::string& content : {std::string(), std::string("short"), noise(10'000)}) {
    set_part(entry, 0, content);
    EXPECT_EQ(other_.found(entry), "(no entry)");
  }
}

// The parts are sound one by one, the whole is not.
TEST_F(MemcachedParts, AnotherContentIsAMiss) {
  const auto entry = large("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  const ValueLabel label{ValueKind::kPart, entry->key, generation_of(entry), 1};
  const std::string value = server_.get(process_.envelope.name(label)).value();
  std::string scratch;
  std::string content(*process_.envelope.open(label, value, &scratch));
  content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
  set_part(entry, 1, content);
  EXPECT_EQ(other_.found(entry), "(no entry)");
  EXPECT_EQ(other_.refused(ValueFault::kCorrupt), 1u);
}

TEST_F(MemcachedParts, WhoeverReplacesALargeEntryRemovesItsParts) {
  ASSERT_EQ(process_.store(large("q", 1, 1'000'000)), Written::kDone);
  const auto old_parts = parts();
  const auto later = large("q", 2, 1'000'001);
  ASSERT_EQ(other_.store(later), Written::kDone);
  EXPECT_THAT(parts(), SizeIs(old_parts.size()));
  EXPECT_NE(parts(), old_parts);
  EXPECT_EQ(process_.found(later), body_of(later));
  const auto small = sample("q", 1'000'002);
  ASSERT_EQ(process_.store(small), Written::kDone);
  EXPECT_THAT(parts(), IsEmpty());
  EXPECT_EQ(other_.found(small), body_of(small));
}

TEST_F(MemcachedParts, WhoeverRemovesALargeEntryRemovesItsParts) {
  const auto entry = large("q");
  ASSERT_EQ(process_.store(entry), Written::kDone);
  EXPECT_TRUE(other_.tier.remove(entry->key));
  EXPECT_THAT(server_.names(), IsEmpty());
}

TEST_F(MemcachedParts, WhoeverComesTooLateLeavesNone) {
  const auto later = large("q", 2, 1'000'001);
  ASSERT_EQ(process_.store(later), Written::kDone);
  const auto stored = parts();
  EXPECT_EQ(other_.store(large("q", 1, 1'000'000)), Written::kExists);
  EXPECT_EQ(parts(), stored);
  EXPECT_EQ(other_.found(later), body_of(later));
}

TEST_F(MemcachedParts, ManyLargeOnesMayBeAskedForAtOnce) {
  std::vector<std::shared_ptr<const Entry>> entries;
  for (uint64_t i = 0; i < 12; ++i) {
    entries.push_back(i % 3 == 0 ? sample("q" + std::to_string(i))
                                 : large("q" + std::to_string(i), i));
    ASSERT_EQ(process_.store(entries.back()), Written::kDone);
  }
  server_.stop_answering();
  std::vector<std::shared_ptr<SharedRead>> jobs;
  for (const auto& entry : entries) jobs.push_back(other_.ask(entry->key));
  server_.go_on();
  for (size_t i = 0; i < entries.size(); ++i) {
    ASSERT_TRUE(jobs[i]->wait_ms(kPatienceMs));
    EXPECT_TRUE(body_of(jobs[i]->entry) == body_of(entries[i])) << i;
  }
}

TEST_F(MemcachedParts, AnItemThatPromisesMoreThanMayBeIsRefused) {
  const auto entry = sample("q");
  const ValueLabel label{ValueKind::kEntry, entry->key, {}, 0};
  EntryItem item;
  item.total_bytes = uint64_t{1} << 40;
  item.part_bytes = uint64_t{1} << 30;
  server_.set(process_.name_of(entry->key), process_.envelope.close(label, pack_entry_item(item)));
  EXPECT_EQ(process_.found(entry), "(no entry)");
  EXPECT_EQ(process_.refused(ValueFault::kCorrupt), 1u);
}

TEST_F(MemcachedParts, SealedPartsComeBackToo) {
  MemcachedTerms terms = patient({address_of(server_)});
  terms.secret = "a secret of this fleet";
  TierProcess sealed(terms);
  sealed.meet();
  const auto entry = large("q");
  ASSERT_EQ(sealed.store(entry), Written::kDone);
  EXPECT_EQ(sealed.found(entry), body_of(entry));
  EXPECT_THAT(parts(), IsEmpty());  // names tell nothing
  const auto names = server_.names();
  EXPECT_GE(names.size(), body_of(entry).size() / kItemBytes);
  const std::string first = server_.get(names[0]).value();
  const std::string second = server_.get(names[1]).value();
  server_.set(names[0], second);
  server_.set(names[1], first);
  EXPECT_EQ(sealed.found(entry), "(no entry)");
}

// Where nothing is thrown out, what nobody finds would take up room until it expires.
TEST(MemcachedPartsBound, WhatThereIsNoRoomForLeavesNoParts) {
  std::vector<std::string> args = kSmallItems;
  args.insert(args.end(), {"-M", "-m", "4"});
  MemcachedServer server(args);
  TierProcess process(patient({address_of(server)}));
  process.meet();
  Written written = Written::kDone;
  std::shared_ptr<const Entry> last;
  for (uint64_t i = 0; written == Written::kDone && i < 200; ++i) {
    last = with_body("q" + std::to_string(i), noise(200'000, i));
    written = process.store(last);
  }
  ASSERT_EQ(written, Written::kNoRoom);
  for (const std::string& name : server.names()) {
    EXPECT_FALSE(name.starts_with(process.name_of(last->key))) << name;
  }
  EXPECT_TRUE(process.is_up());
}

// Far too small for anything but the list: it is refused, and the server stays up.
TEST(MemcachedPartsBound, WhatWouldBeTooManyPartsIsNotStored) {
  MemcachedServer server({"-I", "1k", "-o", "slab_chunk_max=512"});
  TierProcess process(patient({address_of(server)}));
  process.meet();
  const auto entry = with_body("q", noise(15u << 20));
  EXPECT_EQ(process.store(entry), Written::kTooLarge);
  EXPECT_THAT(server.names(), IsEmpty());
  EXPECT_TRUE(process.is_up());
  EXPECT_EQ(process.tier.read().failed_stores, 1u);
  const auto small = sample("small");
  EXPECT_EQ(process.store(small), Written::kDone);
  EXPECT_EQ(process.found(small), body_of(small));
}

}  // namespace
}  // namespace reprise::cache
