#include "base/size.h"

#include <algorithm>
#include <array>

namespace reprise::base {

namespace {

struct Unit {
  std::string_view name;
  uint64_t bytes;
};

// From the largest to the smallest, as format_size tries them.
constexpr std::array<Unit, 5> kBinaryUnits = {{
    {"TiB", uint64_t{1} << 40},
    {"GiB", uint64_t{1} << 30},
    {"MiB", uint64_t{1} << 20},
    {"KiB", uint64_t{1} << 10},
    {"B", 1},
}};

constexpr std::array<Unit, 5> kDecimalUnits = {{
    {"TB", 1'000'000'000'000},
    {"GB", 1'000'000'000},
    {"MB", 1'000'000},
    {"KB", 1000},
    {"kB", 1000},
}};

constexpr std::string_view kExpected =
    "expected an integer and one of B, KiB, MiB, GiB, TiB, KB, MB, GB, TB";

// 0 if there is no such unit.
uint64_t unit_bytes(std::string_view name) {
  if (name.empty()) return 1;
  for (const auto* units : {&kBinaryUnits, &kDecimalUnits}) {
    for (const Unit& unit : *units) {
      if (unit.name == name) return unit.bytes;
    }
  }
  return 0;
}

}  // namespace

Result<uint64_t> parse_size_bytes(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const uint64_t unit = unit_bytes(text.substr(digits));
  if (digits == 0 || unit == 0) return fail(ErrorKind::kRefuse, std::string(kExpected));
  const uint64_t count_max = kSizeMaxBytes / unit;
  uint64_t count = 0;
  for (char c : text.substr(0, digits)) {
    count = count * 10 + static_cast<uint64_t>(c - '0');
    if (count > count_max) {
      return fail(ErrorKind::kRefuse, "expected at most " + format_size(kSizeMaxBytes));
    }
  }
  return count * unit;
}

std::string format_size(uint64_t bytes) {
  if (bytes == 0) return "0";
  for (const Unit& unit : kBinaryUnits) {
    if (bytes % unit.bytes == 0) return std::to_string(bytes / unit.bytes).append(unit.name);
  }
  return {};  // not reached: every size is a multiple of 1 B
}

}  // namespace reprise::base
