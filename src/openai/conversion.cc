#include "openai/conversion.h"

#include <array>

#include "openai/assemble_choices.h"
#include "openai/rebuild_choices.h"
#include "openai/synthesise_choices.h"

namespace reprise::openai {

std::string_view unconvertible_name(Unconvertible reason) {
  static constexpr std::array<std::string_view, kUnconvertibleCount> kNames = {
      "route", "malformed", "event", "content", "tool", "role", "member", "usage", "too-large"};
  return kNames[static_cast<size_t>(reason)];
}

Converted assemble(Route route, std::string_view stream, size_t bytes_max) {
  switch (route) {
    case Route::kChatCompletions:
      return assemble_chat(stream, bytes_max);
    case Route::kCompletions:
      return assemble_completions(stream, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

Converted synthesise(Route route, std::string_view json, const Form& wanted, size_t bytes_max) {
  switch (route) {
    case Route::kChatCompletions:
      return synthesise_chat(json, wanted, bytes_max);
    case Route::kCompletions:
      return synthesise_completions(json, wanted, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

Converted rebuild(Route route, std::string_view stream, const Form& wanted, size_t bytes_max) {
  switch (route) {
    case Route::kChatCompletions:
      return rebuild_choices(ChoiceKind::kMessage, stream, wanted, bytes_max);
    case Route::kCompletions:
      return rebuild_choices(ChoiceKind::kText, stream, wanted, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

}  // namespace reprise::openai
