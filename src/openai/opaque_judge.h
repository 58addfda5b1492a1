#pragma once

#include <string_view>

#include "openai/answer_judge.h"

namespace reprise::openai {

// OpaqueJudge: routes that answer with one JSON object of which little needs to be known.
class OpaqueJudge final : public AnswerJudge {
 public:
  explicit OpaqueJudge(Route route) : route_(route) {}

  NotStored on_event(std::string_view, const JsonObject&) override {
    return NotStored::kContentType;
  }
  NotStored conclude(StreamEnd) override { return NotStored::kContentType; }
  NotStored on_whole(const JsonObject& answer) override;

 private:
  const Route route_;
};

}  // namespace reprise::openai
