#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace reprise::openai {

// Pace: how a recorded stream is replayed.
struct Pace {
  enum class Kind : uint8_t {
    kInstant,
    kRecorded,  // with the original timing
    kRate,      // so many events per second
  };
  static constexpr uint32_t kRateMax = 1'000'000;

  Kind kind = Kind::kInstant;
  uint32_t events_per_second = 0;  // kRate: 1 to kRateMax
  bool operator==(const Pace&) const = default;
};

// "instant", "recorded" or "N/s". The error says what was expected.
base::Result<Pace> parse_pace(std::string_view text);
std::string format_pace(const Pace& pace);

}  // namespace reprise::openai
