#pragma once

#include <string_view>

#include "openai/answer_judge.h"

namespace reprise::openai {

// ResponsesJudge: responses, whose stream ends with an event that holds the whole answer.
class ResponsesJudge final : public AnswerJudge {
 public:
  NotStored on_event(std::string_view name, const JsonObject& payload) override;
  NotStored conclude(StreamEnd end) override;
  NotStored on_whole(const JsonObject& answer) override;

 private:
  NotStored take_final(const JsonObject& response, std::string_view type);
  NotStored take_status(std::string_view status, const JsonValue& details);

  bool ended_ = false;
  bool filled_ = false;
};

}  // namespace reprise::openai
