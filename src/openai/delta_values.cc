#include "openai/delta_values.h"

#include <utility>

namespace reprise::openai {

namespace {

constexpr std::string_view kEmptyString = "\"\"";

// Keeps the last value that is not null; null if there is no other.
void keep_latest(std::string& kept, std::string_view raw) {
  if (kept.empty() || json_given(raw)) kept.assign(raw);
}

bool is_scalar(JsonKind kind) { return kind == JsonKind::kNumber || kind == JsonKind::kBool; }

}  // namespace

Refused JoinedText::add(std::string_view raw) {
  if (is_json_string(raw)) {
    kind_ = JsonKind::kString;
    content_.append(json_inside(raw));
    return std::nullopt;
  }
  if (json_given(raw)) return Unconvertible::kContent;
  if (kind_ == JsonKind::kAbsent) kind_ = JsonKind::kNull;
  return std::nullopt;
}

void JoinedText::write(RawWriter& out) const {
  if (is_string()) {
    out.text(content_);
  } else {
    out.value("null");
  }
}

bool SettledText::add(std::string_view raw) {
  if (!json_given(raw)) return true;
  if (!is_json_string(raw)) return false;
  present_ = true;
  const std::string_view content = json_inside(raw);
  if (content.empty()) return true;
  if (content_.empty()) content_.assign(content);
  return content_ == content;
}

GrownValue::GrownValue() = default;
GrownValue::~GrownValue() = default;
GrownValue::GrownValue(GrownValue&&) noexcept = default;
GrownValue& GrownValue::operator=(GrownValue&&) noexcept = default;

Refused GrownValue::add(std::string_view raw, PartsLeft& parts, size_t depth) {
  const JsonKind kind = json_kind(raw);
  if (kind_ == JsonKind::kAbsent || kind_ == JsonKind::kNull) {
    take_first(kind, raw);
    return std::nullopt;
  }
  if (kind == JsonKind::kNull) return std::nullopt;
  if (kind != kind_ && !(is_scalar(kind) && is_scalar(kind_))) return Unconvertible::kMember;
  switch (kind) {
    case JsonKind::kArray:
      append_part(text_, json_inside(raw));
      return std::nullopt;
    case JsonKind::kObject:
      return grow_object(raw, parts, depth);
    case JsonKind::kString:
      if (text_ == kEmptyString) text_.assign(raw);
      if (raw == text_ || raw == kEmptyString) return std::nullopt;
      return Unconvertible::kMember;
    default:
      take_first(kind, raw);
      return std::nullopt;
  }
}

void GrownValue::take_first(JsonKind kind, std::string_view raw) {
  kind_ = kind;
  text_.assign(kind == JsonKind::kArray ? json_inside(raw) : raw);
}

Refused GrownValue::grow_object(std::string_view raw, PartsLeft& parts, size_t depth) {
  if (depth == kDepthMax) return Unconvertible::kTooLarge;
  if (members_ == nullptr) {
    members_ = std::make_unique<GrownMembers>(depth + 1);
    const std::string first = std::exchange(text_, {});
    if (const Refused refused = members_->add_all(first, parts)) return refused;
  }
  return members_->add_all(raw, parts);
}

void GrownValue::write(RawWriter& out) const {
  if (members_ != nullptr) {
    out.begin_object();
    members_->write(out);
    out.end_object();
  } else if (kind_ == JsonKind::kArray) {
    out.begin_array().joined(text_).end_array();
  } else {
    out.value(text_);
  }
}

Refused GrownMembers::add(std::string_view name, std::string_view raw, PartsLeft& parts) {
  GrownValue* value = table_.find_or_add(name, parts);
  return value == nullptr ? Unconvertible::kTooLarge : value->add(raw, parts, depth_);
}

Refused GrownMembers::add_all(std::string_view object, PartsLeft& parts) {
  return visit_members(
      object, [&](std::string_view name, std::string_view raw) { return add(name, raw, parts); });
}

void GrownMembers::write(RawWriter& out) const {
  for (const auto& [name, value] : table_.entries()) {
    out.key(name);
    value.write(out);
  }
}

Refused LatestMembers::add(std::string_view name, std::string_view raw, PartsLeft& parts) {
  std::string* kept = table_.find_or_add(name, parts);
  if (kept == nullptr) return Unconvertible::kTooLarge;
  keep_latest(*kept, raw);
  return std::nullopt;
}

void LatestMembers::write(RawWriter& out) const {
  for (const auto& [name, raw] : table_.entries()) out.member(name, raw);
}

Refused OverlaidMembers::add(std::string_view name, std::string_view raw, PartsLeft& parts) {
  Value* value = table_.find_or_add(name, parts);
  return value == nullptr ? Unconvertible::kTooLarge : overlay(*value, raw, parts);
}

Refused OverlaidMembers::overlay(Value& value, std::string_view raw, PartsLeft& parts) {
  const bool merges = is_json_object(value.raw) && is_json_object(raw);
  if (!merges) {
    keep_latest(value.raw, raw);
    if (!is_json_object(value.raw)) value.members.reset();
    return std::nullopt;
  }
  const auto take = [&](std::string_view name, std::string_view member) {
    return value.members->add(name, member, parts);
  };
  if (value.members == nullptr) {
    value.members = std::make_unique<LatestMembers>();
    if (const Refused refused = visit_members(value.raw, take)) return refused;
    value.raw = "{}";
  }
  return visit_members(raw, take);
}

void OverlaidMembers::write(RawWriter& out) const {
  for (const auto& [name, value] : table_.entries()) {
    out.key(name);
    if (value.members == nullptr) {
      out.value(value.raw);
      continue;
    }
    out.begin_object();
    value.members->write(out);
    out.end_object();
  }
}

}  // namespace reprise::openai
