#include "base/duration.h"

#include <array>

#include "base/check.h"

namespace reprise::base {

namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};

// From the longest to the shortest, as format_duration tries them.
constexpr std::array<Unit, 5> kUnits = {{
    {"d", int64_t{24} * 3600 * 1000},
    {"h", int64_t{3600} * 1000},
    {"m", int64_t{60} * 1000},
    {"s", 1000},
    {"ms", 1},
}};

constexpr std::string_view kExpected = "expected an integer and one of ms, s, m, h, d";

const Unit* find_unit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Result<int64_t> parse_duration_ms(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos) {
    return fail(ErrorKind::kRefuse, std::string(kExpected));
  }
  const Unit* unit = find_unit(text.substr(digits));
  if (unit == nullptr) return fail(ErrorKind::kRefuse, std::string(kExpected));
  const int64_t count_max = kDurationMaxMs / unit->ms;
  int64_t count = 0;
  for (char c : text.substr(0, digits)) {
    count = count * 10 + (c - '0');
    if (count > count_max) return fail(ErrorKind::kRefuse, "expected at most 36500d");
  }
  return count * unit->ms;
}

std::string format_duration(int64_t ms) {
  CHECK(ms >= 0);
  if (ms == 0) return "0s";
  for (const Unit& unit : kUnits) {
    // One day is better known as 24h.
    if (ms % unit.ms == 0 && !(unit.name == "d" && ms == unit.ms)) {
      return std::to_string(ms / unit.ms).append(unit.name);
    }
  }
  return {};  // not reached: every count is a multiple of 1 ms
}

}  // namespace reprise::base
