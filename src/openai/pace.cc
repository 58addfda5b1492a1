#include "openai/pace.h"

#include <charconv>

namespace reprise::openai {

base::Result<Pace> parse_pace(std::string_view text) {
  if (text == "instant") return Pace{};
  if (text == "recorded") return Pace{Pace::Kind::kRecorded, 0};
  uint32_t rate = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, rate);
  if (error == std::errc{} && std::string_view(rest, static_cast<size_t>(end - rest)) == "/s" &&
      rate >= 1 && rate <= Pace::kRateMax) {
    return Pace{Pace::Kind::kRate, rate};
  }
  return base::fail(base::ErrorKind::kRefuse,
                    "expected instant, recorded or N/s with N from 1 to 1000000");
}

std::string format_pace(const Pace& pace) {
  switch (pace.kind) {
    case Pace::Kind::kInstant:
      return "instant";
    case Pace::Kind::kRecorded:
      return "recorded";
    case Pace::Kind::kRate:
      break;
  }
  return std::to_string(pace.events_per_second) + "/s";
}

}  // namespace reprise::openai
