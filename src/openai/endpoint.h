#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reprise::openai {

// Route: the endpoints whose answers may be cached. kOther passes through untouched.
enum class Route : uint8_t {
  kOther,
  kChatCompletions,
  kCompletions,
  kResponses,
  kResponsesInputTokens,
  kEmbeddings,
  kModerations,
  kRerank,
  kScore,
  kMessages,
  kMessagesCountTokens,
};
inline constexpr size_t kRouteCount = 11;

// "chat/completions", …; "other" for kOther.
std::string_view route_name(Route route);
// The other way round; nothing if there is none of that name.
std::optional<Route> route_named(std::string_view name);

// The route of `method` on `target` (origin-form, query included). A prefix before /v1, a missing
// /v1 and Azure's /openai/deployments/{name}/ form are recognised; native llama.cpp and Ollama
// paths are not.
Route classify(std::string_view method, std::string_view target);

// Form: how an answer is wanted, or was recorded. The options mean nothing unless `stream`.
struct Form {
  bool stream = false;
  bool include_usage = false;
  bool include_obfuscation = true;
  bool operator==(const Form& other) const {
    if (stream != other.stream) return false;
    return !stream || (include_usage == other.include_usage &&
                       include_obfuscation == other.include_obfuscation);
  }
};

// A form as a number below 8, all of it, and back.
inline unsigned form_bits(const Form& form) {
  return (form.stream ? 1u : 0u) | (form.include_usage ? 2u : 0u) |
         (form.include_obfuscation ? 4u : 0u);
}
inline Form form_of_bits(unsigned bits) {
  return {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
}

}  // namespace reprise::openai
