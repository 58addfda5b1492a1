#include "base/timestamp.h"

#include <gtest/gtest.h>

#include <ctime>
#include <limits>

namespace reprise::base {
namespace {

TEST(Timestamp, FormatsRfc3339) {
  EXPECT_EQ(rfc3339_utc(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_utc(784'111'777'999'999), "1994-11-06T08:49:37Z");
  EXPECT_EQ(rfc3339_utc(951'782'400'000'000), "2000-02-29T00:00:00Z");
}

TEST(Timestamp, FormatsHttpDates) {
  EXPECT_EQ(http_date(784'111'777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 §5.6.7
  EXPECT_EQ(http_date(0), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Timestamp, StaysWithinFourDigitYears) {
  EXPECT_EQ(rfc3339_utc(-1), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_utc(std::numeric_limits<int64_t>::min()), "1970-01-01T00:00:00Z");
  EXPECT_EQ(rfc3339_utc(std::numeric_limits<int64_t>::max()), "9999-12-31T23:59:59Z");
  EXPECT_EQ(http_date(std::numeric_limits<int64_t>::max()), "Fri, 31 Dec 9999 23:59:59 GMT");
}

TEST(Timestamp, AgreesWithTheCLibrary) {
  for (int64_t wall_s = 1; wall_s < 8'000'000'000; wall_s += 7'654'321) {
    const std::time_t time = wall_s;
    std::tm parts{};
    ASSERT_NE(gmtime_r(&time, &parts), nullptr);
    char text[64];
    std::strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    ASSERT_EQ(http_date(wall_s), text);
    std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
    ASSERT_EQ(rfc3339_utc(wall_s * 1'000'000), text);
  }
}

TEST(Timestamp, SaysMicroseconds) {
  EXPECT_EQ(rfc3339_utc_us(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(rfc3339_utc_us(1'772'368'496'012'345), "2026-03-01T12:34:56.012345Z");
  EXPECT_EQ(rfc3339_utc_us(-1), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(rfc3339_utc_us(std::numeric_limits<int64_t>::max()), "9999-12-31T23:59:59.999999Z");
}

TEST(Timestamp, ReadsWhatItSays) {
  int64_t wall_us = 0;
  while (wall_us < 253'402'300'799'999'999 - 987'654'321'234'567) {
    ASSERT_EQ(parse_rfc3339_utc(rfc3339_utc_us(wall_us)), wall_us);
    ASSERT_EQ(parse_rfc3339_utc(rfc3339_utc(wall_us)), wall_us / 1'000'000 * 1'000'000);
    wall_us += 987'654'321'234'567;
  }
  EXPECT_EQ(parse_rfc3339_utc("1970-01-01T00:00:00.5Z"), 500'000);
  EXPECT_EQ(parse_rfc3339_utc("2024-02-29T23:59:59.9Z"), 1'709'251'199'900'000);
}

TEST(Timestamp, ReadsNothingElse) {
  for (const char* text : {"",
                           "Z",
                           "2026-03-01T12:34:56",
                           "2026-03-01 12:34:56Z",
                           "2026-03-01T12:34:56+00:00",
                           "2026-03-01T12:34:56.Z",
                           "2026-03-01T12:34:56.1234567Z",
                           "2026-03-01T12:34:56,5Z",
                           "2026-02-29T00:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-03-01T24:00:00Z",
                           "2026-03-01T00:60:00Z",
                           "2026-03-01T00:00:60Z",
                           "1969-12-31T23:59:59Z",
                           "-026-03-01T12:34:56Z",
                           "2026-03-01T12:34:5Z",
                           "2026-3-001T12:34:56Z",
                           "2026-03-01T12:34:56ZZ",
                           "2026-03-01T1+:34:56Z"}) {
    EXPECT_EQ(parse_rfc3339_utc(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace reprise::base
