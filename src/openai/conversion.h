#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "openai/endpoint.h"

namespace reprise::openai {

// Unconvertible: why an answer cannot be given in another form without loss or invention.
enum class Unconvertible : uint8_t {
  kRoute,      // its route knows no other form
  kMalformed,  // not what its route answers, or JSON that readers take differently
  kEvent,      // an event or a delta of a kind that is not known
  kContent,    // content that is no string
  kTool,       // a second id, name or type for one tool call
  kRole,       // a second role
  kMember,     // a member whose pieces contradict each other
  kUsage,      // usage is wanted and was never recorded
  kTooLarge,
};
inline constexpr size_t kUnconvertibleCount = 9;

// "route", "malformed", …: what Cache-Status and explain say.
std::string_view unconvertible_name(Unconvertible reason);

using Converted = tl::expected<std::string, Unconvertible>;

// All of these take whole bodies, their content coding undone, of answers that were found complete
// and good, and give whole bodies of at most `bytes_max`. They may take milliseconds.

// The JSON answer that a recorded event stream amounts to.
Converted assemble(Route route, std::string_view stream, size_t bytes_max);

// The event stream, with usage if `wanted` has it, that says what a recorded JSON answer says.
Converted synthesise(Route route, std::string_view json, const Form& wanted, size_t bytes_max);

// A recorded event stream with its usage events or obfuscation as `wanted` has them.
Converted rebuild(Route route, std::string_view stream, const Form& wanted, size_t bytes_max);

}  // namespace reprise::openai
