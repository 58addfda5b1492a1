#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "openai/answer_json.h"
#include "openai/endpoint.h"
#include "openai/usage.h"
#include "openai/verdict.h"

namespace reprise::openai {

// AnswerJudge: the rules of one family of routes about what makes an answer complete and good.
// Every function returns kNone or what speaks against storing; after that it is not called again.
// Owner: AnswerReader. Thread: one.
class AnswerJudge {
 public:
  struct Findings {
    std::string model;
    std::string finish_reason;
    Usage usage;
  };
  enum class StreamEnd : uint8_t { kDone, kPlain };  // [DONE] came, or just the body's proper end

  virtual ~AnswerJudge() = default;

  // An event of a stream: `name` from its `event` line, often empty.
  virtual NotStored on_event(std::string_view name, const JsonObject& payload) = 0;
  // A stream's end.
  virtual NotStored conclude(StreamEnd end) = 0;
  // A whole JSON answer.
  virtual NotStored on_whole(const JsonObject& answer) = 0;

  Findings take_findings() && { return std::move(found_); }

  static constexpr size_t kNameBytesMax = 256;  // of a model's or a finish reason's name

 protected:
  // The first model named counts.
  void note_model(const JsonValue& value);
  void note_finish(std::string_view reason);
  // The last usage reported counts.
  void note_usage(const JsonValue& value);
  // What a finish reason itself says: kNone for an ordinary one.
  static NotStored judge_finish(std::string_view reason);

  Findings found_;
};

// What the asker wanted; `choices` = n × prompts.
struct Asked {
  Route route = Route::kOther;
  Form form{};
  uint32_t choices = 1;
};

std::unique_ptr<AnswerJudge> make_judge(const Asked& asked);

// True for routes that can answer with an event stream.
bool can_stream(Route route);

}  // namespace reprise::openai
