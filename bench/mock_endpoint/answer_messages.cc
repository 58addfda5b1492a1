#include <fmt/format.h>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/text.h"

// messages: one content block between message_start and message_stop.
namespace reprise::bench {

namespace {

std::string message(const Asking& asking, std::string_view content, std::string_view reason,
                    uint32_t output_tokens) {
  return fmt::format(
      R"({{"id":{},"type":"message","role":"assistant","model":{},"content":[{}],)"
      R"("stop_reason":{},"stop_sequence":null,"usage":{{"input_tokens":{},"output_tokens":{}}}}})",
      quoted(asking.id("msg_")), quoted(asking.question.model), content, reason,
      asking.question.prompt_tokens, output_tokens);
}

std::string tool_block(const Asking& asking, std::string_view input) {
  return fmt::format(R"({{"type":"tool_use","id":{},"name":{},"input":{}}})",
                     quoted(asking.id("toolu_")), quoted(asking.question.tool), input);
}

std::string text_block(std::string_view text) {
  return fmt::format(R"({{"type":"text","text":{}}})", quoted(text));
}

}  // namespace

Answer messages_answer(const Asking& asking) {
  const bool calls = !asking.question.tool.empty();
  const std::vector<std::string> parts =
      calls ? tool_arguments(asking)
            : pieces(asking.question.seed, asking.behaviour.tokens, asking.behaviour.content_bytes);
  const std::string_view reason = calls ? R"("tool_use")" : R"("end_turn")";
  Answer answer;
  if (!asking.question.stream) {
    const std::string whole = joined(parts);
    answer.body = message(asking, calls ? tool_block(asking, whole) : text_block(whole), reason,
                          asking.behaviour.tokens);
    return answer;
  }
  const auto add = [&answer](std::string_view type, std::string_view members, bool token) {
    answer.events.push_back(event(type, fmt::format(R"({{"type":"{}"{}}})", type, members), token));
  };
  add("message_start", R"(,"message":)" + message(asking, "", "null", 1), true);
  add("content_block_start",
      fmt::format(R"(,"index":0,"content_block":{})",
                  calls ? tool_block(asking, "{}") : text_block("")),
      false);
  add("ping", "", false);
  for (const std::string& piece : parts) {
    add("content_block_delta",
        fmt::format(R"(,"index":0,"delta":{{"type":"{}","{}":{}}})",
                    calls ? "input_json_delta" : "text_delta", calls ? "partial_json" : "text",
                    quoted(piece)),
        true);
  }
  add("content_block_stop", R"(,"index":0)", false);
  add("message_delta",
      fmt::format(
          R"(,"delta":{{"stop_reason":{},"stop_sequence":null}},"usage":{{"output_tokens":{}}})",
          reason, asking.behaviour.tokens),
      false);
  add("message_stop", "", false);
  return answer;
}

}  // namespace reprise::bench
