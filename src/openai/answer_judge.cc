#include "openai/answer_judge.h"

#include "openai/choices_judge.h"
#include "openai/messages_judge.h"
#include "openai/opaque_judge.h"
#include "openai/responses_judge.h"

namespace reprise::openai {

void AnswerJudge::note_model(const JsonValue& value) {
  if (found_.model.empty()) found_.model = value.text().substr(0, kNameBytesMax);
}

void AnswerJudge::note_finish(std::string_view reason) {
  found_.finish_reason = reason.substr(0, kNameBytesMax);
}

void AnswerJudge::note_usage(const JsonValue& value) {
  if (!value.is_object()) return;
  Usage usage;
  read_usage(value.object(), &usage);
  found_.usage = usage;
}

NotStored AnswerJudge::judge_finish(std::string_view reason) {
  if (reason == "content_filter") return NotStored::kContentFilter;
  if (reason == "error" || reason == "abort") return NotStored::kFinishError;
  return NotStored::kNone;
}

std::unique_ptr<AnswerJudge> make_judge(const Asked& asked) {
  switch (asked.route) {
    case Route::kChatCompletions:
    case Route::kCompletions:
      return std::make_unique<ChoicesJudge>(asked);
    case Route::kResponses:
      return std::make_unique<ResponsesJudge>();
    case Route::kMessages:
      return std::make_unique<MessagesJudge>();
    default:
      return std::make_unique<OpaqueJudge>(asked.route);
  }
}

bool can_stream(Route route) {
  return route == Route::kChatCompletions || route == Route::kCompletions ||
         route == Route::kResponses || route == Route::kMessages;
}

}  // namespace reprise::openai
