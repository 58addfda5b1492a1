#include "openai/messages_judge.h"

#include <array>

namespace reprise::openai {

namespace {

// A content block, or a delta of one, with something in it. A tool's call is something as it is.
bool block_is_filled(const JsonValue& block) {
  if (!block.is_object()) return false;
  enum : size_t { kType, kText, kThinking };
  std::array<JsonValue, 3> value;
  if (!pick<3>(block.object(), {"type", "text", "thinking"}, &value)) return false;
  const std::string_view type = value[kType].text();
  if (type == "text" || type == "text_delta") return value[kText].filled();
  if (type == "thinking" || type == "thinking_delta") return value[kThinking].filled();
  return !type.empty() && type != "signature_delta" && type != "input_json_delta";
}

}  // namespace

NotStored MessagesJudge::on_event(std::string_view name, const JsonObject& payload) {
  enum : size_t { kType, kMessage, kBlock, kDelta, kUsage, kError };
  std::array<JsonValue, 6> value;
  if (!pick<6>(payload, {"type", "message", "content_block", "delta", "usage", "error"}, &value)) {
    return NotStored::kMalformed;
  }
  const std::string_view type = value[kType].given() ? value[kType].text() : name;
  if (value[kError].given() || type == "error") return NotStored::kErrorEvent;
  if (type == "message_start") return take_start(value[kMessage]);
  if (type == "message_delta") return take_delta(value[kDelta], value[kUsage]);
  if (type == "message_stop") {
    stopped_ = finished_;
  } else if (type == "content_block_start") {
    filled_ = filled_ || block_is_filled(value[kBlock]);
  } else if (type == "content_block_delta") {
    filled_ = filled_ || block_is_filled(value[kDelta]);
  }
  return NotStored::kNone;
}

NotStored MessagesJudge::conclude(StreamEnd) {
  if (!started_ || !stopped_) return NotStored::kNoFinish;
  return filled_ ? NotStored::kNone : NotStored::kEmpty;
}

NotStored MessagesJudge::on_whole(const JsonObject& answer) {
  enum : size_t { kType, kModel, kContent, kStopReason, kUsage, kError };
  std::array<JsonValue, 6> value;
  if (!pick<6>(answer, {"type", "model", "content", "stop_reason", "usage", "error"}, &value)) {
    return NotStored::kMalformed;
  }
  if (value[kError].given() || value[kType].text() == "error") return NotStored::kErrorEvent;
  note_model(value[kModel]);
  overlay_usage(value[kUsage]);
  const NotStored reason = take_stop_reason(value[kStopReason]);
  if (reason != NotStored::kNone) return reason;
  if (!finished_) return NotStored::kNoFinish;
  if (!value[kContent].is_array()) return NotStored::kEmpty;
  for (const auto block : value[kContent].array()) {
    if (block_is_filled(JsonValue(block))) return NotStored::kNone;
  }
  return NotStored::kEmpty;
}

NotStored MessagesJudge::take_start(const JsonValue& message) {
  if (!message.is_object() || started_) return NotStored::kMalformed;
  started_ = true;
  std::array<JsonValue, 2> value;
  if (!pick<2>(message.object(), {"model", "usage"}, &value)) return NotStored::kMalformed;
  note_model(value[0]);
  overlay_usage(value[1]);
  return NotStored::kNone;
}

NotStored MessagesJudge::take_delta(const JsonValue& delta, const JsonValue& usage) {
  overlay_usage(usage);
  if (!delta.is_object()) return delta.given() ? NotStored::kMalformed : NotStored::kNone;
  return take_stop_reason(pick(delta.object(), "stop_reason"));
}

NotStored MessagesJudge::take_stop_reason(const JsonValue& stop_reason) {
  if (!stop_reason.given()) return NotStored::kNone;
  if (!stop_reason.is_string()) return NotStored::kMalformed;
  const std::string_view reason = stop_reason.text();
  if (reason.empty()) return NotStored::kNone;
  finished_ = true;
  note_finish(reason);
  // `refusal` is what this shape calls an answer that a content filter cut.
  return reason == "refusal" ? NotStored::kContentFilter : judge_finish(reason);
}

// message_start counts the prompt, message_delta the answer so far: the later overlays the earlier.
void MessagesJudge::overlay_usage(const JsonValue& usage) {
  if (usage.is_object()) read_usage(usage.object(), &found_.usage);
}

}  // namespace reprise::openai
