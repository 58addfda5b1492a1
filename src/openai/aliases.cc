#include "openai/aliases.h"

#include <algorithm>
#include <array>

#include "base/digest.h"
#include "base/json.h"
#include "openai/directives.h"
#include "openai/name_table.h"

namespace reprise::openai {

namespace {

// More than anybody lists; each is compared with each member of a body.
constexpr size_t kIgnoredMax = 32;

// What a field does.
enum class Effect : uint8_t {
  kSwitch,     // anything but true bypasses the cache
  kSkip,       // true bypasses the cache
  kRefresh,    // true asks upstream
  kTtl,        // seconds
  kKey,        // the caller's own key
  kNamespace,  // a namespace
  kIgnored,    // members that make no difference
  kConfig,     // JSON, with the life of an entry among other things
  kNothing,
};

struct RequestField {
  std::string_view name;
  Alias alias;
  Effect effect;
};

constexpr auto kRequestFields = NameTable(std::to_array<RequestField>({
    {"helicone-cache-enabled", Alias::kHelicone, Effect::kSwitch},
    {"helicone-cache-seed", Alias::kHelicone, Effect::kNamespace},
    {"helicone-cache-ignore-keys", Alias::kHelicone, Effect::kIgnored},
    {"helicone-cache-bucket-max-size", Alias::kHelicone, Effect::kNothing},
    {"cf-aig-skip-cache", Alias::kCloudflare, Effect::kSkip},
    {"cf-aig-cache-ttl", Alias::kCloudflare, Effect::kTtl},
    {"cf-aig-cache-key", Alias::kCloudflare, Effect::kKey},
    {"cf-skip-cache", Alias::kCloudflare, Effect::kSkip},
    {"cf-cache-ttl", Alias::kCloudflare, Effect::kTtl},
    {"x-portkey-cache-force-refresh", Alias::kPortkey, Effect::kRefresh},
    {"x-portkey-cache-namespace", Alias::kPortkey, Effect::kNamespace},
    {"x-portkey-config", Alias::kPortkey, Effect::kConfig},
    {"x-openrouter-cache", Alias::kOpenrouter, Effect::kSwitch},
    {"x-openrouter-cache-ttl", Alias::kOpenrouter, Effect::kTtl},
    {"x-openrouter-cache-clear", Alias::kOpenrouter, Effect::kRefresh},
}));

const RequestField* find_request_field(std::string_view name, Aliases aliases) {
  for (const RequestField& known : kRequestFields.of_size(name.size())) {
    if (http::iequals(known.name, name)) return aliases.has(known.alias) ? &known : nullptr;
  }
  return nullptr;
}

// Any text, there; ours have an alphabet.
std::string label_of(std::string_view text) {
  if (text.empty() || is_valid_label(text)) return std::string(text);
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string label = "sha256:";
  for (const uint8_t byte : base::sha256(text)) {
    label += kDigits[byte >> 4];
    label += kDigits[byte & 15];
  }
  return label;
}

std::vector<std::string> names_in(std::string_view list) {
  std::vector<std::string> names;
  http::for_each_token(list, [&](std::string_view name) {
    if (names.size() <= kIgnoredMax) names.emplace_back(name);
  });
  if (names.size() > kIgnoredMax) return {};
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// The value of the member `name`; empty if there is none.
std::string_view member_of(std::string_view object, std::string_view name) {
  std::string_view found;
  if (!object.starts_with('{')) return found;
  base::for_each_json_member(object, [&](std::string_view member, std::string_view value) {
    if (member == name) found = value;
  });
  return found;
}

// Of a configuration that stands in the field itself; one that is known by its id says nothing.
std::optional<int64_t> ttl_in_config(std::string_view config) {
  base::JsonNormaliser json;
  if (json.read(config) != base::JsonFault::kNone) return std::nullopt;
  return parse_delta_seconds(member_of(member_of(json.text(), "cache"), "max_age"));
}

void apply(const RequestField& known, std::string_view value, AliasAsks* asks) {
  const bool truth = http::iequals(value, "true");
  switch (known.effect) {
    case Effect::kSwitch:
      asks->no_store |= !truth;
      asks->speaks_helicone |= truth && known.alias == Alias::kHelicone;
      return;
    case Effect::kSkip:
      asks->no_store |= truth;
      return;
    case Effect::kRefresh:
      asks->no_cache |= truth;
      return;
    case Effect::kTtl:
      if (!asks->ttl_s) asks->ttl_s = parse_delta_seconds(value);
      return;
    case Effect::kConfig:
      if (!asks->ttl_s) asks->ttl_s = ttl_in_config(value);
      return;
    case Effect::kKey:
      if (asks->key.empty()) asks->key = label_of(value);
      return;
    case Effect::kNamespace:
      if (asks->name_space.empty()) asks->name_space = label_of(value);
      return;
    case Effect::kIgnored:
      if (asks->ignored.empty()) asks->ignored = names_in(value);
      return;
    case Effect::kNothing:
      return;
  }
}

using Status = AliasAnswer::Status;

// A field of an answer: its value for each status, empty where the gateway says nothing.
struct AnswerField {
  std::string_view name;
  Alias alias;
  std::string (*value)(const AliasAnswer& answer);
};

// Where a gateway has no word for it, a bypass goes unmentioned.
std::string hit_or_miss(const AliasAnswer& answer) {
  if (answer.status == Status::kBypass) return "";
  return answer.status == Status::kHit ? "HIT" : "MISS";
}

std::string portkey_status(const AliasAnswer& answer) {
  switch (answer.status) {
    case Status::kHit:
      return "HIT";
    case Status::kMiss:
      return "MISS";
    case Status::kRefresh:
      return "REFRESH";
    case Status::kBypass:
      return "DISABLED";
  }
  return "";
}

template <auto kWhat>
std::string on_hit(const AliasAnswer& answer) {
  return answer.status == Status::kHit ? std::to_string(answer.*kWhat) : "";
}

// One answer is kept of each question.
std::string only_bucket(const AliasAnswer& answer) {
  return answer.status == Status::kHit ? "0" : "";
}

std::string ttl_left(const AliasAnswer& answer) {
  return answer.ttl_s ? std::to_string(std::max<int64_t>(*answer.ttl_s, 0)) : "";
}

constexpr AnswerField kAnswerFields[] = {
    {"Helicone-Cache", Alias::kHelicone, hit_or_miss},
    {"Helicone-Cache-Bucket-Idx", Alias::kHelicone, only_bucket},
    {"Helicone-Cache-Latency", Alias::kHelicone, on_hit<&AliasAnswer::recording_ms>},
    {"cf-aig-cache-status", Alias::kCloudflare, hit_or_miss},
    {"x-portkey-cache-status", Alias::kPortkey, portkey_status},
    {"X-OpenRouter-Cache-Status", Alias::kOpenrouter, hit_or_miss},
    {"X-OpenRouter-Cache-Age", Alias::kOpenrouter, on_hit<&AliasAnswer::age_s>},
    {"X-OpenRouter-Cache-TTL", Alias::kOpenrouter, ttl_left},
};

// Calls visit(name, value) for what there is to say.
template <typename Visit>
void for_each_answer_field(const AliasAnswer& answer, Aliases aliases, Visit visit) {
  for (const AnswerField& field : kAnswerFields) {
    if (!aliases.has(field.alias)) continue;
    const std::string value = field.value(answer);
    if (!value.empty()) visit(field.name, value);
  }
}

}  // namespace

AliasAsks read_alias_fields(const http::Fields& fields, Aliases aliases) {
  AliasAsks asks;
  for (size_t i = 0; i < fields.size(); ++i) {
    const http::Fields::Field field = fields[i];
    const RequestField* known = find_request_field(field.name, aliases);
    if (known != nullptr) apply(*known, field.value, &asks);
  }
  return asks;
}

bool is_alias_request_field(std::string_view name, Aliases aliases) {
  const RequestField* known = find_request_field(name, aliases);
  return known != nullptr && known->effect != Effect::kConfig;
}

void append_alias_lines(const AliasAnswer& answer, Aliases aliases, std::string* out) {
  for_each_answer_field(answer, aliases, [&](std::string_view name, const std::string& value) {
    out->append(name).append(": ").append(value).append("\r\n");
  });
}

void set_alias_fields(const AliasAnswer& answer, Aliases aliases, http::Fields* fields) {
  fields->remove_if([&](const http::Fields::Field& field) {
    return std::any_of(std::begin(kAnswerFields), std::end(kAnswerFields),
                       [&](const AnswerField& known) {
                         return aliases.has(known.alias) && http::iequals(known.name, field.name);
                       });
  });
  for_each_answer_field(answer, aliases, [&](std::string_view name, const std::string& value) {
    fields->add(name, value);
  });
}

}  // namespace reprise::openai
