#include "openai/conversion.h"

#include <array>

#include "openai/assemble_choices.h"
#include "openai/assemble_messages.h"
#include "openai/assemble_responses.h"
#include "openai/rebuild_choices.h"
#include "openai/synthesise_choices.h"
#include "openai/synthesise_messages.h"
#include "openai/synthesise_responses.h"

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
    case Route::kResponses:
      return assemble_responses(stream, bytes_max);
    case Route::kMessages:
      return assemble_messages(stream, bytes_max);
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
    case Route::kResponses:
      return synthesise_responses(json, bytes_max);
    case Route::kMessages:
      return synthesise_messages(json, bytes_max);
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
    case Route::kResponses:
      return rebuild_responses(stream, wanted.include_obfuscation, bytes_max);
    case Route::kMessages:
      // Its streams know neither: they are the same in every form, but for their frames.
      return rebuild_responses(stream, true, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

}  // namespace reprise::openai
