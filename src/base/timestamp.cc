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
