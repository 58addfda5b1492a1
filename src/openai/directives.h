#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/fields.h"
#include "openai/aliases.h"
#include "openai/endpoint.h"
#include "openai/pace.h"

namespace reprise::openai {

// RFC 9111 §1.2.2: what is larger counts as this. It also stands for max-stale without a number.
inline constexpr int64_t kDeltaSecondsMax = int64_t{1} << 31;

// Directives: what a request asks of the cache, by Cache-Control (RFC 9111 §5.2.1, RFC 5861 §4), by
// fields of our own and, where those say nothing, by another gateway's.
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
  // Top-level members that make no difference to this request; sorted.
  std::vector<std::string> ignored;
};

// The directives of a request. An error, which names the field and what was expected, if one that
// we know is malformed or a field of ours repeated. Directives that we don't know, and Pragma, mean
// nothing. Of a repeated directive the tighter counts.
base::Result<Directives> parse_directives(const http::Fields& fields, Aliases aliases = {});

// Removes what is meant for us alone: X-Reprise-* on every route, Cache-Control and what `aliases`
// say to a cache on cacheable ones.
void strip_control_fields(Route route, Aliases aliases, http::Fields* fields);

// A number of seconds (RFC 9111 §1.2.2), at most kDeltaSecondsMax; nothing if it is none.
std::optional<int64_t> parse_delta_seconds(std::string_view text);

// 1 to 128 of A-Za-z0-9._:- : what keys and namespaces are made of.
bool is_valid_label(std::string_view text);

// The namespace of a request that asks for `requested` within `configured`; either may be empty. No
// request reaches a configured namespace other than its own, for '/' is in no label.
std::string nest_namespace(std::string_view configured, std::string_view requested);

}  // namespace reprise::openai
