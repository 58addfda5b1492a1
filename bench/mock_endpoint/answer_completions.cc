#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "bench/mock_endpoint/chunks.h"
#include "bench/mock_endpoint/said.h"
#include "bench/mock_endpoint/text.h"

// The older completions: one text per choice.
namespace reprise::bench {

namespace {

// What is known of the tokens `pieces`, which come after `offset` bytes, if it was asked for.
std::string logprobs(const Asking& asking, std::span<const std::string> pieces, size_t offset) {
  if (!asking.question.logprobs) return "null";
  std::string tokens;
  std::string values;
  std::string offsets;
  std::string nothing;
  for (const std::string& piece : pieces) {
    const char* comma = tokens.empty() ? "" : ",";
    tokens += comma + quoted(piece);
    values += fmt::format("{}{}", comma, logprob_of(piece));
    offsets += fmt::format("{}{}", comma, offset);
    nothing += fmt::format("{}{{}}", comma);
    offset += piece.size();
  }
  return fmt::format(
      R"({{"tokens":[{}],"token_logprobs":[{}],"top_logprobs":[{}],"text_offset":[{}]}})", tokens,
      values, nothing, offsets);
}

std::string choice(size_t index, std::string_view text, std::string_view logprobs,
                   std::string_view reason) {
  return fmt::format(R"({{"text":{},"index":{},"logprobs":{},"finish_reason":{}}})", quoted(text),
                     index, logprobs, reason);
}

std::string_view reason_of(const Said& said) { return said.is_cut ? R"("length")" : R"("stop")"; }

// Choices take turns, as they do where they are made side by side.
Answer completions_stream(const Asking& asking, const std::vector<Said>& choices) {
  Chunks chunks(asking, "cmpl-", "text_completion");
  std::vector<size_t> offsets(choices.size());
  for (uint32_t t = 0; t < asking.behaviour.tokens; ++t) {
    for (size_t i = 0; i < choices.size(); ++i) {
      const std::string& piece = choices[i].text[t];
      chunks.add(choice(i, piece, logprobs(asking, {&piece, 1}, offsets[i]), "null"), i == 0);
      offsets[i] += piece.size();
    }
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    chunks.add(choice(i, "", "null", reason_of(choices[i])), false);
  }
  return chunks.finish(usage_member(asking, choices));
}

}  // namespace

Answer completions_answer(const Asking& asking) {
  const size_t prompts = std::max<size_t>(asking.question.inputs.size(), 1);
  const std::vector<Said> choices = choices_of(asking, prompts * asking.question.choices);
  if (asking.question.stream) return completions_stream(asking, choices);
  Answer answer;
  answer.body = choices_opening(asking, "cmpl-", "text_completion") + R"("choices":[)";
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) answer.body += ',';
    const std::vector<std::string>& text = choices[i].text;
    answer.body += choice(i, joined(text), logprobs(asking, text, 0), reason_of(choices[i]));
  }
  answer.body += fmt::format("],{}}}", usage_member(asking, choices));
  return answer;
}

}  // namespace reprise::bench
