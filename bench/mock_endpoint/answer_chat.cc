#include <fmt/format.h>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/text.h"

// chat/completions and the older completions: choices, usage and [DONE].
namespace reprise::bench {

namespace {

std::string usage(const Asking& asking, size_t tokens) {
  return fmt::format(R"({{"prompt_tokens":{},"completion_tokens":{},"total_tokens":{}}})",
                     asking.question.prompt_tokens, tokens, asking.question.prompt_tokens + tokens);
}

// The members that every chunk and every whole answer begins with.
std::string opening(const Asking& asking, std::string_view prefix, std::string_view object) {
  return fmt::format(
      R"({{"id":{},"object":"{}","created":{},"model":{},"system_fingerprint":"fp_mock",)",
      quoted(asking.id(prefix)), object, asking.created, quoted(asking.question.model));
}

// Chunks: writes the events of one stream.
class Chunks {
 public:
  Chunks(const Asking& asking, std::string_view prefix, std::string_view object)
      : opening_(opening(asking, prefix, object)),
        closing_(asking.question.include_usage ? R"(],"usage":null})" : "]}") {}

  void add(std::string_view choice, bool token) {
    answer_.events.push_back(
        event("", fmt::format(R"({}"choices":[{}{})", opening_, choice, closing_), token));
  }

  Answer finish(const Asking& asking, size_t tokens) {
    if (asking.question.include_usage) {
      answer_.events.push_back(event(
          "", fmt::format(R"({}"choices":[],"usage":{}}})", opening_, usage(asking, tokens))));
    }
    answer_.events.push_back(event("", "[DONE]"));
    return std::move(answer_);
  }

 private:
  std::string opening_;
  std::string closing_;
  Answer answer_;
};

std::string delta(size_t index, std::string_view members, std::string_view reason = "null") {
  return fmt::format(R"({{"index":{},"delta":{{{}}},"logprobs":null,"finish_reason":{}}})", index,
                     members, reason);
}

std::vector<std::vector<std::string>> texts_of(const Asking& asking, size_t choices) {
  std::vector<std::vector<std::string>> texts;
  for (size_t i = 0; i < choices; ++i) {
    texts.push_back(
        pieces(asking.question.seed + i, asking.behaviour.tokens, asking.behaviour.content_bytes));
  }
  return texts;
}

Answer chat_tool_stream(const Asking& asking) {
  Chunks chunks(asking, "chatcmpl-", "chat.completion.chunk");
  chunks.add(delta(0, R"("role":"assistant","content":null)"), true);
  chunks.add(delta(0, fmt::format(R"("tool_calls":[{{"index":0,"id":{},"type":"function",)"
                                  R"("function":{{"name":{},"arguments":""}}}}])",
                                  quoted(asking.id("call_")), quoted(asking.question.tool))),
             false);
  const std::vector<std::string> arguments = tool_arguments(asking);
  for (const std::string& piece : arguments) {
    chunks.add(delta(0, fmt::format(R"("tool_calls":[{{"index":0,"function":{{"arguments":{}}}}}])",
                                    quoted(piece))),
               true);
  }
  chunks.add(delta(0, "", R"("tool_calls")"), false);
  return chunks.finish(asking, arguments.size());
}

Answer chat_stream(const Asking& asking) {
  const auto texts = texts_of(asking, asking.question.choices);
  Chunks chunks(asking, "chatcmpl-", "chat.completion.chunk");
  for (size_t i = 0; i < texts.size(); ++i) {
    chunks.add(delta(i, R"("role":"assistant","content":"","refusal":null)"), i == 0);
  }
  for (uint32_t t = 0; t < asking.behaviour.tokens; ++t) {
    for (size_t i = 0; i < texts.size(); ++i) {
      chunks.add(delta(i, R"("content":)" + quoted(texts[i][t])), i == 0);
    }
  }
  for (size_t i = 0; i < texts.size(); ++i) chunks.add(delta(i, "", R"("stop")"), false);
  return chunks.finish(asking, texts.size() * asking.behaviour.tokens);
}

std::string chat_choice(const Asking& asking, size_t index) {
  if (!asking.question.tool.empty()) {
    return fmt::format(
        R"({{"index":{},"message":{{"role":"assistant","content":null,"tool_calls":[{{"id":{},)"
        R"("type":"function","function":{{"name":{},"arguments":{}}}}}],"refusal":null}},)"
        R"("logprobs":null,"finish_reason":"tool_calls"}})",
        index, quoted(asking.id("call_")), quoted(asking.question.tool),
        quoted(joined(tool_arguments(asking))));
  }
  const auto text =
      pieces(asking.question.seed + index, asking.behaviour.tokens, asking.behaviour.content_bytes);
  return fmt::format(R"({{"index":{},"message":{{"role":"assistant","content":{},"refusal":null,)"
                     R"("annotations":[]}},)"
                     R"("logprobs":null,"finish_reason":"stop"}})",
                     index, quoted(joined(text)));
}

}  // namespace

Answer chat_answer(const Asking& asking) {
  const Question& question = asking.question;
  if (question.stream)
    return question.tool.empty() ? chat_stream(asking) : chat_tool_stream(asking);
  const size_t choices = question.tool.empty() ? question.choices : 1;
  Answer answer;
  answer.body = opening(asking, "chatcmpl-", "chat.completion") + R"("choices":[)";
  for (size_t i = 0; i < choices; ++i) {
    if (i > 0) answer.body += ',';
    answer.body += chat_choice(asking, i);
  }
  answer.body += fmt::format(R"(],"usage":{}}})", usage(asking, choices * asking.behaviour.tokens));
  return answer;
}

Answer completions_answer(const Asking& asking) {
  const size_t prompts = std::max<size_t>(asking.question.inputs.size(), 1);
  const auto texts = texts_of(asking, prompts * asking.question.choices);
  const size_t tokens = texts.size() * asking.behaviour.tokens;
  const auto choice = [](size_t index, std::string_view text, std::string_view reason) {
    return fmt::format(R"({{"text":{},"index":{},"logprobs":null,"finish_reason":{}}})",
                       quoted(text), index, reason);
  };
  if (asking.question.stream) {
    Chunks chunks(asking, "cmpl-", "text_completion");
    for (uint32_t t = 0; t < asking.behaviour.tokens; ++t) {
      for (size_t i = 0; i < texts.size(); ++i) chunks.add(choice(i, texts[i][t], "null"), i == 0);
    }
    for (size_t i = 0; i < texts.size(); ++i) chunks.add(choice(i, "", R"("stop")"), false);
    return chunks.finish(asking, tokens);
  }
  Answer answer;
  answer.body = opening(asking, "cmpl-", "text_completion") + R"("choices":[)";
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) answer.body += ',';
    answer.body += choice(i, joined(texts[i]), R"("stop")");
  }
  answer.body += fmt::format(R"(],"usage":{}}})", usage(asking, tokens));
  return answer;
}

}  // namespace reprise::bench
