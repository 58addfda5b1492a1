#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "bench/mock_endpoint/chunks.h"
#include "bench/mock_endpoint/said.h"
#include "bench/mock_endpoint/text.h"

// chat/completions: one message per choice.
namespace reprise::bench {

namespace {

// Delta: what one chunk adds to a choice.
struct Delta {
  std::string members;
  std::string logprobs = "null";
  bool token = true;
};

std::string delta(size_t index, const Delta& delta, std::string_view reason = "null") {
  return fmt::format(R"({{"index":{},"delta":{{{}}},"logprobs":{},"finish_reason":{}}})", index,
                     delta.members, delta.logprobs, reason);
}

std::string_view reason_of(const Said& said) {
  if (said.is_cut) return R"("length")";
  return said.calls.empty() ? R"("stop")" : R"("tool_calls")";
}

// What is known of the tokens `pieces`, if it was asked for.
std::string logprobs(const Asking& asking, const Said& said, std::span<const std::string> pieces) {
  if (!asking.question.logprobs || pieces.empty()) return "null";
  std::string list;
  for (const std::string& piece : pieces) {
    if (!list.empty()) list += ',';
    list += fmt::format(R"({{"token":{},"logprob":{},"bytes":null,"top_logprobs":[]}})",
                        quoted(piece), logprob_of(piece));
  }
  const std::string_view told = said.refuses ? "refusal" : "content";
  const std::string_view untold = said.refuses ? "content" : "refusal";
  return fmt::format(R"({{"{}":[{}],"{}":null}})", told, list, untold);
}

std::string annotations(const Said& said) {
  return fmt::format(R"("annotations":[{}])",
                     said.cites ? R"({"type":"url_citation","url_citation":{"start_index":0,)"
                                  R"("end_index":3,"title":"mock","url":"https://mock.test/"}})"
                                : "");
}

std::string call_opening(const Asking& asking, const Call& call, size_t number) {
  return fmt::format(R"("id":{},"type":"{}")", quoted(asking.id("call_", number)),
                     call.tool.custom ? "custom" : "function");
}

// The member that holds a call, whose text is `input`.
std::string call_member(const Call& call, std::string_view name, std::string_view input) {
  return fmt::format(R"("{}":{{{}"{}":{}}})", call.tool.custom ? "custom" : "function", name,
                     call.tool.custom ? "input" : "arguments", quoted(input));
}

std::string name_member(const Call& call) {
  return fmt::format(R"("name":{},)", quoted(call.tool.name));
}

void add_call(const Asking& asking, const Call& call, size_t number, std::vector<Delta>* out) {
  out->push_back(
      {fmt::format(R"("tool_calls":[{{"index":{},{},{}}}])", number,
                   call_opening(asking, call, number), call_member(call, name_member(call), "")),
       "null", false});
  for (const std::string& piece : call.input) {
    out->push_back(
        {fmt::format(R"("tool_calls":[{{"index":{},{}}}])", number, call_member(call, "", piece))});
  }
}

std::string_view beginning_of(const Said& said) {
  if (!said.calls.empty()) return R"("content":null)";
  return said.refuses ? R"("content":null,"refusal":"")" : R"("content":"","refusal":null)";
}

std::vector<Delta> deltas_of(const Asking& asking, const Said& said) {
  std::vector<Delta> out;
  out.push_back({fmt::format(R"("role":"assistant",{})", beginning_of(said))});
  for (const std::string& piece : said.thinking) {
    out.push_back({R"("reasoning_content":)" + quoted(piece)});
  }
  for (const std::string& piece : said.text) {
    out.push_back({fmt::format(R"("{}":{})", said.refuses ? "refusal" : "content", quoted(piece)),
                   logprobs(asking, said, {&piece, 1})});
  }
  if (said.cites) out.push_back({annotations(said), "null", false});
  for (size_t i = 0; i < said.calls.size(); ++i) add_call(asking, said.calls[i], i, &out);
  return out;
}

// Choices take turns, as they do where they are made side by side.
Answer chat_stream(const Asking& asking, const std::vector<Said>& choices) {
  std::vector<std::vector<Delta>> deltas;
  size_t longest = 0;
  for (const Said& said : choices) {
    deltas.push_back(deltas_of(asking, said));
    longest = std::max(longest, deltas.back().size());
  }
  Chunks chunks(asking, "chatcmpl-", "chat.completion.chunk");
  for (size_t t = 0; t < longest; ++t) {
    for (size_t i = 0; i < deltas.size(); ++i) {
      if (t >= deltas[i].size()) continue;
      chunks.add(delta(i, deltas[i][t]), i == 0 && deltas[i][t].token);
    }
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    chunks.add(delta(i, {}, reason_of(choices[i])), false);
  }
  return chunks.finish(usage_member(asking, choices));
}

std::string message_rest(const Asking& asking, const Said& said) {
  if (said.calls.empty()) {
    return fmt::format(R"("refusal":{},{})", said.refuses ? quoted(joined(said.text)) : "null",
                       annotations(said));
  }
  std::string calls;
  for (size_t i = 0; i < said.calls.size(); ++i) {
    const Call& call = said.calls[i];
    calls += fmt::format("{}{{{},{}}}", i == 0 ? "" : ",", call_opening(asking, call, i),
                         call_member(call, name_member(call), joined(call.input)));
  }
  return fmt::format(R"("tool_calls":[{}],"refusal":null)", calls);
}

std::string chat_choice(const Asking& asking, const Said& said, size_t index) {
  const bool has_content = said.calls.empty() && !said.refuses;
  const std::string thinking = said.thinking.empty() ? ""
                                                     : fmt::format(R"("reasoning_content":{},)",
                                                                   quoted(joined(said.thinking)));
  return fmt::format(R"({{"index":{},"message":{{"role":"assistant","content":{},{}{}}},)"
                     R"("logprobs":{},"finish_reason":{}}})",
                     index, has_content ? quoted(joined(said.text)) : "null", thinking,
                     message_rest(asking, said), logprobs(asking, said, said.text),
                     reason_of(said));
}

}  // namespace

Answer chat_answer(const Asking& asking) {
  const std::vector<Said> choices = choices_of(asking, asking.question.choices);
  if (asking.question.stream) return chat_stream(asking, choices);
  Answer answer;
  answer.body = choices_opening(asking, "chatcmpl-", "chat.completion") + R"("choices":[)";
  for (size_t i = 0; i < choices.size(); ++i) {
    if (i > 0) answer.body += ',';
    answer.body += chat_choice(asking, choices[i], i);
  }
  answer.body += fmt::format("],{}}}", usage_member(asking, choices));
  return answer;
}

}  // namespace reprise::bench
