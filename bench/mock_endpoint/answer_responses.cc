#include <fmt/format.h>

#include <span>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/said.h"
#include "bench/mock_endpoint/text.h"

// responses: numbered, named events around the output's items; the last holds the whole answer.
namespace reprise::bench {

namespace {

std::string usage(const Asking& asking, const Said& said) {
  const size_t in = asking.question.prompt_tokens;
  const size_t out = said.tokens();
  return fmt::format(
      R"({{"input_tokens":{},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{},)"
      R"("output_tokens_details":{{"reasoning_tokens":{}}},"total_tokens":{}}})",
      in, out, said.thinking.size(), in + out);
}

std::string response(const Asking& asking, std::string_view status, std::string_view output,
                     std::string_view usage) {
  return fmt::format(
      R"({{"id":{},"object":"response","created_at":{},"status":"{}","error":null,)"
      R"("incomplete_details":{},"instructions":null,"metadata":{{}},"model":{},"output":[{}],)"
      R"("parallel_tool_calls":true,"temperature":1.0,"tool_choice":"auto","tools":[],"top_p":1.0,)"
      R"("usage":{}}})",
      quoted(asking.id("resp_")), asking.created, status,
      status == "incomplete" ? R"({"reason":"max_output_tokens"})" : "null",
      quoted(asking.question.model), output, usage);
}

// What is known of the tokens `pieces`, if it was asked for.
std::string logprobs(const Asking& asking, std::span<const std::string> pieces) {
  std::string list;
  if (!asking.question.logprobs) return list;
  for (const std::string& piece : pieces) {
    if (!list.empty()) list += ',';
    list += fmt::format(R"({{"token":{},"logprob":{},"bytes":[],"top_logprobs":[]}})",
                        quoted(piece), logprob_of(piece));
  }
  return list;
}

constexpr std::string_view kAnnotation =
    R"({"type":"url_citation","start_index":0,"end_index":3,"title":"mock",)"
    R"("url":"https://mock.test/"})";

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

// Item: one item of the output: as it begins, and as it is in the end.
struct Item {
  std::string id;
  std::string begun;
  std::string whole;
};

std::string item_event(size_t index, std::string_view item) {
  return fmt::format(R"("output_index":{},"item":{})", index, item);
}

std::string place_of(const Item& item, size_t index) {
  return fmt::format(R"("item_id":{},"output_index":{},)", quoted(item.id), index);
}

std::string delta_members(const Asking& asking, std::string_view at, std::string_view piece) {
  std::string members = fmt::format(R"({}"delta":{})", at, quoted(piece));
  if (asking.question.obfuscated) {
    members += fmt::format(R"(,"obfuscation":"{}")", obfuscation_of(piece));
  }
  return members;
}

Item reasoning_item(const Asking& asking, const Said& said) {
  const auto item = [&asking](std::string_view summary) {
    return fmt::format(R"({{"id":{},"type":"reasoning","summary":[{}]}})", quoted(asking.id("rs_")),
                       summary);
  };
  const std::string summary =
      fmt::format(R"({{"type":"summary_text","text":{}}})", quoted(joined(said.thinking)));
  return {asking.id("rs_"), item(""), item(summary)};
}

void add_reasoning(const Asking& asking, const Said& said, std::string_view place, Sequence* out) {
  const std::string at = fmt::format(R"({}"summary_index":0,)", place);
  const auto part = [&at](std::string_view text) {
    return fmt::format(R"({}"part":{{"type":"summary_text","text":{}}})", at, quoted(text));
  };
  const std::string whole = joined(said.thinking);
  out->add("response.reasoning_summary_part.added", part(""));
  for (const std::string& piece : said.thinking) {
    out->add("response.reasoning_summary_text.delta", delta_members(asking, at, piece), true);
  }
  out->add("response.reasoning_summary_text.done",
           fmt::format(R"({}"text":{})", at, quoted(whole)));
  out->add("response.reasoning_summary_part.done", part(whole));
}

std::string text_part(const Said& said, std::string_view text, std::string_view annotations,
                      std::string_view logprobs) {
  if (said.refuses) return fmt::format(R"({{"type":"refusal","refusal":{}}})", quoted(text));
  return fmt::format(R"({{"type":"output_text","annotations":[{}],"logprobs":[{}],"text":{}}})",
                     annotations, logprobs, quoted(text));
}

std::string whole_part(const Asking& asking, const Said& said) {
  return text_part(said, joined(said.text), said.cites ? kAnnotation : "",
                   logprobs(asking, said.text));
}

std::string_view status_of(const Said& said) { return said.is_cut ? "incomplete" : "completed"; }

Item message_item(const Asking& asking, const Said& said) {
  const auto item = [&asking](std::string_view status, std::string_view part) {
    return fmt::format(
        R"({{"id":{},"type":"message","status":"{}","content":[{}],"role":"assistant"}})",
        quoted(asking.id("msg_")), status, part);
  };
  return {asking.id("msg_"), item("in_progress", ""),
          item(status_of(said), whole_part(asking, said))};
}

void add_text(const Asking& asking, const Said& said, std::string_view at, Sequence* out) {
  for (const std::string& piece : said.text) {
    out->add("response.output_text.delta",
             fmt::format(R"({},"logprobs":[{}])", delta_members(asking, at, piece),
                         logprobs(asking, {&piece, 1})),
             true);
  }
  if (said.cites) {
    out->add("response.output_text.annotation.added",
             fmt::format(R"({}"annotation_index":0,"annotation":{})", at, kAnnotation));
  }
  out->add("response.output_text.done",
           fmt::format(R"({}"text":{},"logprobs":[{}])", at, quoted(joined(said.text)),
                       logprobs(asking, said.text)));
}

void add_refusal(const Asking& asking, const Said& said, std::string_view at, Sequence* out) {
  for (const std::string& piece : said.text) {
    out->add("response.refusal.delta", delta_members(asking, at, piece), true);
  }
  out->add("response.refusal.done",
           fmt::format(R"({}"refusal":{})", at, quoted(joined(said.text))));
}

void add_message(const Asking& asking, const Said& said, std::string_view place, Sequence* out) {
  const std::string at = fmt::format(R"({}"content_index":0,)", place);
  out->add("response.content_part.added",
           fmt::format(R"({}"part":{})", at, text_part(said, "", "", "")));
  (said.refuses ? add_refusal : add_text)(asking, said, at, out);
  out->add("response.content_part.done",
           fmt::format(R"({}"part":{})", at, whole_part(asking, said)));
}

Item call_item(const Asking& asking, const Call& call, size_t number) {
  const std::string id = asking.id(call.tool.custom ? "ctc_" : "fc_", number);
  const auto item = [&](std::string_view status, std::string_view input) {
    return fmt::format(R"({{"id":{},"type":"{}","status":"{}","{}":{},"call_id":{},"name":{}}})",
                       quoted(id), call.tool.custom ? "custom_tool_call" : "function_call", status,
                       call.tool.custom ? "input" : "arguments", quoted(input),
                       quoted(asking.id("call_", number)), quoted(call.tool.name));
  };
  return {id, item("in_progress", ""), item("completed", joined(call.input))};
}

void add_call(const Asking& asking, const Call& call, std::string_view place, Sequence* out) {
  const std::string_view kind =
      call.tool.custom ? "response.custom_tool_call_input" : "response.function_call_arguments";
  for (const std::string& piece : call.input) {
    out->add(fmt::format("{}.delta", kind), delta_members(asking, place, piece), true);
  }
  const std::string whole = quoted(joined(call.input));
  out->add(fmt::format("{}.done", kind), call.tool.custom
                                             ? fmt::format(R"({}"input":{})", place, whole)
                                             : fmt::format(R"({}"name":{},"arguments":{})", place,
                                                           quoted(call.tool.name), whole));
}

// The output, item by item; `visit` gets an item and what adds the events that fill it.
template <typename Visit>
void for_each_item(const Asking& asking, const Said& said, Visit visit) {
  if (!said.thinking.empty()) {
    visit(reasoning_item(asking, said),
          [&](std::string_view place, Sequence* out) { add_reasoning(asking, said, place, out); });
  }
  if (said.calls.empty()) {
    visit(message_item(asking, said),
          [&](std::string_view place, Sequence* out) { add_message(asking, said, place, out); });
  }
  for (size_t i = 0; i < said.calls.size(); ++i) {
    const Call& call = said.calls[i];
    visit(call_item(asking, call, i),
          [&](std::string_view place, Sequence* out) { add_call(asking, call, place, out); });
  }
}

Answer responses_stream(const Asking& asking, const Said& said, std::string_view whole) {
  Sequence out;
  const std::string begun = R"("response":)" + response(asking, "in_progress", "", "null");
  out.add("response.created", begun, true);
  out.add("response.in_progress", begun);
  size_t index = 0;
  for_each_item(asking, said, [&](const Item& item, const auto& add) {
    out.add("response.output_item.added", item_event(index, item.begun));
    add(place_of(item, index), &out);
    out.add("response.output_item.done", item_event(index++, item.whole));
  });
  out.add(fmt::format("response.{}", status_of(said)), fmt::format(R"("response":{})", whole));
  return out.take();
}

}  // namespace

Answer responses_answer(const Asking& asking) {
  const Said said = said_by(asking);
  std::string output;
  for_each_item(asking, said, [&output](const Item& item, const auto&) {
    if (!output.empty()) output += ',';
    output += item.whole;
  });
  const std::string whole = response(asking, status_of(said), output, usage(asking, said));
  if (asking.question.stream) return responses_stream(asking, said, whole);
  Answer answer;
  answer.body = whole;
  return answer;
}

}  // namespace reprise::bench
