#include "openai/verdict.h"

namespace reprise::openai {

std::string_view not_stored_name(NotStored reason) {
  switch (reason) {
    case NotStored::kNone:
      return "";
    case NotStored::kStatus:
      return "status";
    case NotStored::kContentType:
      return "content_type";
    case NotStored::kCloseDelimited:
      return "close_delimited";
    case NotStored::kCoding:
      return "coding";
    case NotStored::kTooLarge:
      return "too_large";
    case NotStored::kTruncated:
      return "truncated";
    case NotStored::kInvalidUtf8:
      return "invalid_utf8";
    case NotStored::kMalformed:
      return "malformed";
    case NotStored::kErrorEvent:
      return "error_event";
    case NotStored::kResponseFailed:
      return "response_failed";
    case NotStored::kIncomplete:
      return "incomplete";
    case NotStored::kNoFinish:
      return "no_finish";
    case NotStored::kFinishError:
      return "finish_error";
    case NotStored::kContentFilter:
      return "content_filter";
    case NotStored::kNoUsage:
      return "no_usage";
    case NotStored::kEmpty:
      return "empty";
    case NotStored::kAborted:
      return "aborted";
    case NotStored::kPurged:
      return "purged";
    case NotStored::kBudget:
      return "budget";
    case NotStored::kZeroTtl:
      return "zero_ttl";
  }
  return "";
}

}  // namespace reprise::openai
