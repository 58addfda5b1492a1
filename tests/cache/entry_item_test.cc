#include "cache/entry_item.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "base/packer.h"

namespace reprise::cache {
namespace {

constexpr size_t kBytesMax = size_t{8} << 20;

EntryItem in_parts(uint64_t total_bytes, uint64_t part_bytes) {
  EntryItem item;
  item.asked_at_us = 1'700'000'000'000'000;
  item.generation = {UINT64_MAX, 1};
  item.total_bytes = total_bytes;
  item.part_bytes = part_bytes;
  return item;
}

bool is_taken(const EntryItem& item, size_t bytes_max = kBytesMax) {
  const std::string packed = pack_entry_item(item);
  return unpack_entry_item(packed, bytes_max).has_value();
}

TEST(EntryItem, AWholeEntryComesBack) {
  for (const std::string_view whole : {std::string_view("an encoded entry"), std::string_view()}) {
    for (const int64_t asked_at_us :
         {int64_t{0}, int64_t{-1}, std::numeric_limits<int64_t>::max(),
          std::numeric_limits<int64_t>::min(), int64_t{1'700'000'000'000'000}}) {
      EntryItem item;
      item.asked_at_us = asked_at_us;
      item.whole = whole;
      const std::string packed = pack_entry_item(item);
      EXPECT_LE(packed.size(), whole.size() + EntryItem::kBytesMax);
      const auto back = unpack_entry_item(packed, kBytesMax);
      ASSERT_TRUE(back.has_value());
      EXPECT_EQ(back->asked_at_us, asked_at_us);
      EXPECT_EQ(back->whole, whole);
      EXPECT_EQ(back->total_bytes, whole.size());
      EXPECT_EQ(back->parts(), 0u);
    }
  }
}

TEST(EntryItem, AListOfPartsComesBack) {
  const EntryItem item = in_parts(1'000'001, 1000);
  const std::string packed = pack_entry_item(item);
  EXPECT_LE(packed.size(), EntryItem::kBytesMax);
  const auto back = unpack_entry_item(packed, kBytesMax);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->asked_at_us, item.asked_at_us);
  EXPECT_EQ(back->generation, item.generation);
  EXPECT_EQ(back->total_bytes, item.total_bytes);
  EXPECT_EQ(back->part_bytes, item.part_bytes);
  EXPECT_EQ(back->parts(), 1001u);
  EXPECT_TRUE(back->whole.empty());
}

TEST(EntryItem, TheLastPartMayBeShorter) {
  EXPECT_EQ(in_parts(1, 1000).parts(), 1u);
  EXPECT_EQ(in_parts(1000, 1000).parts(), 1u);
  EXPECT_EQ(in_parts(1001, 1000).parts(), 2u);
  EXPECT_EQ(in_parts(2000, 1000).parts(), 2u);
}

TEST(EntryItem, EveryTruncationOfAListIsRefused) {
  const std::string packed = pack_entry_item(in_parts(1'000'001, 1000));
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_FALSE(unpack_entry_item(packed.substr(0, size), kBytesMax).has_value()) << size;
  }
  EXPECT_FALSE(unpack_entry_item(packed + '\0', kBytesMax).has_value());
}

TEST(EntryItem, WhatIsTooShortToSayWhatItIsIsRefused) {
  EXPECT_FALSE(unpack_entry_item("", kBytesMax).has_value());
  EXPECT_FALSE(unpack_entry_item(std::string_view("\x02", 1), kBytesMax).has_value());
  EXPECT_FALSE(unpack_entry_item("\xFF\xFF", kBytesMax).has_value());
}

TEST(EntryItem, NoMoreIsPromisedThanMayBe) {
  EXPECT_TRUE(is_taken(in_parts(1000, 100), 1000));
  EXPECT_FALSE(is_taken(in_parts(1001, 100), 1000));
  EXPECT_FALSE(is_taken(in_parts(1000, 1001), 1000));
  EXPECT_FALSE(is_taken(in_parts(0, 100)));
  EXPECT_FALSE(is_taken(in_parts(UINT64_MAX, UINT64_MAX)));
  EXPECT_FALSE(is_taken(in_parts(UINT64_MAX, 1)));
  EXPECT_FALSE(is_taken(in_parts(1000, UINT64_MAX)));
  EXPECT_TRUE(is_taken(in_parts(EntryItem::kPartsMax, 1)));
  EXPECT_FALSE(is_taken(in_parts(EntryItem::kPartsMax + 1, 1)));
}

TEST(EntryItem, AnyBytesAreRefusedOrStayWithinTheirBounds) {
  std::mt19937_64 random(1);
  size_t taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 3 == 0 ? random() : random() % 8);
    const auto item = unpack_entry_item(bytes, kBytesMax);
    if (!item) continue;
    ++taken;
    EXPECT_LE(item->total_bytes, kBytesMax);
    EXPECT_LE(item->parts(), EntryItem::kPartsMax);
    EXPECT_EQ(pack_entry_item(*item), bytes);
  }
  EXPECT_GT(taken, 1000u);
}

}  // namespace
}  // namespace reprise::cache
