#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/message.h"
#include "openai/verdict.h"

namespace reprise::openai {

// ReplayBody: what of a recorded body a replay sends.
enum class ReplayBody : uint8_t {
  kRecorded,   // its bytes, content coding included
  kDecoded,    // its bytes, content coding undone
  kConverted,  // the other form, made from it
};

// True of a recorded field that a replay repeats: one that belongs to the answer, not to one
// exchange or caller.
bool belongs_to_answer(std::string_view name, ReplayBody body);

// Appends, as header lines, the fields of the recorded answer that a replay of `kind` repeats:
// those that belong to the answer, not to one exchange or caller. Framing and reprise's own fields
// are the caller's.
void append_replay_fields(const http::ResponseHead& recorded, AnswerKind kind, ReplayBody body,
                          std::string* out);

// `model` as a field value: bytes outside 0x21-0x7E become `?`, at most 128.
std::string sanitise_model(std::string_view model);

}  // namespace reprise::openai
