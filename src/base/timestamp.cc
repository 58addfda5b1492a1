#include "base/timestamp.h"

#include <algorithm>
#include <chrono>

namespace reprise::base {

namespace {

constexpr int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z: a year has four digits
constexpr int64_t kMicrosPerSecond = 1'000'000;

struct Civil {
  unsigned year, month, day, weekday, hour, minute, second;
};

Civil civil(int64_t wall_s) {
  const std::chrono::seconds time(std::clamp<int64_t>(wall_s, 0, kLastSecond));
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::sys_days date(days);
  const std::chrono::year_month_day ymd(date);
  const auto in_day = static_cast<unsigned>((time - days).count());
  return {static_cast<unsigned>(static_cast<int>(ymd.year())),
          static_cast<unsigned>(ymd.month()),
          static_cast<unsigned>(ymd.day()),
          std::chrono::weekday(date).c_encoding(),
          in_day / 3600,
          in_day / 60 % 60,
          in_day % 60};
}

// The number that the digits `text` are; nothing if they are none.
std::optional<int64_t> read_digits(std::string_view text) {
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

// ".012345" as microseconds; 0 for no text.
std::optional<int64_t> read_decimals(std::string_view text) {
  constexpr size_t kDecimals = 6;
  if (text.empty()) return 0;
  if (text.front() != '.' || text.size() < 2 || text.size() > kDecimals + 1) return std::nullopt;
  std::string digits(text.substr(1));
  digits.resize(kDecimals, '0');
  return read_digits(digits);
}

void write_digits(unsigned value, size_t count, char* out) {
  for (size_t i = count; i > 0; --i) {
    out[i - 1] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
}

}  // namespace

std::string rfc3339_utc(int64_t wall_us) {
  const Civil time = civil(wall_us / kMicrosPerSecond);
  std::string text = "0000-00-00T00:00:00Z";
  write_digits(time.year, 4, &text[0]);
  write_digits(time.month, 2, &text[5]);
  write_digits(time.day, 2, &text[8]);
  write_digits(time.hour, 2, &text[11]);
  write_digits(time.minute, 2, &text[14]);
  write_digits(time.second, 2, &text[17]);
  return text;
}

std::string rfc3339_utc_us(int64_t wall_us) {
  const int64_t us = std::clamp<int64_t>(wall_us, 0, kLastSecond * kMicrosPerSecond + 999'999);
  std::string text = rfc3339_utc(us);
  text.replace(text.size() - 1, 1, ".000000Z");
  write_digits(static_cast<unsigned>(us % kMicrosPerSecond), 6, &text[20]);
  return text;
}

std::optional<int64_t> parse_rfc3339_utc(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (text.size() <= kShape.size() || text.back() != 'Z') return std::nullopt;
  const auto decimals = read_decimals(text.substr(kShape.size(), text.size() - kShape.size() - 1));
  const auto part = [&](size_t from, size_t size) { return read_digits(text.substr(from, size)); };
  const auto year = part(0, 4), month = part(5, 2), day = part(8, 2), hour = part(11, 2),
             minute = part(14, 2), second = part(17, 2);
  if (!decimals || !year || !month || !day || !hour || !minute || !second) return std::nullopt;
  for (const size_t at : {4, 7, 10, 13, 16}) {
    if (text[at] != kShape[at]) return std::nullopt;
  }
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (*year < 1970 || !date.ok() || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
  return seconds * kMicrosPerSecond + *decimals;
}

std::string http_date(int64_t wall_s) {
  static constexpr char kWeekdays[] = "SunMonTueWedThuFriSat";
  static constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const Civil time = civil(wall_s);
  std::string text = "Sun, 00 Jan 0000 00:00:00 GMT";
  std::copy_n(kWeekdays + size_t{3} * time.weekday, 3, &text[0]);
  write_digits(time.day, 2, &text[5]);
  std::copy_n(kMonths + size_t{3} * (time.month - 1), 3, &text[8]);
  write_digits(time.year, 4, &text[12]);
  write_digits(time.hour, 2, &text[17]);
  write_digits(time.minute, 2, &text[20]);
  write_digits(time.second, 2, &text[23]);
  return text;
}

}  // namespace reprise::base
