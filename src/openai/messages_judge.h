#pragma once

#include <string_view>

#include "openai/answer_judge.h"

namespace reprise::openai {

// MessagesJudge: messages, in Anthropic's shape.
class MessagesJudge final : public AnswerJudge {
 public:
  NotStored on_event(std::string_view name, const JsonObject& payload) override;
  NotStored conclude(StreamEnd end) override;
  NotStored on_whole(const JsonObject& answer) override;

 private:
  NotStored take_start(const JsonValue& message);
  NotStored take_delta(const JsonValue& delta, const JsonValue& usage);
  NotStored take_stop_reason(const JsonValue& stop_reason);
  void overlay_usage(const JsonValue& usage);

  bool started_ = false;
  bool finished_ = false;  // a stop_reason came
  bool stopped_ = false;   // message_stop came, after it
  bool filled_ = false;
};

}  // namespace reprise::openai
