#include <fmt/format.h>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/text.h"

// responses: numbered, named events around one output item; the last holds the whole answer.
namespace reprise::bench {

namespace {

std::string usage(const Asking& asking) {
  const uint32_t in = asking.question.prompt_tokens;
  const uint32_t out = asking.behaviour.tokens;
  return fmt::format(
      R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{},)"
      R"("output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}})",
      in, out, in + out);
}

std::string response(const Asking& asking, std::string_view status, std::string_view output) {
  return fmt::format(
      R"({{"id":{},"object":"response","created_at":{},"status":"{}","error":null,)"
      R"("incomplete_details":null,"instructions":null,"metadata":{{}},"model":{},"output":[{}],)"
      R"("parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,)"
      R"("usage":{}}})",
      quoted(asking.id("resp_")), asking.created, status, quoted(asking.question.model), output,
      status == "completed" ? usage(asking) : "null");
}

std::string text_part(std::string_view text) {
  return fmt::format(R"({{"type":"output_text","annotations":[],"logprobs":[],"text":{}}})",
                     quoted(text));
}

std::string message_item(const Asking& asking, std::string_view status, std::string_view part) {
  return fmt::format(
      R"({{"id":{},"type":"message","status":"{}","content":[{}],"role":"assistant"}})",
      quoted(asking.id("msg_")), status, part);
}

std::string call_item(const Asking& asking, std::string_view status, std::string_view arguments) {
  return fmt::format(
      R"({{"id":{},"type":"function_call","status":"{}","arguments":{},"call_id":{},"name":{}}})",
      quoted(asking.id("fc_")), status, quoted(arguments), quoted(asking.id("call_")),
      quoted(asking.question.tool));
}

// Sequence: the events of one stream, numbered as they are added.
class Sequence {
 public:
  void add(std::string_view type, std::string_view members, bool token = false) {
    answer_.events.push_back(event(
        type, fmt::format(R"({{"type":"{}","sequence_number":{},{}}})", type, number_++, members),
        token));
  }
  Answer take() { return std::move(answer_); }

 private:
  Answer answer_;
  int number_ = 0;
};

std::string item_event(std::string_view item) {
  return fmt::format(R"("output_index":0,"item":{})", item);
}

void add_message(const Asking& asking, const std::vector<std::string>& text, Sequence* out) {
  const std::string at =
      fmt::format(R"("item_id":{},"output_index":0,"content_index":0,)", quoted(asking.id("msg_")));
  const std::string whole = joined(text);
  out->add("response.output_item.added", item_event(message_item(asking, "in_progress", "")));
  out->add("response.content_part.added", fmt::format(R"({}"part":{})", at, text_part("")));
  for (const std::string& piece : text) {
    out->add("response.output_text.delta",
             fmt::format(R"({}"delta":{},"logprobs":[])", at, quoted(piece)), true);
  }
  out->add("response.output_text.done",
           fmt::format(R"({}"text":{},"logprobs":[])", at, quoted(whole)));
  out->add("response.content_part.done", fmt::format(R"({}"part":{})", at, text_part(whole)));
}

void add_call(const Asking& asking, const std::vector<std::string>& arguments, Sequence* out) {
  const std::string at = fmt::format(R"("item_id":{},"output_index":0,)", quoted(asking.id("fc_")));
  out->add("response.output_item.added", item_event(call_item(asking, "in_progress", "")));
  for (const std::string& piece : arguments) {
    out->add("response.function_call_arguments.delta",
             fmt::format(R"({}"delta":{})", at, quoted(piece)), true);
  }
  out->add("response.function_call_arguments.done",
           fmt::format(R"({}"name":{},"arguments":{})", at, quoted(asking.question.tool),
                       quoted(joined(arguments))));
}

}  // namespace

Answer responses_answer(const Asking& asking) {
  const bool calls = !asking.question.tool.empty();
  const std::vector<std::string> parts =
      calls ? tool_arguments(asking)
            : pieces(asking.question.seed, asking.behaviour.tokens, asking.behaviour.content_bytes);
  const std::string item = calls ? call_item(asking, "completed", joined(parts))
                                 : message_item(asking, "completed", text_part(joined(parts)));
  if (!asking.question.stream) {
    Answer answer;
    answer.body = response(asking, "completed", item);
    return answer;
  }
  Sequence out;
  const std::string begun = R"("response":)" + response(asking, "in_progress", "");
  out.add("response.created", begun, true);
  out.add("response.in_progress", begun);
  if (calls) {
    add_call(asking, parts, &out);
  } else {
    add_message(asking, parts, &out);
  }
  out.add("response.output_item.done", item_event(item));
  out.add("response.completed", R"("response":)" + response(asking, "completed", item));
  return out.take();
}

}  // namespace reprise::bench
