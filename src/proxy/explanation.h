#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "openai/request.h"

namespace reprise::proxy {

// Decision: what would be done with a request.
enum class Decision : uint8_t { kHit, kStale, kMiss, kBypass };

// Explanation: what would be done with a request, and why, without doing it. What does not apply is
// empty, and null in JSON.
struct Explanation {
  Decision decision = Decision::kBypass;
  std::string reason;
  std::optional<base::Digest128> key;
  std::optional<std::string> canonical;             // what the key is made from: the canonical body
  std::string tier;                                 // that holds the entry
  std::optional<int64_t> ttl_s;                     // left; negative once it has ended
  std::optional<std::vector<std::string>> differs;  // top-level members, against another entry
};

std::string explanation_json(const Explanation& explanation);

}  // namespace reprise::proxy
