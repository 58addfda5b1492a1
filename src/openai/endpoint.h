#pragma once

#include <cstdint>
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

// Different for forms that differ, the same for those that do not.
inline uint32_t form_number(const Form& form) {
  if (!form.stream) return 0;
  return 1 + (form.include_usage ? 2 : 0) + (form.include_obfuscation ? 4 : 0);
}

}  // namespace reprise::openai
