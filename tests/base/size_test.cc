#include "base/size.h"

#include <gtest/gtest.h>

namespace reprise::base {
namespace {

TEST(Size, ReadsEveryUnit) {
  const struct {
    std::string_view text;
    uint64_t bytes;
  } cases[] = {
      {"0", 0},
      {"1", 1},
      {"1000", 1000},
      {"0B", 0},
      {"7B", 7},
      {"1KiB", 1024},
      {"64KiB", 65536},
      {"256MiB", 268435456},
      {"2GiB", 1ull << 31},
      {"1TiB", 1ull << 40},
      {"1024TiB", 1ull << 50},
      {"1KB", 1000},
      {"1kB", 1000},
      {"3MB", 3000000},
      {"1GB", 1000000000},
      {"1TB", 1000000000000},
      {"007KiB", 7168},
  };
  for (const auto& c : cases) {
    const auto bytes = parse_size_bytes(c.text);
    ASSERT_TRUE(bytes.has_value()) << c.text;
    EXPECT_EQ(*bytes, c.bytes) << c.text;
  }
}

TEST(Size, RefusesWhatIsNoSize) {
  for (std::string_view text : {"", "MiB", "-1", "+1", " 1", "1 ", "1 KiB", "1.5GiB", "1kib", "1M",
                                "1k", "1KiBB", "0x10", "1e3", "big"}) {
    const auto bytes = parse_size_bytes(text);
    ASSERT_FALSE(bytes.has_value()) << text;
    EXPECT_NE(bytes.error().detail.find("KiB"), std::string::npos) << text;
  }
}

TEST(Size, RefusesWhatWouldOverflow) {
  for (std::string_view text : {"1025TiB", "1125899906842625", "18446744073709551616",
                                "99999999999999999999999999999999", "18446744073709551615TiB"}) {
    const auto bytes = parse_size_bytes(text);
    ASSERT_FALSE(bytes.has_value()) << text;
    EXPECT_EQ(bytes.error().detail, "expected at most 1024TiB") << text;
  }
}

TEST(Size, WritesTheShortestExactSpelling) {
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1), "1B");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(1024), "1KiB");
  EXPECT_EQ(format_size(1536), "1536B");
  EXPECT_EQ(format_size(256ull << 20), "256MiB");
  EXPECT_EQ(format_size(kSizeMaxBytes), "1024TiB");
  for (uint64_t bytes : {uint64_t{1}, uint64_t{999}, uint64_t{123456789}, kSizeMaxBytes - 1}) {
    EXPECT_EQ(parse_size_bytes(format_size(bytes)).value(), bytes);
  }
}

}  // namespace
}  // namespace reprise::base
