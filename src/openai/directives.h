#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/fields.h"
#include "openai/endpoint.h"
#include "openai/pace.h"

namespace reprise::openai {

// RFC 9111 §1.2.2: what is larger counts as this. It also stands for max-stale without a number.
inline constexpr int64_t kDeltaSecondsMax = int64_t{1} << 31;

// Directives: what a request asks of the cache, by Cache-Control (RFC 9111 §5.2.1, RFC 5861 §4) and
// by fields of our own.
struct Directives {
  bool no_cache = false;  // max-age=0 included
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<int64_t> max_age_s;
  std::optional<int64_t> max_stale_s;
  std::optional<int64_t> stale_if_error_s;
  std::optional<int64_t> ttl_ms;  // X-Reprise-TTL; 0 stores nothing
  std::string name_space;         // X-Reprise-Namespace; empty if absent
  std::string key;                // X-Reprise-Key; empty if absent
  std::optional<Pace> pace;       // X-Reprise-Pace
};

// The directives of a request. An error, which names the field and what was expected, if one that
// we know is malformed or a field of ours repeated. Directives that we don't know, and Pragma, mean
// nothing. Of a repeated directive the tighter counts.
base::Result<Directives> parse_directives(const http::Fields& fields);

// Removes what is meant for us alone: X-Reprise-* on every route, Cache-Control on cacheable ones.
void strip_control_fields(Route route, http::Fields* fields);

// 1 to 128 of A-Za-z0-9._:- : what keys and namespaces are made of.
bool is_valid_label(std::string_view text);

// The namespace of a request that asks for `requested` within `configured`; either may be empty. No
// request reaches a configured namespace other than its own, for '/' is in no label.
std::string nest_namespace(std::string_view configured, std::string_view requested);

}  // namespace reprise::openai
