#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "cache/purge_record.h"
#include "cache/wire_frame.h"

namespace reprise::cache {

// The fewest bytes in which encode_purge_times can say anything.
inline constexpr size_t kPurgeWireBytesMin = 64;

// `times` as PurgeRecord::snapshot() gives them, in a WireFrame of at most `bytes_max` bytes, which
// is at least kPurgeWireBytesMin. The oldest that do not fit become a purge of everything up to
// their time, as in a PurgeRecord that is full: more is forgotten than was asked, never less.
std::string encode_purge_times(const PurgeTimes& times, size_t bytes_max);

// In order, and never more than a PurgeRecord holds.
tl::expected<PurgeTimes, ValueFault> decode_purge_times(std::string_view value);

}  // namespace reprise::cache
