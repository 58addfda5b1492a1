#include "openai/responses_judge.h"

#include <array>

namespace reprise::openai {

namespace {

bool part_is_filled(const JsonValue& part) {
  if (!part.is_object()) return false;
  enum : size_t { kType, kText, kRefusal };
  std::array<JsonValue, 3> value;
  if (!pick<3>(part.object(), {"type", "text", "refusal"}, &value)) return false;
  if (value[kText].filled() || value[kRefusal].filled()) return true;
  // A kind that we do not know is something.
  return !value[kText].present() && !value[kRefusal].present() && value[kType].filled();
}

bool item_is_filled(const JsonValue& item) {
  if (!item.is_object()) return false;
  enum : size_t { kType, kContent, kSummary, kEncrypted };
  std::array<JsonValue, 4> value;
  if (!pick<4>(item.object(), {"type", "content", "summary", "encrypted_content"}, &value)) {
    return false;
  }
  const std::string_view type = value[kType].text();
  if (type == "reasoning" && (value[kSummary].filled() || value[kEncrypted].filled())) return true;
  if (type != "message" && type != "reasoning") return true;
  if (!value[kContent].is_array()) return value[kContent].filled();
  for (const auto part : value[kContent].array()) {
    if (part_is_filled(JsonValue(part))) return true;
  }
  return false;
}

bool output_is_filled(const JsonValue& output) {
  if (!output.is_array()) return false;
  for (const auto item : output.array()) {
    if (item_is_filled(JsonValue(item))) return true;
  }
  return false;
}

}  // namespace

NotStored ResponsesJudge::on_event(std::string_view name, const JsonObject& payload) {
  enum : size_t { kType, kResponse, kError, kDelta, kObject };
  std::array<JsonValue, 5> value;
  if (!pick<5>(payload, {"type", "response", "error", "delta", "object"}, &value)) {
    return NotStored::kMalformed;
  }
  // The payload's own type counts, whatever the `event` line says.
  const std::string_view type = value[kType].given() ? value[kType].text() : name;
  if (value[kError].given() || type == "error" || value[kObject].text() == "error") {
    return NotStored::kErrorEvent;
  }
  if (type == "response.failed" || type == "response.cancelled") return NotStored::kResponseFailed;
  if (type == "response.completed" || type == "response.incomplete") {
    if (!value[kResponse].is_object()) return NotStored::kMalformed;
    ended_ = true;
    return take_final(value[kResponse].object(), type);
  }
  if (type.ends_with(".delta") && value[kDelta].filled()) filled_ = true;
  if (found_.model.empty() && value[kResponse].is_object()) {
    note_model(pick(value[kResponse].object(), "model"));
  }
  return NotStored::kNone;
}

NotStored ResponsesJudge::conclude(StreamEnd) {
  if (!ended_) return NotStored::kNoFinish;
  return filled_ ? NotStored::kNone : NotStored::kEmpty;
}

NotStored ResponsesJudge::on_whole(const JsonObject& answer) {
  const NotStored reason = take_final(answer, {});
  if (reason != NotStored::kNone) return reason;
  return filled_ ? NotStored::kNone : NotStored::kEmpty;
}

// `type`: of the event around it, empty for a JSON answer.
NotStored ResponsesJudge::take_final(const JsonObject& response, std::string_view type) {
  enum : size_t { kStatus, kError, kDetails, kOutput, kUsage, kModel, kObject };
  std::array<JsonValue, 7> value;
  if (!pick<7>(response,
               {"status", "error", "incomplete_details", "output", "usage", "model", "object"},
               &value)) {
    return NotStored::kMalformed;
  }
  note_model(value[kModel]);
  note_usage(value[kUsage]);
  if (output_is_filled(value[kOutput])) filled_ = true;
  std::string_view status = value[kStatus].text();
  if (status == "failed" || status == "cancelled") return NotStored::kResponseFailed;
  if (value[kError].given() || value[kObject].text() == "error") return NotStored::kErrorEvent;
  if (type == "response.incomplete" && status.empty()) status = "incomplete";
  if (type == "response.incomplete" && status != "incomplete") return NotStored::kMalformed;
  if (type == "response.completed" && status == "incomplete") return NotStored::kIncomplete;
  return take_status(status, value[kDetails]);
}

NotStored ResponsesJudge::take_status(std::string_view status, const JsonValue& details) {
  if (status == "completed") {
    note_finish(status);
    return NotStored::kNone;
  }
  if (status.empty()) return NotStored::kNoFinish;
  if (status != "incomplete" || !details.is_object()) return NotStored::kIncomplete;
  const std::string_view reason = pick(details.object(), "reason").text();
  note_finish(reason);
  if (reason == "max_output_tokens") return NotStored::kNone;
  return reason == "content_filter" ? NotStored::kContentFilter : NotStored::kIncomplete;
}

}  // namespace reprise::openai
