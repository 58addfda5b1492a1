#include "openai/message_assembly.h"

#include <algorithm>

namespace reprise::openai {

Refused DetailsAssembly::add(std::string_view raw, PartsLeft& parts) {
  if (json_given(raw) && !is_json_array(raw)) return Unconvertible::kMember;
  if (!present() || json_given(raw)) kind_ = json_kind(raw);
  if (!json_given(raw)) return std::nullopt;
  return visit_elements(raw, [&](std::string_view element) { return add_element(element, parts); });
}

Refused DetailsAssembly::add_element(std::string_view element, PartsLeft& parts) {
  if (!is_json_object(element)) return Unconvertible::kMember;
  Detail* detail = detail_of(element, parts);
  if (detail == nullptr) return Unconvertible::kTooLarge;
  return visit_members(element, [&](std::string_view name, std::string_view raw) {
    return detail->add(name, raw, parts);
  });
}

// Null if there may be no more of them.
DetailsAssembly::Detail* DetailsAssembly::detail_of(std::string_view element, PartsLeft& parts) {
  const std::string_view index = json_member(element, "index");
  // Without an index nothing says that two elements are pieces of one.
  if (json_given(index)) {
    const auto [at, is_new] = places_.try_emplace(
        {std::string(index), std::string(json_member(element, "type"))}, details_.size());
    if (!is_new) return &details_[at->second];
  }
  return parts.take() ? &details_.emplace_back() : nullptr;
}

Refused DetailsAssembly::Detail::add(std::string_view name, std::string_view raw,
                                     PartsLeft& parts) {
  if (name == "text" || name == "summary" || name == "data") {
    JoinedText* text = texts.find_or_add(name, parts);
    return text == nullptr ? Unconvertible::kTooLarge : text->add(raw);
  }
  std::string* kept = rest.find_or_add(name, parts);
  if (kept == nullptr) return Unconvertible::kTooLarge;
  if (!json_given(*kept)) kept->assign(raw);
  return std::nullopt;
}

void DetailsAssembly::write(RawWriter& out) const {
  if (kind_ != JsonKind::kArray) {
    out.value("null");
    return;
  }
  out.begin_array();
  for (const Detail& detail : details_) {
    out.begin_object();
    for (const auto& [name, raw] : detail.rest.entries()) out.member(name, raw);
    for (const auto& [name, text] : detail.texts.entries()) {
      out.key(name);
      text.write(out);
    }
    out.end_object();
  }
  out.end_array();
}

Refused MessageAssembly::add(RawCursor& delta, PartsLeft& parts) {
  if (delta.take_null()) return std::nullopt;
  if (delta.kind() != JsonKind::kObject) return Unconvertible::kMalformed;
  return delta.members(
      [&](std::string_view name, RawCursor& value) { return add_member(name, value, parts); });
}

Refused MessageAssembly::add_member(std::string_view name, RawCursor& value, PartsLeft& parts) {
  if (name == "tool_calls") return tools_.add(value, parts);
  if (name == "function_call") {
    has_function_call_ = true;
    return function_call_.add(value, parts);
  }
  const std::string_view raw = value.take();
  for (size_t text = 0; text < kTextNames.size(); ++text) {
    if (name == kTextNames[text]) return texts_[text].add(raw);
  }
  if (name == "role") return add_role(raw);
  if (name == "audio") return audio_.add(raw, parts);
  if (name == "reasoning_details") return details_.add(raw, parts);
  return others_.add(name, raw, parts);
}

Refused MessageAssembly::add_role(std::string_view raw) {
  if (!role_.add(raw)) return Unconvertible::kRole;
  return std::nullopt;
}

void MessageAssembly::write(RawWriter& out) const {
  out.begin_object();
  out.text_member("role", role_.filled() ? std::string_view(role_.content()) : "assistant");
  write_content(out);
  out.key(kTextNames[kRefusal]);
  texts_[kRefusal].write(out);
  for (const size_t text : {kReasoningContent, kReasoning, kThinking, kToolPlan}) {
    if (!texts_[text].present()) continue;
    out.key(kTextNames[text]);
    texts_[text].write(out);
  }
  if (details_.present()) {
    out.key("reasoning_details");
    details_.write(out);
  }
  if (audio_.present()) {
    out.key("audio");
    audio_.write(out);
  }
  if (has_function_call_) {
    out.key("function_call");
    if (function_call_.present()) {
      function_call_.write(out);
    } else {
      out.value("null");
    }
  }
  if (tools_.present()) {
    out.key("tool_calls");
    tools_.write(out);
  }
  others_.write(out);
  out.end_object();
}

// Beside calls "" and null mean the same, and the SDKs give one or the other.
void MessageAssembly::write_content(RawWriter& out) const {
  const JoinedText& content = texts_[kContent];
  out.key(kTextNames[kContent]);
  const bool calls = !tools_.empty() || function_call_.present();
  if (calls && content.content().empty()) {
    out.value("null");
  } else {
    content.write(out);
  }
}

}  // namespace reprise::openai
