#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "openai/endpoint.h"
#include "openai/usage.h"

namespace reprise::openai {

// NotStored: why an answer is not kept.
enum class NotStored : uint8_t {
  kNone,            // nothing against it
  kStatus,          // other than 200
  kContentType,     // neither JSON nor, on a route that streams, an event stream
  kCloseDelimited,  // its end cannot be told from a torn connection
  kCoding,          // unknown or broken content coding
  kTooLarge,
  kTruncated,  // cut by the framing, or inside an event
  kInvalidUtf8,
  kMalformed,       // not the JSON that it claims to be
  kErrorEvent,      // an error event or object
  kResponseFailed,  // response.failed
  kIncomplete,      // a response that ended for another reason than its token limit
  kNoFinish,        // a proper end without (all) choices finished
  kFinishError,     // finished by `error` or `abort`
  kContentFilter,   // cut by the content filter
  kNoUsage,         // usage was asked for, and neither it nor [DONE] came
  kEmpty,           // complete, with nothing in it
  kAborted,         // upstream was cancelled because nobody listened
  kPurged,          // purged while it was recorded
  kBudget,          // the recordings' budget was used up
  kZeroTtl,         // its ttl is 0s
};
inline constexpr size_t kNotStoredCount = 21;

// "status", "content_type", …; a metric's label. Empty for kNone.
std::string_view not_stored_name(NotStored reason);

// AnswerKind: what a body is.
enum class AnswerKind : uint8_t { kJson, kSse };

// Verdict: what was found out about an answer while it passed.
struct Verdict {
  NotStored reason = NotStored::kNone;
  AnswerKind kind = AnswerKind::kJson;  // as received, whatever was asked for
  // The form to record: an answer in another form than asked for is what it is.
  Form form;
  std::string model;          // the first that the answer names
  std::string finish_reason;  // of choice 0; the status or the reason of a response
  Usage usage;

  bool storable() const { return reason == NotStored::kNone; }
  bool usage_seen() const { return usage.present; }
};

}  // namespace reprise::openai
