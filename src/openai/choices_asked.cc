#include "openai/choices_asked.h"

#include <algorithm>

namespace reprise::openai {

namespace {
// Nobody answers more; a larger claim only has to fail to be met.
constexpr uint64_t kChoicesMax = 1u << 20;

// One prompt may be a string or a list of tokens; several are a list of either.
uint64_t prompts_in(const JsonValue& prompt) {
  if (!prompt.is_array()) return 1;
  const JsonArray list = prompt.array();
  if (list.size() == 0) return 1;
  const simdjson::dom::element first = list.at(0).value_unsafe();
  return first.is_string() || first.is_array() ? list.size() : 1;
}

}  // namespace

uint32_t choices_asked(Route route, std::string_view body, AnswerJson& json) {
  if (route != Route::kChatCompletions && route != Route::kCompletions) return 1;
  JsonObject request;
  if (json.parse(body, &request) != NotStored::kNone) return 1;
  uint64_t choices = pick(request, "n").number().value_or(1);
  choices = std::clamp<uint64_t>(choices, 1, kChoicesMax);
  if (route == Route::kCompletions) choices *= prompts_in(pick(request, "prompt"));
  return static_cast<uint32_t>(std::min(choices, kChoicesMax));
}

}  // namespace reprise::openai
