#pragma once

#include <string>

#include "openai/error_body.h"

namespace reprise::proxy {

// Refusal: what a request is answered whose head is not served, for a fault of its own.
struct Refusal {
  openai::ErrorCode code = openai::ErrorCode::kBadRequest;
  std::string detail;
};

}  // namespace reprise::proxy
