#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace reprise::cache {

// ValueFault: why a value that came from Memcached cannot be used. Each is a miss and a counter.
enum class ValueFault : uint8_t {
  kForeign,   // not ours, or ours in the other mode
  kVersion,   // ours, of a format this build does not know
  kCorrupt,   // cut, changed, forged, stored for something else, or sealed with another secret
  kTooLarge,  // says it is larger than anything we store
};

inline constexpr size_t kValueFaultCount = 4;

constexpr std::string_view value_fault_name(ValueFault fault) {
  switch (fault) {
    case ValueFault::kForeign:
      return "foreign";
    case ValueFault::kVersion:
      return "version";
    case ValueFault::kCorrupt:
      return "corrupt";
    case ValueFault::kTooLarge:
      return "too_large";
  }
  return {};
}

}  // namespace reprise::cache
