#include "openai/whole_answer.h"

#include <algorithm>
#include <utility>

namespace reprise::openai {

namespace {

Refused read_member(std::string_view name, std::string_view raw, ChoiceKind kind,
                    WholeChoice* choice) {
  if (name == "index") return std::nullopt;
  if (name == (kind == ChoiceKind::kMessage ? "message" : "text")) {
    choice->held = raw;
  } else if (name == "finish_reason") {
    choice->finish_reason = raw;
  } else if (name == "logprobs") {
    if (json_given(raw) && !is_json_object(raw)) return Unconvertible::kMember;
    choice->logprobs = raw;
  } else if (name == "message" || name == "delta" || name == "error") {
    // Said by chunks, or of another route: null says nothing, and all else contradicts.
    if (json_given(raw)) return Unconvertible::kMalformed;
  } else {
    append_member(choice->others, name, raw);
  }
  return std::nullopt;
}

Refused check(const WholeChoice& choice, ChoiceKind kind) {
  if (kind == ChoiceKind::kText && json_given(choice.held) && !is_json_string(choice.held)) {
    return Unconvertible::kContent;
  }
  const bool finished = is_json_string(choice.finish_reason) && choice.finish_reason.size() > 2;
  if (!finished || (kind == ChoiceKind::kMessage && !is_json_object(choice.held))) {
    return Unconvertible::kMalformed;
  }
  return std::nullopt;
}

Refused read_choice(std::string_view raw, ChoiceKind kind, WholeAnswer* answer) {
  if (!is_json_object(raw)) return Unconvertible::kMalformed;
  if (answer->choices.size() == WholeAnswer::kChoicesMax) return Unconvertible::kTooLarge;
  WholeChoice choice;
  const Refused refused = visit_members(raw, [&](std::string_view name, std::string_view value) {
    return read_member(name, value, kind, &choice);
  });
  if (refused) return refused;
  const std::string_view given = json_member(raw, "index");
  // If it is missing, it had better be the only one: equal indices are refused below.
  const std::optional<uint32_t> index = json_given(given) ? json_count(given) : 0;
  if (!index) return Unconvertible::kMalformed;
  choice.index = *index;
  answer->choices.push_back(std::move(choice));
  return check(answer->choices.back(), kind);
}

Refused sort_choices(std::vector<WholeChoice>& choices) {
  const auto before = [](const auto& a, const auto& b) { return a.index < b.index; };
  std::sort(choices.begin(), choices.end(), before);
  const auto equal = [](const auto& a, const auto& b) { return a.index == b.index; };
  const bool twice = std::adjacent_find(choices.begin(), choices.end(), equal) != choices.end();
  return choices.empty() || twice ? Refused(Unconvertible::kMalformed) : std::nullopt;
}

Refused read_top(std::string_view name, std::string_view raw, ChoiceKind kind,
                 WholeAnswer* answer) {
  if (name == "choices") {
    if (!is_json_array(raw)) return Unconvertible::kMalformed;
    return visit_elements(
        raw, [&](std::string_view choice) { return read_choice(choice, kind, answer); });
  }
  if (name == "usage") {
    if (json_given(raw) && !is_json_object(raw)) return Unconvertible::kMalformed;
    if (json_given(raw)) answer->usage = raw;
    return std::nullopt;
  }
  if (answer->head.add(name, raw) || name == "obfuscation") return std::nullopt;
  if (name == "error" && json_given(raw)) return Unconvertible::kMalformed;
  append_member(answer->others, name, raw);
  return std::nullopt;
}

}  // namespace

Refused read_whole(std::string_view raw, ChoiceKind kind, WholeAnswer* answer) {
  const Refused refused = visit_members(raw, [&](std::string_view name, std::string_view value) {
    return read_top(name, value, kind, answer);
  });
  return refused ? refused : sort_choices(answer->choices);
}

}  // namespace reprise::openai
