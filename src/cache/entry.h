#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/model_table.h"
#include "cache/rendition.h"
#include "openai/endpoint.h"
#include "openai/request.h"
#include "openai/usage.h"
#include "recording/record.h"

namespace reprise::cache {

// Entry: one remembered answer and all that is known about it. Immutable once shared, so any thread
// may read it.
struct Entry {
  base::Digest128 key;         // finds
  base::Sha256 proof{};        // proves
  int64_t asked_at_us = 0;     // wall clock: when upstream was asked
  int64_t recorded_at_us = 0;  // wall clock: when the answer ended
  int64_t duration_ms = 0;     // from asking to the answer's end
  int64_t ttl_ms = 0;
  openai::Route route = openai::Route::kOther;
  openai::Form form;        // what was recorded
  openai::Form asked_form;  // what was asked for: upstream may have answered in another form
  std::string name_space;   // the effective one
  std::string model_asked;
  std::string model_answered;
  std::string finish_reason;
  openai::Usage usage;
  base::ModelId model_id = base::ModelTable::kOther;  // of model_answered, in this process
  std::vector<openai::MemberHash> members;
  std::shared_ptr<const recording::Record> answer;
  base::Bytes replay_head;  // the status line and fields that every replay repeats
  std::vector<std::shared_ptr<const Rendition>> renditions;  // made so far, each once

  // What makes of it the form `wanted`.
  openai::Conversion conversion_to(const openai::Form& wanted) const {
    return openai::conversion_to(route, form, wanted);
  }
  // Null: not made yet.
  const Rendition* rendition(const openai::Conversion& conversion) const;
  // Why who asks for `wanted` will not get it from this entry, as far as is known; none if it may.
  std::optional<openai::Unconvertible> refusal(const openai::Form& wanted) const;
  // Everything that keeping this entry costs, allocator overheads included.
  size_t cost_bytes() const;
};

}  // namespace reprise::cache
