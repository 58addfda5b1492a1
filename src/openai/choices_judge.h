#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "openai/answer_judge.h"

namespace reprise::openai {

// ChoicesJudge: chat/completions and completions, whose whole answers are shaped like their chunks.
class ChoicesJudge final : public AnswerJudge {
 public:
  explicit ChoicesJudge(const Asked& asked);

  NotStored on_event(std::string_view name, const JsonObject& payload) override;
  NotStored conclude(StreamEnd end) override;
  NotStored on_whole(const JsonObject& answer) override;

  // More choices than any request may ask for: such an answer is not stored.
  static constexpr uint32_t kChoicesMax = 1u << 18;

 private:
  enum class Shape : uint8_t { kChunk, kWhole };
  struct Choice {
    bool finished = false;
    bool filled = false;
  };

  NotStored take(const JsonObject& payload, Shape shape);
  NotStored take_choices(const JsonArray& choices, Shape shape);
  NotStored take_choice(const JsonObject& choice, bool alone);
  NotStored take_finish(const JsonValue& finish_reason, uint64_t index);
  NotStored conclude_choices() const;

  const uint32_t expected_;
  const bool usage_due_;
  std::vector<Choice> choices_;  // by index, as far as any came
  uint32_t finished_ = 0;
  uint32_t filled_ = 0;
};

}  // namespace reprise::openai
