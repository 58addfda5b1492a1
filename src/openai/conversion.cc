#include "openai/conversion.h"

#include <array>

namespace reprise::openai {

std::string_view unconvertible_name(Unconvertible reason) {
  static constexpr std::array<std::string_view, kUnconvertibleCount> kNames = {
      "route", "malformed", "event", "content", "tool", "role", "member", "usage", "too-large"};
  return kNames[static_cast<size_t>(reason)];
}

Converted assemble(Route route, std::string_view stream, size_t bytes_max) {
  static_cast<void>(route);
  static_cast<void>(stream);
  static_cast<void>(bytes_max);
  return tl::unexpected(Unconvertible::kRoute);
}

Converted synthesise(Route route, std::string_view json, const Form& wanted, size_t bytes_max) {
  static_cast<void>(route);
  static_cast<void>(json);
  static_cast<void>(wanted);
  static_cast<void>(bytes_max);
  return tl::unexpected(Unconvertible::kRoute);
}

Converted rebuild(Route route, std::string_view stream, const Form& wanted, size_t bytes_max) {
  static_cast<void>(route);
  static_cast<void>(stream);
  static_cast<void>(wanted);
  static_cast<void>(bytes_max);
  return tl::unexpected(Unconvertible::kRoute);
}

}  // namespace reprise::openai
