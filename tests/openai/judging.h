#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "openai/answer_reader.h"

namespace reprise::openai {

inline void PrintTo(NotStored reason, std::ostream* out) {
  *out << (reason == NotStored::kNone ? "storable" : not_stored_name(reason));
}

// An answer as it comes from upstream, and what was asked.
struct Answer {
  Asked asked;
  std::string body;
  std::string content_type = "text/event-stream";
  BodyEnd end = BodyEnd::kIntact;
  http::Framing framing = http::Framing::kChunked;
  std::string coding;
  int status = 200;
  size_t object_bytes_max = 1 << 20;
};

inline Answer stream_answer(Route route, std::string body) {
  Answer answer;
  answer.asked = {.route = route, .form = {.stream = true}};
  answer.body = std::move(body);
  return answer;
}

inline Answer json_answer(Route route, std::string body) {
  Answer answer;
  answer.asked = {.route = route};
  answer.body = std::move(body);
  answer.content_type = "application/json";
  return answer;
}

// One `data` event per text.
inline std::string sse(std::initializer_list<std::string_view> payloads) {
  std::string stream;
  for (std::string_view payload : payloads) stream.append("data: ").append(payload).append("\n\n");
  return stream;
}

inline Verdict judge_pieces(const Answer& answer, const std::vector<std::string_view>& pieces) {
  AnswerJson json;
  AnswerReader reader(answer.asked, answer.object_bytes_max, json);
  http::ResponseHead head;
  head.status = answer.status;
  head.framing = answer.framing;
  if (!answer.content_type.empty()) head.fields.add("Content-Type", answer.content_type);
  if (!answer.coding.empty()) head.fields.add("Content-Encoding", answer.coding);
  reader.on_head(head);
  for (std::string_view piece : pieces) {
    const std::string copy(piece);  // sanitizers see a view that is kept
    reader.on_body(copy);
  }
  return reader.end(answer.end);
}

inline bool operator==(const Verdict& a, const Verdict& b) {
  return a.reason == b.reason && a.kind == b.kind && a.form == b.form && a.model == b.model &&
         a.finish_reason == b.finish_reason && a.usage == b.usage;
}

// The verdict on an answer that comes whole; the test fails unless it is the same when the answer
// is cut in two anywhere, or comes byte by byte.
inline Verdict judge(const Answer& answer) {
  const std::string_view body = answer.body;
  const Verdict whole = judge_pieces(answer, {body});
  std::vector<std::string_view> bytes;
  for (size_t cut = 0; cut < body.size(); ++cut) {
    bytes.push_back(body.substr(cut, 1));
    const Verdict verdict = judge_pieces(answer, {body.substr(0, cut), body.substr(cut)});
    EXPECT_TRUE(verdict == whole) << "cut at " << cut << ": " << not_stored_name(verdict.reason);
  }
  EXPECT_TRUE(judge_pieces(answer, bytes) == whole) << "byte by byte";
  return whole;
}

inline NotStored reason_of(const Answer& answer) { return judge(answer).reason; }

}  // namespace reprise::openai
