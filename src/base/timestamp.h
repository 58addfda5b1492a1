#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::base {

// "2026-03-01T12:34:56Z" (RFC 3339) of a wall time in microseconds. Times outside the years 1970 to
// 9999 become the nearest one inside.
std::string rfc3339_utc(int64_t wall_us);
// The same to the microsecond: "2026-03-01T12:34:56.012345Z".
std::string rfc3339_utc_us(int64_t wall_us);
// The wall time in microseconds that such a text says, with at most six decimals of a second or
// none. Nothing for any other text, another offset than Z and another year included.
std::optional<int64_t> parse_rfc3339_utc(std::string_view text);

// "Sun, 01 Mar 2026 12:34:56 GMT": IMF-fixdate (RFC 9110 §5.6.7) of a wall time in seconds, within
// the same years.
std::string http_date(int64_t wall_s);

}  // namespace reprise::base
