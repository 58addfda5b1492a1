#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/entry.h"

namespace reprise::cache {

// Terms: what a request's Cache-Control demands of a remembered answer. Numbers are not negative.
struct Terms {
  bool no_cache = false;
  bool only_if_cached = false;
  std::optional<int64_t> max_age_s = std::nullopt;
  bool max_stale = false;                             // present, with or without a number
  std::optional<int64_t> max_stale_s = std::nullopt;  // its number
  std::optional<int64_t> stale_if_error_s = std::nullopt;
};

// Contact: whether this process may ask upstream at all. One that may not serves whatever it has.
enum class Contact : uint8_t { kAllowed, kNever };

// Lenience: what this process allows beyond an entry's ttl.
struct Lenience {
  int64_t stale_ms = 0;
  Contact contact = Contact::kAllowed;
};

// Judgement: what an entry is to a request.
enum class Judgement : uint8_t {
  kFresh,     // serve it
  kStale,     // serve it, within the process's own lenience, and refresh it behind
  kMaxStale,  // serve it: older than that, but the request accepts it
  kExpired,   // past its ttl, and neither side accepts that: ask upstream
  kRefused,   // good, but the request's directives exclude it: ask upstream
};

// An entry is fresh through the last microsecond of its ttl, so that a stale one always has a
// negative remainder.
Judgement judge(const Entry& entry, int64_t now_us, const Terms& terms, const Lenience& lenience);

// True if `entry` may be served in place of an upstream failure, though judge() sent the request
// upstream.
bool may_replace_failure(const Entry& entry, int64_t now_us, const Terms& terms,
                         const Lenience& lenience);

// True if the request wants upstream's own answer whatever is remembered.
bool demands_upstream(const Terms& terms);

// Whole seconds until the ttl ends, rounded down: negative once it has ended.
int64_t ttl_left_s(const Entry& entry, int64_t now_us);

// Whole seconds since the recording ended; 0 if that seems to lie ahead.
int64_t age_s(const Entry& entry, int64_t now_us);

// How Cache-Status names what is served: "stale", "max-stale"; empty for the other judgements.
std::string_view detail(Judgement judgement);

}  // namespace reprise::cache
