#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace reprise::base {

// What the caller does about an error, not which library met it.
enum class ErrorKind {
  kRefuse,       // the input is bad: answer with an error, do not try again
  kRetry,        // trying again at once may help
  kUnavailable,  // the other side cannot be reached or has gone
  kTimeout,      // the other side took too long
};

struct Error {
  ErrorKind kind = ErrorKind::kRefuse;
  std::string detail;  // for people: one line, no secrets
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string detail) {
  return tl::unexpected<Error>(Error{kind, std::move(detail)});
}

}  // namespace reprise::base
