#include "openai/choices_judge.h"

#include <algorithm>
#include <array>

namespace reprise::openai {

namespace {

// The members of a message or a delta that are an answer. A role alone is none.
bool has_content(const JsonObject& message) {
  static constexpr std::array<std::string_view, 11> kContent = {
      "content",    "refusal",       "reasoning_content", "reasoning", "thinking", "tool_plan",
      "tool_calls", "function_call", "reasoning_details", "audio",     "images"};
  for (const auto member : message) {
    if (std::find(kContent.begin(), kContent.end(), member.key) == kContent.end()) continue;
    if (JsonValue(member.value).filled()) return true;
  }
  return false;
}

bool is_object_or_nothing(const JsonValue& value) { return value.is_object() || !value.given(); }

bool holds_content(const JsonValue& message) {
  return message.is_object() && has_content(message.object());
}

}  // namespace

ChoicesJudge::ChoicesJudge(const Asked& asked)
    : expected_(std::max<uint32_t>(asked.choices, 1)),
      usage_due_(asked.form.stream && asked.form.include_usage) {}

NotStored ChoicesJudge::on_event(std::string_view, const JsonObject& payload) {
  return take(payload, Shape::kChunk);
}

NotStored ChoicesJudge::on_whole(const JsonObject& answer) {
  const NotStored reason = take(answer, Shape::kWhole);
  return reason == NotStored::kNone ? conclude_choices() : reason;
}

NotStored ChoicesJudge::conclude(StreamEnd end) {
  const NotStored reason = conclude_choices();
  if (reason != NotStored::kNone) return reason;
  // Without [DONE] the frame that was still to come would be the usage.
  const bool usage_missing = usage_due_ && !found_.usage.present;
  return end == StreamEnd::kPlain && usage_missing ? NotStored::kNoUsage : NotStored::kNone;
}

NotStored ChoicesJudge::conclude_choices() const {
  if (choices_.empty()) return NotStored::kEmpty;
  if (finished_ < expected_) return NotStored::kNoFinish;
  return filled_ < expected_ ? NotStored::kEmpty : NotStored::kNone;
}

NotStored ChoicesJudge::take(const JsonObject& payload, Shape shape) {
  enum : size_t { kChoices, kModel, kUsage, kError, kObject };
  std::array<JsonValue, 5> value;
  if (!pick<5>(payload, {"choices", "model", "usage", "error", "object"}, &value)) {
    return NotStored::kMalformed;
  }
  if (value[kError].given() || value[kObject].text() == "error") return NotStored::kErrorEvent;
  note_model(value[kModel]);
  note_usage(value[kUsage]);
  if (!value[kChoices].given()) return NotStored::kNone;
  if (!value[kChoices].is_array()) return NotStored::kMalformed;
  return take_choices(value[kChoices].array(), shape);
}

NotStored ChoicesJudge::take_choices(const JsonArray& choices, Shape shape) {
  const size_t count = choices.size();
  if (shape == Shape::kWhole && count > expected_) return NotStored::kMalformed;
  for (const auto element : choices) {
    const JsonValue choice(element);
    if (!choice.is_object()) return NotStored::kMalformed;
    const NotStored reason = take_choice(choice.object(), count == 1);
    if (reason != NotStored::kNone) return reason;
  }
  return NotStored::kNone;
}

NotStored ChoicesJudge::take_choice(const JsonObject& choice, bool alone) {
  enum : size_t { kIndex, kDelta, kMessage, kText, kFinish, kError };
  std::array<JsonValue, 6> value;
  if (!pick<6>(choice, {"index", "delta", "message", "text", "finish_reason", "error"}, &value)) {
    return NotStored::kMalformed;
  }
  if (value[kError].given()) return NotStored::kErrorEvent;
  std::optional<uint64_t> index = value[kIndex].number();
  if (!value[kIndex].given() && alone) index = 0;
  if (!index || *index >= expected_ || *index >= kChoicesMax) return NotStored::kMalformed;
  if (!is_object_or_nothing(value[kDelta]) || !is_object_or_nothing(value[kMessage])) {
    return NotStored::kMalformed;
  }
  if (*index >= choices_.size()) choices_.resize(*index + 1);
  if (!choices_[*index].filled &&
      (value[kText].filled() || holds_content(value[kDelta]) || holds_content(value[kMessage]))) {
    choices_[*index].filled = true;
    ++filled_;
  }
  return take_finish(value[kFinish], *index);
}

NotStored ChoicesJudge::take_finish(const JsonValue& finish_reason, uint64_t index) {
  if (!finish_reason.given()) return NotStored::kNone;
  if (!finish_reason.is_string()) return NotStored::kMalformed;
  const std::string_view reason = finish_reason.text();
  // Some servers write "" where others write null.
  if (reason.empty()) return NotStored::kNone;
  if (!choices_[index].finished) {
    choices_[index].finished = true;
    ++finished_;
  }
  if (index == 0) note_finish(reason);
  return judge_finish(reason);
}

}  // namespace reprise::openai
