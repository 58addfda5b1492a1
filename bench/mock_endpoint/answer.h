#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bench/mock_endpoint/options.h"
#include "bench/mock_endpoint/question.h"

namespace reprise::bench {

// Event: one server-sent event as it goes over the wire. Tokens are paced; the rest comes along
// with what is before it.
struct Event {
  std::string bytes;
  bool token = false;
};

// Answer: one whole answer, made before its first byte is sent.
struct Answer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;           // where `events` is empty
  std::vector<Event> events;  // a stream
};

// Asking: one request, numbered, so that ids differ where the content is the same.
struct Asking {
  const Question& question;
  const Behaviour& behaviour;
  uint64_t serial = 0;
  int64_t created = 0;  // seconds since the epoch

  // `number`: of several in one answer.
  std::string id(std::string_view prefix, size_t number = 0) const;
};

Answer answer_to(const Asking& asking);
Answer error_answer(int status, std::string_view message);

// By endpoint; the error object and the failures are answer_to's.
Answer chat_answer(const Asking& asking);
Answer completions_answer(const Asking& asking);
Answer responses_answer(const Asking& asking);
Answer messages_answer(const Asking& asking);

std::string joined(const std::vector<std::string>& parts);

// `data: {payload}`, with `event: {name}` before it unless `name` is empty.
Event event(std::string_view name, std::string_view payload, bool token = false);

}  // namespace reprise::bench
