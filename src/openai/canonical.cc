#include "openai/canonical.h"

#include <algorithm>

#include "http/fields.h"

namespace reprise::openai {

namespace {

using JsonMember = base::JsonNormaliser::Member;

// Up to here the names are compared where they stand.
constexpr size_t kSmallBodyMembers = 64;

BypassReason reason_of(base::JsonFault fault) {
  switch (fault) {
    case base::JsonFault::kNotObject:
      return BypassReason::kNotObject;
    case base::JsonFault::kUtf8:
      return BypassReason::kInvalidUtf8;
    case base::JsonFault::kSurrogate:
      return BypassReason::kLoneSurrogate;
    case base::JsonFault::kDuplicate:
      return BypassReason::kDuplicateMember;
    case base::JsonFault::kDepth:
      return BypassReason::kDepth;
    case base::JsonFault::kMembers:
      return BypassReason::kTooManyMembers;
    case base::JsonFault::kTrailing:
      return BypassReason::kTrailingBytes;
    case base::JsonFault::kTooLarge:
      return BypassReason::kBodyTooLarge;
    default:
      return BypassReason::kNotJson;
  }
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lowered;
}

struct NameTraits {
  bool non_ascii;
  bool upper;
};

NameTraits traits_of(std::string_view name) {
  unsigned bits = 0;
  unsigned upper = 0;
  for (const char c : name) {
    bits |= static_cast<unsigned char>(c);
    upper |= static_cast<unsigned>(static_cast<unsigned char>(c) - unsigned{'A'} < 26);
  }
  return {bits >= 0x80, upper != 0};
}

// Anything else some servers take for true or false and some refuse.
bool is_stream_choice(std::string_view value) {
  return value == "true" || value == "false" || value == "null";
}

bool is_form_option(std::string_view name) {
  return name == "include_usage" || name == "include_obfuscation";
}

bool folds_to_form_option(std::string_view name) {
  return !is_form_option(name) &&
         (http::iequals(name, "include_usage") || http::iequals(name, "include_obfuscation"));
}

}  // namespace

std::optional<BypassReason> CanonicalBody::read(Route route, std::string_view body,
                                                std::span<const std::string> ignored) {
  members_.clear();
  form_ = Form{};
  const base::JsonFault fault = json_.read(body);
  if (fault != base::JsonFault::kNone) return reason_of(fault);
  if (const auto reason = check_names()) return reason;
  sort();
  for (const JsonMember& found : sorted_) {
    const Member member{json_.whole(found), found.name_size};
    const FieldRole role = field_role(route, member.name());
    if (is_stateful(role, member.value())) return BypassReason::kStateful;
    // After the rules: a member that is ignored has its effects all the same.
    const size_t kept = members_.size();
    if (const auto reason = take(role, member)) return reason;
    const auto is_ignored = [&](const std::string& name) { return name == member.name(); };
    if (std::any_of(ignored.begin(), ignored.end(), is_ignored)) members_.resize(kept);
  }
  return std::nullopt;
}

std::optional<BypassReason> CanonicalBody::check_names() {
  bool any_upper = false;
  for (const JsonMember& member : json_.members()) {
    const std::string_view name = json_.name(member);
    const NameTraits traits = traits_of(name);
    if (traits.non_ascii) return BypassReason::kNameCase;
    if (!traits.upper) continue;
    if (folds_to_known_field(name)) return BypassReason::kNameCase;
    any_upper = true;
  }
  if (any_upper && names_differ_only_in_case()) return BypassReason::kNameCase;
  return std::nullopt;
}

// Where case is ignored, the order of such members decides, and sorting would lose it.
bool CanonicalBody::names_differ_only_in_case() {
  order_.clear();
  for (const JsonMember& member : json_.members()) order_.add(lower(json_.name(member)));
  order_.sort();
  return order_.has_equal_names();
}

// By code point of the unescaped names.
void CanonicalBody::sort() {
  const std::vector<JsonMember>& members = json_.members();
  const bool escaped =
      std::any_of(members.begin(), members.end(), [this](const JsonMember& member) {
        return json_.name(member).find('\\') != std::string_view::npos;
      });
  if (!escaped && members.size() <= kSmallBodyMembers) {
    sorted_.assign(members.begin(), members.end());
    std::sort(sorted_.begin(), sorted_.end(), [this](const JsonMember& a, const JsonMember& b) {
      return a.prefix != b.prefix ? a.prefix < b.prefix : json_.name(a) < json_.name(b);
    });
    return;
  }
  order_.clear();
  for (const JsonMember& member : members) {
    order_.add(
        base::json_string_value(json_.whole(member).substr(0, member.name_size + size_t{2})));
  }
  order_.sort();
  sorted_.clear();
  for (const NameOrder::Place& place : order_.places()) sorted_.push_back(members[place.index]);
}

// Keeps `member` if it is part of the question.
std::optional<BypassReason> CanonicalBody::take(FieldRole role, const Member& member) {
  switch (role) {
    case FieldRole::kStream:
      return read_stream(member.value());
    case FieldRole::kUnusedStream:
      members_.push_back(member);
      return is_stream_choice(member.value()) ? std::nullopt
                                              : std::optional(BypassReason::kStreamNotBoolean);
    case FieldRole::kStreamOptions:
      return read_stream_options(member);
    case FieldRole::kIdentity:
      return std::nullopt;
    default:
      members_.push_back(member);
      return std::nullopt;
  }
}

std::optional<BypassReason> CanonicalBody::read_stream(std::string_view value) {
  if (!is_stream_choice(value)) return BypassReason::kStreamNotBoolean;
  form_.stream = value == "true";
  return std::nullopt;
}

std::optional<BypassReason> CanonicalBody::read_stream_options(const Member& member) {
  if (member.value() == "null") {
    members_.push_back(member);
    return std::nullopt;
  }
  if (member.value().front() != '{') return BypassReason::kStreamOptions;
  bool clear = true;
  constexpr std::string_view kOpening = "\"stream_options\":{";
  stream_options_ = kOpening;
  base::for_each_json_member(member.value(), [&](std::string_view name, std::string_view value) {
    if (!is_form_option(name)) {
      clear = clear && !traits_of(name).non_ascii && !folds_to_form_option(name);
      if (stream_options_.size() > kOpening.size()) stream_options_ += ',';
      stream_options_.append("\"").append(name).append("\":").append(value);
      return;
    }
    clear = clear && (value == "true" || value == "false");
    (name == "include_usage" ? form_.include_usage : form_.include_obfuscation) = value == "true";
  });
  if (!clear) return BypassReason::kStreamOptions;
  if (stream_options_.size() == kOpening.size()) return std::nullopt;
  stream_options_ += '}';
  members_.push_back({stream_options_, member.name_size});
  return std::nullopt;
}

std::string CanonicalBody::model() const {
  for (const JsonMember& member : json_.members()) {
    if (json_.name(member) != "model" || json_.value(member).front() != '"') continue;
    return base::json_string_value(json_.value(member));
  }
  return {};
}

size_t CanonicalBody::text_size() const {
  size_t size = 2;
  for (const Member& member : members_) size += member.whole.size() + 1;
  return members_.empty() ? size : size - 1;
}

void CanonicalBody::append_text(std::string* out) const {
  out->push_back('{');
  for (const Member& member : members_) {
    if (&member != members_.data()) out->push_back(',');
    out->append(member.whole);
  }
  out->push_back('}');
}

}  // namespace reprise::openai
