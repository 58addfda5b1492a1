#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "openai/endpoint.h"

namespace reprise::bench {

// AnswerKind: an answer as an endpoint gives it, in pieces or whole.
struct AnswerKind {
  std::string_view name;
  openai::Route route;
  std::string (*stream)(size_t tokens);
  std::string (*json)(size_t tokens);
};

// chat, tools (a chat that only calls), completions, responses, messages.
inline constexpr size_t kAnswerKindCount = 5;
extern const AnswerKind kAnswerKinds[kAnswerKindCount];

}  // namespace reprise::bench
