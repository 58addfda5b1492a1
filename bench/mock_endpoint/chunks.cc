#include "bench/mock_endpoint/chunks.h"

#include <fmt/format.h>

#include <utility>

#include "bench/mock_endpoint/text.h"

namespace reprise::bench {

std::string choices_opening(const Asking& asking, std::string_view prefix,
                            std::string_view object) {
  return fmt::format(
      R"({{"id":{},"object":"{}","created":{},"model":{},"system_fingerprint":"fp_mock",)",
      quoted(asking.id(prefix)), object, asking.created, quoted(asking.question.model));
}

std::string usage_member(const Asking& asking, const std::vector<Said>& choices) {
  const size_t asked = asking.question.prompt_tokens;
  size_t tokens = 0;
  for (const Said& said : choices) tokens += said.tokens();
  return fmt::format(R"("usage":{{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                     asked, tokens, asked + tokens);
}

Chunks::Chunks(const Asking& asking, std::string_view prefix, std::string_view object)
    : opening_(choices_opening(asking, prefix, object)),
      tells_usage_(asking.question.include_usage),
      obfuscated_(asking.question.obfuscated) {}

void Chunks::add(std::string_view choice, bool token) {
  std::string rest = tells_usage_ ? R"(],"usage":null)" : "]";
  if (obfuscated_) rest += fmt::format(R"(,"obfuscation":"{}")", obfuscation_of(choice));
  answer_.events.push_back(
      event("", fmt::format(R"({}"choices":[{}{}}})", opening_, choice, rest), token));
}

Answer Chunks::finish(std::string_view usage) {
  if (tells_usage_) {
    answer_.events.push_back(event("", fmt::format(R"({}"choices":[],{}}})", opening_, usage)));
  }
  answer_.events.push_back(event("", "[DONE]"));
  return std::move(answer_);
}

}  // namespace reprise::bench
