#include "cache/freshness.h"

#include <algorithm>
#include <limits>

namespace reprise::cache {

namespace {

constexpr int64_t kUsPerSecond = 1'000'000;
constexpr int64_t kUsPerMs = 1'000;

// Ends at the limits of the type instead of wrapping: requests and stored entries name any number.
int64_t times(int64_t value, int64_t factor) {
  int64_t product = 0;
  if (!__builtin_mul_overflow(value, factor, &product)) return product;
  return value < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

int64_t plus(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b < 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

int64_t minus(int64_t a, int64_t b) {
  int64_t difference = 0;
  if (!__builtin_sub_overflow(a, b, &difference)) return difference;
  return b > 0 ? std::numeric_limits<int64_t>::min() : std::numeric_limits<int64_t>::max();
}

// How long past its ttl; negative or 0 while fresh.
int64_t staleness_us(const Entry& entry, int64_t now_us) {
  return minus(now_us, plus(entry.recorded_at_us, times(entry.ttl_ms, kUsPerMs)));
}

int64_t age_us(const Entry& entry, int64_t now_us) {
  return std::max<int64_t>(minus(now_us, entry.recorded_at_us), 0);
}

bool too_old(const Entry& entry, int64_t now_us, const Terms& terms) {
  return terms.max_age_s && age_us(entry, now_us) > times(*terms.max_age_s, kUsPerSecond);
}

// A maximum age means a fresh answer, unless staleness is accepted in the same breath
// (RFC 9111 §5.2.1.1).
bool wants_fresh(const Terms& terms) { return terms.max_age_s && !terms.max_stale; }

}  // namespace

bool demands_upstream(const Terms& terms) {
  return terms.no_cache || (terms.max_age_s && *terms.max_age_s == 0);
}

Judgement judge(const Entry& entry, int64_t now_us, const Terms& terms, const Lenience& lenience) {
  if (lenience.contact == Contact::kNever) return Judgement::kFresh;
  if (demands_upstream(terms)) return Judgement::kRefused;
  const int64_t stale_us = staleness_us(entry, now_us);
  if (stale_us <= 0) {
    return too_old(entry, now_us, terms) ? Judgement::kRefused : Judgement::kFresh;
  }
  if (too_old(entry, now_us, terms) || wants_fresh(terms)) return Judgement::kExpired;
  if (stale_us <= times(lenience.stale_ms, kUsPerMs)) return Judgement::kStale;
  if (!terms.max_stale) return Judgement::kExpired;
  const bool accepted = !terms.max_stale_s || stale_us <= times(*terms.max_stale_s, kUsPerSecond);
  return accepted ? Judgement::kMaxStale : Judgement::kExpired;
}

bool may_replace_failure(const Entry& entry, int64_t now_us, const Terms& terms,
                         const Lenience& lenience) {
  const int64_t stale_us = staleness_us(entry, now_us);
  if (terms.stale_if_error_s && stale_us <= times(*terms.stale_if_error_s, kUsPerSecond)) {
    return true;
  }
  // Without that directive, whoever insisted on upstream is told how it went.
  if (demands_upstream(terms) || too_old(entry, now_us, terms)) return false;
  if (stale_us > 0 && wants_fresh(terms)) return false;
  return stale_us <= times(lenience.stale_ms, kUsPerMs);
}

int64_t ttl_left_s(const Entry& entry, int64_t now_us) {
  const int64_t left_us = minus(0, staleness_us(entry, now_us));
  return left_us / kUsPerSecond - (left_us % kUsPerSecond < 0 ? 1 : 0);
}

int64_t age_s(const Entry& entry, int64_t now_us) { return age_us(entry, now_us) / kUsPerSecond; }

std::string_view detail(Judgement judgement) {
  switch (judgement) {
    case Judgement::kStale:
      return "stale";
    case Judgement::kMaxStale:
      return "max-stale";
    case Judgement::kFresh:
    case Judgement::kExpired:
    case Judgement::kRefused:
      break;
  }
  return {};
}

}  // namespace reprise::cache
