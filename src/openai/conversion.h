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
  kBusy,  // too much else waits to be converted
};
inline constexpr size_t kUnconvertibleCount = 10;

// "route", "malformed", …
std::string_view unconvertible_name(Unconvertible reason);
// "form_route", "form_malformed", …: what Cache-Status and explain say.
std::string_view unconvertible_detail(Unconvertible reason);

using Converted = tl::expected<std::string, Unconvertible>;

// Conversion: what makes an answer that was recorded in one form one in another.
struct Conversion {
  enum class Step : uint8_t {
    kNone,        // it is in that form already, content coding apart
    kAssemble,    // a stream into JSON
    kSynthesise,  // JSON into a stream
    kRebuild,     // a stream into one with other options
  };
  Step step = Step::kNone;
  Form form;  // what comes out; forms that the route's answers cannot tell apart are one
  bool operator==(const Conversion&) const = default;
};

Conversion conversion_to(Route route, const Form& recorded, const Form& wanted);

// Whether an answer that upstream is asked for in one form will, as far as can be known before it
// comes, do for those who want it in another.
bool may_serve(Route route, const Form& asked, const Form& wanted);

// All of these take whole bodies, their content coding undone, of answers that were found complete
// and good, and give whole bodies of at most `bytes_max`. They may take milliseconds.

// As `conversion` says; a copy if that is nothing.
Converted convert(Route route, const Conversion& conversion, std::string_view body,
                  size_t bytes_max);

// The JSON answer that a recorded event stream amounts to.
Converted assemble(Route route, std::string_view stream, size_t bytes_max);

// The event stream, with usage if `wanted` has it, that says what a recorded JSON answer says.
Converted synthesise(Route route, std::string_view json, const Form& wanted, size_t bytes_max);

// A recorded event stream with its usage events or obfuscation as `wanted` has them.
Converted rebuild(Route route, std::string_view stream, const Form& wanted, size_t bytes_max);

}  // namespace reprise::openai
