#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::base {

// The largest size accepted, a pebibyte: sums of a few sizes still fit 64 bits.
inline constexpr uint64_t kSizeMaxBytes = uint64_t{1} << 50;

// Bytes of `text`: an unsigned integer and, directly behind it, one of B, KiB, MiB, GiB, TiB
// (powers of 1024) or kB, KB, MB, GB, TB (powers of 1000). A bare number counts bytes. The error
// says what was expected, not what was found.
Result<uint64_t> parse_size_bytes(std::string_view text);

// The shortest spelling in powers of 1024 that parse_size_bytes reads back as `bytes`: "256MiB",
// "1000B", "0".
std::string format_size(uint64_t bytes);

}  // namespace reprise::base
