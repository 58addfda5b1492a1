#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/content_coding.h"
#include "http/message.h"
#include "http/sse.h"
#include "openai/answer_json.h"
#include "openai/answer_judge.h"
#include "openai/verdict.h"

namespace reprise::openai {

// BodyEnd: how a body's framing ended.
enum class BodyEnd : uint8_t { kIntact, kCut };

// Whether the Content-Type says so.
bool is_event_stream(const http::ResponseHead& head);

// AnswerReader: judges an answer of a cacheable route while it passes: whether it is complete and
// good, and what it says about itself. Never alters or delays a byte.
// Owner: who records the answer. Thread: the one of `json`, which must outlive it.
// Bound: holds at most `object_bytes_max` of the answer; a larger one is not stored.
class AnswerReader {
 public:
  AnswerReader(const Asked& asked, size_t object_bytes_max, AnswerJson& json);

  // In this order: the head once, the body as received, its end once.
  void on_head(const http::ResponseHead& head);
  void on_body(std::string_view raw);
  Verdict end(BodyEnd how);

  // [DONE] came: the answer is whole whatever happens to the framing, and what follows is ignored.
  // No other event has this power.
  bool done() const { return done_; }
  // What already speaks against storing, so that recording may stop early; kNone as long as nothing
  // does.
  NotStored reason() const { return reason_; }

 private:
  NotStored judge_head(const http::ResponseHead& head);
  NotStored choose_kind(const http::ResponseHead& head);
  void on_decoded(std::string_view piece);
  void on_stream(std::string_view piece);
  void on_event(const http::SseReader::Event& event);
  NotStored conclude(BodyEnd how);
  NotStored conclude_stream(BodyEnd how);
  Form recorded_form(const Usage& usage) const;
  void refuse(NotStored reason);

  const Asked asked_;
  const size_t object_bytes_max_;
  AnswerJson& json_;
  std::unique_ptr<AnswerJudge> judge_;
  std::unique_ptr<http::Decoder> decoder_;  // null for identity
  http::SseReader sse_;
  Utf8Check utf8_;
  std::string body_;  // of a JSON answer
  size_t raw_bytes_ = 0;
  uint64_t stream_bytes_ = 0;  // decoded
  AnswerKind kind_ = AnswerKind::kJson;
  NotStored reason_ = NotStored::kNone;
  bool done_ = false;
};

}  // namespace reprise::openai
