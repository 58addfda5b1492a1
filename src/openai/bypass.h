#pragma once

#include <cstdint>
#include <string_view>

namespace reprise::openai {

// BypassReason: why a request on a cacheable route is neither looked up nor stored. The names
// appear in Cache-Status and in metrics, so they stay.
enum class BypassReason : uint8_t {
  kModeOff,          // by configuration
  kNoStore,          // the client says so
  kBodyTooLarge,     // larger than what is read for a key
  kContentType,      // not application/json in UTF-8
  kContentEncoding,  // a coded body
  kNotJson,
  kNotObject,
  kInvalidUtf8,
  kLoneSurrogate,
  kDuplicateMember,
  kDepth,
  kTooManyMembers,
  kTrailingBytes,
  kNameCase,  // a name that some servers take for another one
  kStreamNotBoolean,
  kStreamOptions,  // not an object, or a form option that is not boolean
  kStateful,       // side effects, or state that the body does not show
};
inline constexpr size_t kBypassReasonCount = 17;

// "mode_off", "no_store", …
std::string_view bypass_name(BypassReason reason);

}  // namespace reprise::openai
