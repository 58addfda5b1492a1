#include "openai/synthesise_messages.h"

#include <initializer_list>
#include <string>
#include <utility>

#include "base/json.h"
#include "base/json_writer.h"
#include "openai/json_replacement.h"
#include "openai/mould.h"
#include "openai/pieces.h"
#include "openai/raw_json.h"

namespace reprise::openai {

namespace {

// MessageStream: writes the events that build one message.
// Owner: synthesise_messages. Thread: one.
class MessageStream {
 public:
  explicit MessageStream(size_t bytes_max) : out_(bytes_max) {}

  Refused write(std::string_view message);
  Converted take() && { return std::move(out_).take(); }

 private:
  void begin(std::string_view type);
  void begin_block(std::string_view type);
  void end() { out_.end_object().end_event(); }

  void write_start(std::string_view message, std::string_view usage);
  Refused write_block(std::string_view block);
  Refused write_text(std::string_view block);
  Refused write_thinking(std::string_view block);
  void write_tool_use(std::string_view block, std::string_view input);
  void write_block_start(std::string_view block, std::initializer_list<JsonReplacement> emptied);
  void write_delta(std::string_view type, std::string_view member, std::string_view raw);
  void write_deltas(std::string_view type, std::string_view member, std::string_view text);
  void write_end(std::string_view message, std::string_view usage);

  RawWriter out_;
  size_t index_ = 0;  // of the block
};

void MessageStream::begin(std::string_view type) {
  out_.begin_event(type).begin_object().text_member("type", type);
}

void MessageStream::begin_block(std::string_view type) {
  begin(type);
  out_.number_member("index", index_);
}

Refused MessageStream::write(std::string_view message) {
  const std::string_view content = json_member(message, "content");
  const std::string_view usage = json_member(message, "usage");
  if (!is_json_array(content)) return Unconvertible::kContent;
  if (!is_json_string(json_member(message, "stop_reason"))) return Unconvertible::kMalformed;
  if (!json_given(usage)) return Unconvertible::kUsage;
  if (!is_json_object(usage)) return Unconvertible::kMalformed;
  write_start(message, usage);
  const Refused refused = visit_elements(content, [this](std::string_view block) -> Refused {
    if (out_.overflowed()) return Unconvertible::kTooLarge;
    const Refused bad = write_block(block);
    ++index_;
    return bad;
  });
  write_end(message, usage);
  return refused;
}

// The message as it was before it said anything. What the end sets is null here; the rest of it,
// and what usage says of the question, is known from the start.
void MessageStream::write_start(std::string_view message, std::string_view usage) {
  const std::string_view tokens = json_member(usage, "output_tokens");
  const bool some = json_kind(tokens) == JsonKind::kNumber && tokens != "0";
  RawWriter started(usage.size());
  write_replaced(started, usage, {{"output_tokens", some ? "1" : tokens}});
  const Converted usage_started = std::move(started).take();
  begin("message_start");
  out_.key("message");
  write_replaced(out_, message,
                 {{"content", "[]"},
                  {"stop_reason", "null"},
                  {"stop_sequence", "null"},
                  {"stop_details", "null"},
                  {"usage", usage_started.value_or("null")}});
  end();
}

Refused MessageStream::write_block(std::string_view block) {
  if (!is_json_object(block)) return Unconvertible::kContent;
  const std::string_view type = json_member(block, "type");
  const std::string_view input = json_member(block, "input");
  const bool calls = type == R"("tool_use")" || type == R"("server_tool_use")";
  Refused refused;
  if (type == R"("text")") {
    refused = write_text(block);
  } else if (type == R"("thinking")") {
    refused = write_thinking(block);
  } else if (calls && is_json_object(input)) {
    write_tool_use(block, input);
  } else {
    write_block_start(block, {});
  }
  begin_block("content_block_stop");
  end();
  return refused;
}

Refused MessageStream::write_text(std::string_view block) {
  const std::string_view text = json_member(block, "text");
  if (!is_json_string(text)) return Unconvertible::kContent;
  const std::string_view citations = json_member(block, "citations");
  const bool cited = is_json_array(citations);
  write_block_start(block, {{"text", R"("")"}, {"citations", cited ? "[]" : citations}});
  write_deltas("text_delta", "text", json_inside(text));
  if (!cited) return std::nullopt;
  return visit_elements(citations, [this](std::string_view citation) {
    write_delta("citations_delta", "citation", citation);
    return Refused();
  });
}

Refused MessageStream::write_thinking(std::string_view block) {
  const std::string_view thinking = json_member(block, "thinking");
  if (!is_json_string(thinking)) return Unconvertible::kContent;
  const std::string_view signature = json_member(block, "signature");
  const bool is_signed = is_json_string(signature);
  write_block_start(block, {{"thinking", R"("")"}, {"signature", is_signed ? R"("")" : signature}});
  write_deltas("thinking_delta", "thinking", json_inside(thinking));
  if (is_signed && signature.size() > 2) write_delta("signature_delta", "signature", signature);
  return std::nullopt;
}

// The input comes as pieces of its own JSON text: as a string, with all that this escapes.
void MessageStream::write_tool_use(std::string_view block, std::string_view input) {
  write_block_start(block, {{"input", "{}"}});
  if (input == "{}") return;
  std::string text;
  base::append_json_string(text, input);
  write_deltas("input_json_delta", "partial_json", json_inside(text));
}

void MessageStream::write_block_start(std::string_view block,
                                      std::initializer_list<JsonReplacement> emptied) {
  begin_block("content_block_start");
  out_.key("content_block");
  write_replaced(out_, block, emptied);
  end();
}

void MessageStream::write_delta(std::string_view type, std::string_view member,
                                std::string_view raw) {
  begin_block("content_block_delta");
  out_.key("delta").begin_object().text_member("type", type).member(member, raw).end_object();
  end();
}

void MessageStream::write_deltas(std::string_view type, std::string_view member,
                                 std::string_view text) {
  MessageStream delta(std::string::npos);
  delta.index_ = index_;
  delta.write_delta(type, member, std::string("\"").append(Mould::kGap).append("\""));
  const Mould mould(*std::move(delta).take());
  out_.reserve(mould.room_for(text));
  for_each_piece(text, [&](std::string_view piece) {
    mould.write(out_, {piece});
    return !out_.overflowed();
  });
}

void MessageStream::write_end(std::string_view message, std::string_view usage) {
  begin("message_delta");
  out_.key("delta").begin_object();
  for (const std::string_view name : {"stop_reason", "stop_sequence", "stop_details"}) {
    const std::string_view value = json_member(message, name);
    if (!value.empty()) out_.member(name, value);
  }
  out_.end_object().member("usage", usage);
  end();
  begin("message_stop");
  end();
}

}  // namespace

Converted synthesise_messages(std::string_view json, size_t bytes_max) {
  Converted message = read_answer(json);
  if (!message) return message;
  MessageStream stream(bytes_max);
  if (const Refused refused = stream.write(*message)) return tl::unexpected(*refused);
  return std::move(stream).take();
}

}  // namespace reprise::openai
