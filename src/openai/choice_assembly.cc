#include "openai/choice_assembly.h"

namespace reprise::openai {

Refused ChoiceAssembly::add(RawCursor& choice, PartsLeft& parts) {
  return choice.members(
      [&](std::string_view name, RawCursor& value) { return add_member(name, value, parts); });
}

Refused ChoiceAssembly::add_member(std::string_view name, RawCursor& value, PartsLeft& parts) {
  if (name == "delta" && kind_ == ChoiceKind::kMessage) return message_.add(value, parts);
  const std::string_view raw = value.take();
  if (name == "index") return std::nullopt;
  if (name == "finish_reason") return add_finish(raw);
  if (name == "logprobs") return add_logprobs(raw, parts);
  if (name == "text" && kind_ == ChoiceKind::kText) return text_.add(raw);
  // A form of chunk that is none of its route's.
  if (name == "delta" || name == "message") {
    return json_given(raw) ? Refused(Unconvertible::kEvent) : std::nullopt;
  }
  if (name == "error" && json_given(raw)) return Unconvertible::kMalformed;
  if (name != "token_ids") return others_.add(name, raw, parts);
  has_token_ids_ = true;
  return token_ids_.add(raw, parts);
}

// Some servers write "" where others write null.
Refused ChoiceAssembly::add_finish(std::string_view raw) {
  if (!json_given(raw)) return std::nullopt;
  if (!is_json_string(raw)) return Unconvertible::kMalformed;
  if (raw.size() > 2) finish_reason_.assign(raw);
  return std::nullopt;
}

Refused ChoiceAssembly::add_logprobs(std::string_view raw, PartsLeft& parts) {
  if (!json_given(raw)) return std::nullopt;
  return is_json_object(raw) ? logprobs_.add(raw, parts) : Unconvertible::kMember;
}

Refused ChoiceAssembly::finish() {
  if (finish_reason_.empty()) return Unconvertible::kMalformed;
  return message_.finish();
}

void ChoiceAssembly::write(RawWriter& out, uint32_t index) const {
  out.begin_object();
  if (kind_ == ChoiceKind::kMessage) {
    out.number_member("index", index).key("message");
    message_.write(out);
  } else {
    out.text_member("text", text_.content()).number_member("index", index);
  }
  out.key("logprobs");
  if (logprobs_.is_object()) {
    logprobs_.write(out);
  } else {
    out.value("null");
  }
  out.member("finish_reason", finish_reason_);
  if (has_token_ids_) {
    out.key("token_ids");
    token_ids_.write(out);
  }
  others_.write(out);
  out.end_object();
}

}  // namespace reprise::openai
