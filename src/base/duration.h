#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::base {

// The longest duration accepted, a hundred years: in microseconds, added to any wall-clock time, it
// still fits 64 bits.
inline constexpr int64_t kDurationMaxMs = int64_t{36500} * 24 * 3600 * 1000;

// Milliseconds of `text`: an unsigned integer and, directly behind it, one of ms, s, m, h, d. A
// bare number is refused, because nobody can tell its unit. The error says what was expected, not
// what was found.
Result<int64_t> parse_duration_ms(std::string_view text);

// The shortest spelling that parse_duration_ms reads back as `ms`: "90s", "24h", "1500ms", "0s".
std::string format_duration(int64_t ms);

}  // namespace reprise::base
