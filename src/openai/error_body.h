#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/fields.h"

namespace reprise::openai {

// ErrorCode: the errors that are our own and not upstream's.
enum class ErrorCode : uint8_t {
  kBadRequest,
  kUnauthorized,
  kForbidden,
  kNotFound,
  kMethodNotAllowed,
  kRequestTimeout,
  kUriTooLong,
  kExpectationFailed,
  kHeadersTooLarge,
  kUpstreamUnreachable,  // no address, refused, or reset while connecting
  kUpstreamTls,
  kUpstreamProtocol,  // malformed, or ended before a whole head
  kOverloaded,
  kDraining,
  kUpstreamTimeout,  // connecting, handshake or first byte
  kNotCached,        // wanted from the cache alone, which does not have it
};

int error_status(ErrorCode code);

// "bad_request", …: the "code" of the body.
std::string_view error_name(ErrorCode code);

// The body, in the shape that OpenAI's clients read. `message` is for people; what is not UTF-8 in
// it is replaced.
std::string error_body(ErrorCode code, std::string_view message);

// Adds Content-Type and what goes with the code: Retry-After, x-should-retry, WWW-Authenticate,
// Allow.
void add_error_fields(ErrorCode code, http::Fields* fields);

}  // namespace reprise::openai
