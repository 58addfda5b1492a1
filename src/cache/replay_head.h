#pragma once

#include "base/bytes.h"
#include "cache/entry.h"
#include "openai/replay_head.h"

namespace reprise::cache {

// The part of a replay's head that is the same every time: status line, recorded fields,
// X-Reprise-Key, -Model and -Stored. All of `entry` but its replay_head is complete. `kind` and
// `body` say what is sent.
base::Bytes make_replay_head(const Entry& entry, openai::AnswerKind kind, openai::ReplayBody body);
// For the recorded bytes.
base::Bytes make_replay_head(const Entry& entry);

}  // namespace reprise::cache
