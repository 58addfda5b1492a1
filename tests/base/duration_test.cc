#include "base/duration.h"

#include <gtest/gtest.h>

namespace reprise::base {
namespace {

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(parse_duration_ms("20ms").value(), 20);
  EXPECT_EQ(parse_duration_ms("90s").value(), 90'000);
  EXPECT_EQ(parse_duration_ms("5m").value(), 300'000);
  EXPECT_EQ(parse_duration_ms("24h").value(), 86'400'000);
  EXPECT_EQ(parse_duration_ms("30d").value(), int64_t{30} * 86'400'000);
  EXPECT_EQ(parse_duration_ms("0s").value(), 0);
  EXPECT_EQ(parse_duration_ms("0090s").value(), 90'000);
}

TEST(Duration, RefusesEverythingElse) {
  for (const char* text : {"", "90", "0", "s", "ms", "-1s", "+1s", "1.5s", "1 s", " 1s", "1s ",
                           "1S", "1sec", "1w", "1m30s", "1e3s", "0x1s", "1us", "one"}) {
    EXPECT_FALSE(parse_duration_ms(text)) << text;
  }
}

TEST(Duration, RefusesWhatIsTooLong) {
  EXPECT_EQ(parse_duration_ms("36500d").value(), kDurationMaxMs);
  EXPECT_FALSE(parse_duration_ms("36501d"));
  EXPECT_FALSE(parse_duration_ms("9223372036854775807ms"));
  EXPECT_FALSE(parse_duration_ms("18446744073709551617ms"));
  EXPECT_FALSE(parse_duration_ms(std::string(400, '9') + "s"));
}

TEST(Duration, FormatsTheShortestSpelling) {
  EXPECT_EQ(format_duration(0), "0s");
  EXPECT_EQ(format_duration(1), "1ms");
  EXPECT_EQ(format_duration(1500), "1500ms");
  EXPECT_EQ(format_duration(90'000), "90s");
  EXPECT_EQ(format_duration(600'000), "10m");
  EXPECT_EQ(format_duration(86'400'000), "24h");
  EXPECT_EQ(format_duration(kDurationMaxMs), "36500d");
}

TEST(Duration, FormatsWhatItReadsBack) {
  for (int64_t ms : {int64_t{1}, int64_t{999}, int64_t{61'000}, int64_t{3'600'001},
                     int64_t{2} * 86'400'000, kDurationMaxMs - 1}) {
    EXPECT_EQ(parse_duration_ms(format_duration(ms)).value(), ms);
  }
}

}  // namespace
}  // namespace reprise::base
