#include "openai/synthesise_responses.h"

#include <array>
#include <string>
#include <utility>

#include "openai/json_replacement.h"
#include "openai/mould.h"
#include "openai/pieces.h"
#include "openai/raw_json.h"
#include "openai/response_items.h"

namespace reprise::openai {

namespace {

// Flow: how a text that comes in pieces is told: its events, and the member that has all of it, of
// the event that ends it and of what holds the text.
struct Flow {
  std::string_view delta;
  std::string_view done;
  std::string_view member;
};

constexpr Flow kOutputText{"response.output_text.delta", "response.output_text.done", "text"};
constexpr Flow kRefusal{"response.refusal.delta", "response.refusal.done", "refusal"};
constexpr Flow kReasoningText{"response.reasoning_text.delta", "response.reasoning_text.done",
                              "text"};
constexpr Flow kSummaryText{"response.reasoning_summary_text.delta",
                            "response.reasoning_summary_text.done", "text"};
constexpr Flow kArguments{"response.function_call_arguments.delta",
                          "response.function_call_arguments.done", "arguments"};
constexpr Flow kInput{"response.custom_tool_call_input.delta",
                      "response.custom_tool_call_input.done", "input"};

// PartKind: the raw type of a part that holds a text; no flow if it is at home elsewhere.
struct PartKind {
  std::string_view type;
  const Flow* flow = nullptr;
};

// Shelf: an array of an item whose elements, its parts, have events of their own.
struct Shelf {
  std::string_view member;
  std::string_view added;
  std::string_view done;
  std::string_view index;
  std::array<PartKind, 3> kinds;
  bool takes_others = true;  // parts of other types, which come whole
};

constexpr std::string_view kPartAdded = "response.content_part.added";
constexpr std::string_view kPartDone = "response.content_part.done";

// By the type of a part clients know what item it must belong to: a reasoning_text to reasoning,
// any other to a message.
constexpr Shelf kMessageContent{.member = "content",
                                .added = kPartAdded,
                                .done = kPartDone,
                                .index = "content_index",
                                .kinds = {{{R"("output_text")", &kOutputText},
                                           {R"("refusal")", &kRefusal},
                                           {R"("reasoning_text")", nullptr}}}};
constexpr Shelf kReasoningContent{.member = "content",
                                  .added = kPartAdded,
                                  .done = kPartDone,
                                  .index = "content_index",
                                  .kinds = {{{R"("reasoning_text")", &kReasoningText}}},
                                  .takes_others = false};
constexpr Shelf kSummary{.member = "summary",
                         .added = "response.reasoning_summary_part.added",
                         .done = "response.reasoning_summary_part.done",
                         .index = "summary_index",
                         .kinds = {{{R"("summary_text")", &kSummaryText}}}};

// How the text of `part` is told; null if it comes whole.
tl::expected<const Flow*, Unconvertible> flow_of(std::string_view part, const Shelf& shelf) {
  if (!is_json_object(part)) return tl::unexpected(Unconvertible::kContent);
  const std::string_view type = json_member(part, "type");
  for (const PartKind& kind : shelf.kinds) {
    if (kind.type.empty() || kind.type != type) continue;
    if (kind.flow == nullptr || !is_json_string(json_member(part, kind.flow->member))) {
      return tl::unexpected(Unconvertible::kContent);
    }
    return kind.flow;
  }
  if (!shelf.takes_others) return tl::unexpected(Unconvertible::kContent);
  return nullptr;
}

// Place: what an event is about: an item, or with a shelf one part of it.
struct Place {
  std::string_view item_id;
  size_t output_index = 0;
  const Shelf* shelf = nullptr;
  size_t index = 0;
};

// ResponseStream: writes the events of one response whose items have ids. The helpers of the
// official clients hold each event against those before it, so that none may be missing, be it of
// an empty text.
// Owner: synthesise_responses. Thread: one.
class ResponseStream {
 public:
  explicit ResponseStream(size_t bytes_max) : out_(bytes_max) {}

  Refused write(std::string_view response);
  Converted take() && { return std::move(out_).take(); }

 private:
  static void begin(RawWriter& out, std::string_view type, std::string_view sequence_number);
  static void write_place(RawWriter& out, const Place& place);
  void begin(std::string_view type) { begin(out_, type, next_number()); }
  void begin(std::string_view type, const Place& place) {
    begin(type);
    write_place(out_, place);
  }
  std::string next_number() { return std::to_string(sequence_number_++); }
  void end() { out_.end_object().end_event(); }

  void write_beginning(std::string_view type, std::string_view response);
  Refused write_item(std::string_view item, size_t index);
  void write_added(std::string_view item, size_t index);
  Refused write_call(std::string_view item, const Place& place, const Flow& flow);
  Refused write_shelf(std::string_view item, const Shelf& shelf, Place place);
  Refused write_part(std::string_view part, const Place& place);
  void write_text(std::string_view part, const Place& place, const Flow& flow);
  void write_deltas(std::string_view text, const Place& place, const Flow& flow);
  void write_annotations(std::string_view annotations, const Place& place);

  RawWriter out_;
  uint64_t sequence_number_ = 0;
};

void ResponseStream::begin(RawWriter& out, std::string_view type,
                           std::string_view sequence_number) {
  out.begin_event(type).begin_object().text_member("type", type);
  out.member("sequence_number", sequence_number);
}

void ResponseStream::write_place(RawWriter& out, const Place& place) {
  out.member("item_id", place.item_id).number_member("output_index", place.output_index);
  if (place.shelf != nullptr) out.number_member(place.shelf->index, place.index);
}

Refused ResponseStream::write(std::string_view response) {
  const std::string_view status = json_member(response, "status");
  const bool completed = status == R"("completed")";
  if (!completed && status != R"("incomplete")") return Unconvertible::kMalformed;
  write_beginning("response.created", response);
  write_beginning("response.in_progress", response);
  Refused refused;
  size_t index = 0;
  base::for_each_json_element(json_member(response, "output"), [&](std::string_view item) {
    if (!refused && !out_.overflowed()) refused = write_item(item, index++);
  });
  begin(completed ? "response.completed" : "response.incomplete");
  out_.member("response", response);
  end();
  return refused;
}

// The response as it was before it said anything.
void ResponseStream::write_beginning(std::string_view type, std::string_view response) {
  begin(type);
  out_.key("response");
  write_replaced(out_, response,
                 {{"status", R"("in_progress")"},
                  {"output", "[]"},
                  {"usage", "null"},
                  {"incomplete_details", "null"},
                  {"completed_at", "null"},
                  {"output_text", R"("")"}});
  end();
}

Refused ResponseStream::write_item(std::string_view item, size_t index) {
  const Place place{.item_id = json_member(item, "id"), .output_index = index};
  const std::string_view type = json_member(item, "type");
  write_added(item, index);
  Refused refused;
  if (type == R"("message")") {
    if (!is_json_array(json_member(item, "content"))) return Unconvertible::kContent;
    refused = write_shelf(item, kMessageContent, place);
  } else if (type == R"("reasoning")") {
    refused = write_shelf(item, kSummary, place);
    if (!refused) refused = write_shelf(item, kReasoningContent, place);
  } else if (type == R"("function_call")") {
    refused = write_call(item, place, kArguments);
  } else if (type == R"("custom_tool_call")") {
    refused = write_call(item, place, kInput);
  }
  begin("response.output_item.done");
  out_.number_member("output_index", index).member("item", item);
  end();
  return refused;
}

// The item as it was before it said anything; whole if its kind has no events of its own.
void ResponseStream::write_added(std::string_view item, size_t index) {
  constexpr JsonReplacement kStatus{"status", R"("in_progress")"};
  const std::string_view type = json_member(item, "type");
  begin("response.output_item.added");
  out_.number_member("output_index", index).key("item");
  if (type == R"("message")") {
    write_replaced(out_, item, {kStatus, {"content", "[]"}});
  } else if (type == R"("reasoning")") {
    write_replaced(out_, item, {kStatus, {"summary", "[]"}, {"content", "[]"}});
  } else if (type == R"("function_call")") {
    write_replaced(out_, item, {kStatus, {"arguments", R"("")"}});
  } else if (type == R"("custom_tool_call")") {
    write_replaced(out_, item, {kStatus, {"input", R"("")"}});
  } else {
    out_.value(item);
  }
  end();
}

Refused ResponseStream::write_call(std::string_view item, const Place& place, const Flow& flow) {
  const std::string_view text = json_member(item, flow.member);
  if (!is_json_string(text)) return Unconvertible::kContent;
  write_deltas(text, place, flow);
  begin(flow.done, place);
  out_.member(flow.member, text);
  const std::string_view name = json_member(item, "name");
  if (&flow == &kArguments && json_given(name)) out_.member("name", name);
  end();
  return std::nullopt;
}

Refused ResponseStream::write_shelf(std::string_view item, const Shelf& shelf, Place place) {
  const std::string_view parts = json_member(item, shelf.member);
  if (!json_given(parts)) return std::nullopt;
  if (!is_json_array(parts)) return Unconvertible::kContent;
  place.shelf = &shelf;
  Refused refused;
  base::for_each_json_element(parts, [&](std::string_view part) {
    if (refused || out_.overflowed()) return;
    refused = write_part(part, place);
    ++place.index;
  });
  return refused;
}

Refused ResponseStream::write_part(std::string_view part, const Place& place) {
  const auto flow = flow_of(part, *place.shelf);
  if (!flow) return flow.error();
  begin(place.shelf->added, place);
  out_.key("part");
  if (*flow == nullptr) {
    out_.value(part);
    end();
  } else {
    write_replaced(out_, part,
                   {{(*flow)->member, R"("")"}, {"annotations", "[]"}, {"logprobs", "[]"}});
    end();
    write_text(part, place, **flow);
  }
  begin(place.shelf->done, place);
  out_.member("part", part);
  end();
  return std::nullopt;
}

void ResponseStream::write_text(std::string_view part, const Place& place, const Flow& flow) {
  const std::string_view text = json_member(part, flow.member);
  const bool output = &flow == &kOutputText;
  write_deltas(text, place, flow);
  if (output) write_annotations(json_member(part, "annotations"), place);
  begin(flow.done, place);
  out_.member(flow.member, text);
  if (output) {
    const std::string_view logprobs = json_member(part, "logprobs");
    out_.member("logprobs", is_json_array(logprobs) ? logprobs : "[]");
  }
  end();
}

void ResponseStream::write_deltas(std::string_view text, const Place& place, const Flow& flow) {
  RawWriter delta(std::string::npos);
  begin(delta, flow.delta, Mould::kGap);
  write_place(delta, place);
  delta.text_member("delta", Mould::kGap);
  // All of them come with the end: which belong to which piece is not known.
  if (&flow == &kOutputText) delta.member("logprobs", "[]");
  delta.end_object().end_event();
  const Mould mould(*std::move(delta).take());
  // The text as a whole follows, up to four times: by itself, in its part, its item and at the end.
  out_.reserve(mould.room_for(text) + 4 * text.size());
  for_each_piece(json_inside(text), [&](std::string_view piece) {
    mould.write(out_, {next_number(), piece});
    return !out_.overflowed();
  });
}

void ResponseStream::write_annotations(std::string_view annotations, const Place& place) {
  if (!is_json_array(annotations)) return;
  size_t index = 0;
  base::for_each_json_element(annotations, [&](std::string_view annotation) {
    if (out_.overflowed()) return;
    begin("response.output_text.annotation.added", place);
    out_.number_member("annotation_index", index++).member("annotation", annotation);
    end();
  });
}

}  // namespace

Converted synthesise_responses(std::string_view json, size_t bytes_max) {
  Converted response = read_answer(json);
  if (response) response = with_item_ids(*response, bytes_max);
  if (!response) return response;
  ResponseStream stream(bytes_max);
  if (const Refused refused = stream.write(*response)) return tl::unexpected(*refused);
  return std::move(stream).take();
}

}  // namespace reprise::openai
