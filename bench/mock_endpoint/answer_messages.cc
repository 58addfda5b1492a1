#include <fmt/format.h>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/said.h"
#include "bench/mock_endpoint/text.h"

// messages: content blocks between message_start and message_stop.
namespace reprise::bench {

namespace {

std::string message(const Asking& asking, std::string_view content, std::string_view reason,
                    size_t output_tokens) {
  return fmt::format(
      R"({{"id":{},"type":"message","role":"assistant","model":{},"content":[{}],)"
      R"("stop_reason":{},"stop_sequence":null,"usage":{{"input_tokens":{},"output_tokens":{}}}}})",
      quoted(asking.id("msg_")), quoted(asking.question.model), content, reason,
      asking.question.prompt_tokens, output_tokens);
}

// Block: one content block: as it begins, what it grows by, and what it is in the end.
struct Block {
  std::string begun;
  std::vector<std::string> deltas;
  std::string whole;
};

void add_deltas(std::string_view type, std::string_view member,
                const std::vector<std::string>& pieces, Block* block) {
  for (const std::string& piece : pieces) {
    block->deltas.push_back(fmt::format(R"({{"type":"{}","{}":{}}})", type, member, quoted(piece)));
  }
}

Block thinking_block(const std::vector<std::string>& pieces) {
  const auto block = [](std::string_view thinking, std::string_view signature) {
    return fmt::format(R"({{"type":"thinking","thinking":{},"signature":{}}})", quoted(thinking),
                       quoted(signature));
  };
  const std::string whole = joined(pieces);
  const std::string signature = base64(whole);
  Block out{block("", ""), {}, block(whole, signature)};
  add_deltas("thinking_delta", "thinking", pieces, &out);
  add_deltas("signature_delta", "signature", {signature}, &out);
  return out;
}

Block text_block(const Said& said) {
  const auto block = [&said](std::string_view text, std::string_view citation) {
    if (!said.cites) return fmt::format(R"({{"type":"text","text":{}}})", quoted(text));
    return fmt::format(R"({{"type":"text","text":{},"citations":[{}]}})", quoted(text), citation);
  };
  constexpr std::string_view kCitation =
      R"({"type":"char_location","cited_text":"the","document_index":0,"document_title":"mock",)"
      R"("file_id":null,"start_char_index":0,"end_char_index":3})";
  Block out{block("", ""), {}, block(joined(said.text), kCitation)};
  add_deltas("text_delta", "text", said.text, &out);
  if (said.cites) {
    out.deltas.push_back(fmt::format(R"({{"type":"citations_delta","citation":{}}})", kCitation));
  }
  return out;
}

Block tool_block(const Asking& asking, const Call& call, size_t number) {
  const auto block = [&](std::string_view input) {
    return fmt::format(R"({{"type":"tool_use","id":{},"name":{},"input":{}}})",
                       quoted(asking.id("toolu_", number)), quoted(call.tool.name), input);
  };
  Block out{block("{}"), {}, block(joined(call.input))};
  add_deltas("input_json_delta", "partial_json", call.input, &out);
  return out;
}

std::vector<Block> blocks_of(const Asking& asking, const Said& said) {
  std::vector<Block> blocks;
  if (!said.thinking.empty()) blocks.push_back(thinking_block(said.thinking));
  if (said.calls.empty()) blocks.push_back(text_block(said));
  for (size_t i = 0; i < said.calls.size(); ++i) {
    blocks.push_back(tool_block(asking, said.calls[i], i));
  }
  return blocks;
}

std::string_view reason_of(const Said& said) {
  if (said.is_cut) return R"("max_tokens")";
  return said.calls.empty() ? R"("end_turn")" : R"("tool_use")";
}

Answer messages_stream(const Asking& asking, const Said& said, std::string_view reason) {
  Answer answer;
  const auto add = [&answer](std::string_view type, std::string_view members, bool token = false) {
    answer.events.push_back(event(type, fmt::format(R"({{"type":"{}"{}}})", type, members), token));
  };
  add("message_start", R"(,"message":)" + message(asking, "", "null", 1), true);
  size_t index = 0;
  for (const Block& block : blocks_of(asking, said)) {
    add("content_block_start",
        fmt::format(R"(,"index":{},"content_block":{})", index, block.begun));
    if (index == 0) add("ping", "");
    for (const std::string& delta : block.deltas) {
      add("content_block_delta", fmt::format(R"(,"index":{},"delta":{})", index, delta), true);
    }
    add("content_block_stop", fmt::format(R"(,"index":{})", index++));
  }
  add("message_delta",
      fmt::format(
          R"(,"delta":{{"stop_reason":{},"stop_sequence":null}},"usage":{{"output_tokens":{}}})",
          reason, said.tokens()));
  add("message_stop", "");
  return answer;
}

}  // namespace

Answer messages_answer(const Asking& asking) {
  const Said said = said_by(asking);
  const std::string_view reason = reason_of(said);
  if (asking.question.stream) return messages_stream(asking, said, reason);
  std::string content;
  for (const Block& block : blocks_of(asking, said)) {
    if (!content.empty()) content += ',';
    content += block.whole;
  }
  Answer answer;
  answer.body = message(asking, content, reason, said.tokens());
  return answer;
}

}  // namespace reprise::bench
