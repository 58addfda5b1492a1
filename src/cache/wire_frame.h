#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "cache/value_fault.h"

namespace reprise::cache {

// WireKind: what a frame holds.
enum class WireKind : char { kEntry = 'E', kPurges = 'P' };

// WireCoding: how a frame's payload is written.
enum class WireCoding : uint8_t { kPlain, kZstd };

// WireFrame: what goes round everything packed that leaves the process:
//   'r' 'p' kind | version | coding | payload | XXH3-64 of all before it, little-endian
// The checksum finds damage. It does not keep anyone from forging: so payloads are checked as
// closely as any other input. The first four bytes stay as they are in every version.
struct WireFrame {
  static constexpr uint8_t kVersion = 1;
  static constexpr size_t kHeadBytes = 5;
  static constexpr size_t kOverheadBytes = kHeadBytes + sizeof(uint64_t);

  WireKind kind = WireKind::kEntry;
  WireCoding coding = WireCoding::kPlain;
  std::string_view payload;

  std::string encode() const;
  // `payload` points into `value`.
  static tl::expected<WireFrame, ValueFault> decode(std::string_view value, WireKind kind);
};

}  // namespace reprise::cache
