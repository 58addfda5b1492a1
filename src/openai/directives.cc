#include "openai/directives.h"

#include <algorithm>
#include <utility>

#include "base/duration.h"

namespace reprise::openai {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

constexpr std::string_view kOwnPrefix = "x-reprise-";
constexpr size_t kLabelBytesMax = 128;

// name[=argument], RFC 9111 §5.2: the argument a token or a quoted string.
struct Directive {
  std::string_view name;
  std::optional<std::string_view> argument;  // without quotes
  bool well_formed = true;
};

// Spacing: whether there may be white space around '='.
enum class Spacing : uint8_t { kNone, kAllowed };

Directive split(std::string_view element, Spacing spacing) {
  const size_t equals = element.find('=');
  Directive directive{element, std::nullopt, true};
  if (equals != std::string_view::npos) {
    directive.name = element.substr(0, equals);
    directive.argument = element.substr(equals + 1);
  }
  // White space around '=' is malformed, but we should know whose.
  const std::string_view trimmed = http::trim(directive.name);
  directive.well_formed = spacing == Spacing::kAllowed || trimmed == directive.name;
  directive.name = trimmed;
  if (directive.argument && spacing == Spacing::kAllowed) {
    directive.argument = http::trim(*directive.argument);
  }
  if (directive.argument && directive.argument->starts_with('"')) {
    const size_t size = directive.argument->size();
    directive.well_formed &= size >= 2 && directive.argument->ends_with('"');
    directive.argument = directive.argument->substr(1, size < 2 ? 0 : size - 2);
  }
  return directive;
}

std::optional<int64_t> seconds_of(const Directive& directive) {
  if (!directive.well_formed || !directive.argument) return std::nullopt;
  return parse_delta_seconds(*directive.argument);
}

enum class Argument : uint8_t { kNone, kOptional, kRequired };

struct KnownDirective {
  std::string_view name;
  Argument argument;
  bool Directives::*flag;
  std::optional<int64_t> Directives::*seconds;
};

constexpr KnownDirective kKnownDirectives[] = {
    {"no-cache", Argument::kNone, &Directives::no_cache, nullptr},
    {"no-store", Argument::kNone, &Directives::no_store, nullptr},
    {"only-if-cached", Argument::kNone, &Directives::only_if_cached, nullptr},
    {"max-age", Argument::kRequired, nullptr, &Directives::max_age_s},
    {"max-stale", Argument::kOptional, nullptr, &Directives::max_stale_s},
    {"stale-if-error", Argument::kRequired, nullptr, &Directives::stale_if_error_s},
};

std::string malformed(const KnownDirective& known) {
  std::string_view expected = ": expected whole seconds";
  if (known.argument == Argument::kNone) expected = ": expected no value";
  if (known.argument == Argument::kOptional) expected = ": expected nothing or whole seconds";
  return std::string("Cache-Control ").append(known.name).append(expected);
}

Result<void> apply(const KnownDirective& known, const Directive& directive, Directives* out) {
  if (!directive.argument && directive.well_formed && known.argument != Argument::kRequired) {
    if (known.flag != nullptr) out->*known.flag = true;
    if (known.seconds != nullptr && !(out->*known.seconds)) out->*known.seconds = kDeltaSecondsMax;
    return {};
  }
  const std::optional<int64_t> seconds = seconds_of(directive);
  if (known.argument == Argument::kNone || !seconds) {
    return fail(ErrorKind::kRefuse, malformed(known));
  }
  std::optional<int64_t>& kept = out->*known.seconds;
  kept = std::min(kept.value_or(*seconds), *seconds);
  return {};
}

Result<void> parse_cache_control(std::string_view value, Spacing spacing, Directives* out) {
  Result<void> result;
  http::for_each_element(value, [&](std::string_view element) {
    const Directive directive = split(element, spacing);
    for (const KnownDirective& known : kKnownDirectives) {
      if (!result || !http::iequals(directive.name, known.name)) continue;
      result = apply(known, directive, out);
    }
  });
  return result;
}

Result<void> parse_label(std::string_view name, std::string_view value, std::string* out) {
  if (!is_valid_label(value)) {
    return fail(ErrorKind::kRefuse,
                std::string(name).append(": expected 1 to 128 of A-Z a-z 0-9 . _ : -"));
  }
  *out = value;
  return {};
}

Result<void> parse_ttl(std::string_view value, Directives* out) {
  const Result<int64_t> ttl = base::parse_duration_ms(value);
  if (!ttl) return fail(ErrorKind::kRefuse, "X-Reprise-TTL: " + ttl.error().detail);
  out->ttl_ms = *ttl;
  return {};
}

Result<void> parse_pace_field(std::string_view value, Directives* out) {
  const Result<Pace> pace = parse_pace(value);
  if (!pace) return fail(ErrorKind::kRefuse, "X-Reprise-Pace: " + pace.error().detail);
  out->pace = *pace;
  return {};
}

// A field of ours, `seen` telling which have been there before.
Result<void> parse_own(const http::Fields::Field& field, uint8_t* seen, Directives* out) {
  constexpr std::string_view kNames[] = {"X-Reprise-TTL", "X-Reprise-Namespace", "X-Reprise-Key",
                                         "X-Reprise-Pace"};
  size_t which = 0;
  while (which < std::size(kNames) && !http::iequals(field.name, kNames[which])) ++which;
  if (which == std::size(kNames)) return {};
  const auto bit = static_cast<uint8_t>(1U << which);
  if ((*seen & bit) != 0) {
    return fail(ErrorKind::kRefuse, std::string(kNames[which]).append(": expected once"));
  }
  *seen = static_cast<uint8_t>(*seen | bit);
  switch (which) {
    case 0:
      return parse_ttl(field.value, out);
    case 1:
      return parse_label(kNames[which], field.value, &out->name_space);
    case 2:
      return parse_label(kNames[which], field.value, &out->key);
    default:
      return parse_pace_field(field.value, out);
  }
}

bool is_own(std::string_view name) {
  return name.size() > kOwnPrefix.size() &&
         http::iequals(name.substr(0, kOwnPrefix.size()), kOwnPrefix);
}

// What is said in our own words counts.
void merge(AliasAsks asks, Directives* out) {
  out->no_cache |= asks.no_cache;
  out->no_store |= asks.no_store;
  // To Helicone it is the life of what is recorded; 0 is no-cache here, whoever says it.
  if (asks.speaks_helicone && out->max_age_s > 0) asks.ttl_s = out->max_age_s;
  if (!out->ttl_ms && asks.ttl_s) out->ttl_ms = *asks.ttl_s * 1000;
  if (out->name_space.empty()) out->name_space = std::move(asks.name_space);
  if (out->key.empty()) out->key = std::move(asks.key);
  out->ignored = std::move(asks.ignored);
}

}  // namespace

base::Result<Directives> parse_directives(const http::Fields& fields, Aliases aliases) {
  AliasAsks asks;
  if (!aliases.empty()) asks = read_alias_fields(fields, aliases);
  Directives directives;
  uint8_t seen = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    const http::Fields::Field field = fields[i];
    Result<void> result;
    if (is_own(field.name)) {
      result = parse_own(field, &seen, &directives);
    } else if (http::iequals(field.name, "cache-control")) {
      // Helicone's own example has it.
      const Spacing spacing = asks.speaks_helicone ? Spacing::kAllowed : Spacing::kNone;
      result = parse_cache_control(field.value, spacing, &directives);
    }
    if (!result) return tl::unexpected(result.error());
  }
  if (directives.max_age_s == 0) directives.no_cache = true;
  if (!aliases.empty()) merge(std::move(asks), &directives);
  return directives;
}

void strip_control_fields(Route route, Aliases aliases, http::Fields* fields) {
  for (size_t i = fields->size(); i > 0; --i) {
    const std::string_view name = (*fields)[i - 1].name;
    const bool to_caches = http::iequals(name, "cache-control") ||
                           (!aliases.empty() && is_alias_request_field(name, aliases));
    if (is_own(name) || (route != Route::kOther && to_caches)) fields->remove_at(i - 1);
  }
}

std::optional<int64_t> parse_delta_seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t seconds = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    seconds = std::min(seconds * 10 + (c - '0'), kDeltaSecondsMax);
  }
  return seconds;
}

bool is_valid_label(std::string_view text) {
  return !text.empty() && text.size() <= kLabelBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == ':' || c == '-';
         });
}

std::string nest_namespace(std::string_view configured, std::string_view requested) {
  std::string nested(configured);
  if (!requested.empty()) nested.append("/").append(requested);
  return nested;
}

}  // namespace reprise::openai
