#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/digest.h"
#include "openai/endpoint.h"
#include "recording/recording.h"

namespace reprise::cache {

// Usage: the token counts that an answer reported.
struct Usage {
  bool present = false;
  uint64_t prompt_tokens = 0;
  uint64_t completion_tokens = 0;
  uint64_t total_tokens = 0;
};

// MemberHash: one top-level member of a question, so that two questions can be told apart later.
struct MemberHash {
  std::string name;
  uint64_t hash = 0;
};

// Entry: one remembered answer and all that is known about it. Immutable once shared, so any thread
// may read it.
struct Entry {
  base::Digest128 key;    // finds
  base::Sha256 proof{};   // proves
  int64_t asked_at_us = 0;     // wall clock: when upstream was asked
  int64_t recorded_at_us = 0;  // wall clock: when the answer ended
  int64_t duration_ms = 0;     // from asking to the answer's end
  int64_t ttl_ms = 0;
  openai::Route route = openai::Route::kOther;
  openai::Form form;
  std::string name_space;  // the effective one
  std::string model_asked;
  std::string model_answered;
  std::string finish_reason;
  Usage usage;
  std::vector<MemberHash> members;
  std::shared_ptr<const recording::Recording> answer;  // complete, one chunk
  base::Bytes replay_head;  // the status line and fields that every replay repeats

  int64_t expires_at_us() const { return recorded_at_us + ttl_ms * 1000; }
  // Everything that keeping this entry costs, allocator overheads included.
  size_t cost_bytes() const;
};

}  // namespace reprise::cache
