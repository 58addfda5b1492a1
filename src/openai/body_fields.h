#pragma once

#include <cstdint>
#include <string_view>

#include "openai/endpoint.h"

namespace reprise::openai {

// FieldRole: what a top-level member does beside being part of the question.
enum class FieldRole : uint8_t {
  kPlain,          // nothing
  kStream,         // chooses the form
  kUnusedStream,   // would, on another route
  kStreamOptions,  // chooses the form, in part
  kIdentity,       // says who asks, and the answer does not tell
  kTrueIsState,    // true has an effect; false and null have none
  kAnyIsState,     // anything but null has an effect
  kSomeIsState,    // anything but null and [] has an effect
  kModalities,
  kResponseTools,
  kMessageTools,
  kInput,
};

// The role of the member `name` (as written in a normalised body) on `route`.
FieldRole field_role(Route route, std::string_view name);

// True if a server that ignores the case of names could take `name` for one that the protocol gives
// a meaning to here. `name` is ASCII and as written in a normalised body.
bool folds_to_known_field(std::string_view name);

// True if a member with that role and that (normalised) value makes the request depend on, or
// change, something that the body does not show, or may on a server that reads types loosely.
bool is_stateful(FieldRole role, std::string_view value);

}  // namespace reprise::openai
