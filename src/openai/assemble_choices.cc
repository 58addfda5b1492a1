#include "openai/assemble_choices.h"

#include <map>
#include <string>
#include <tuple>

#include "openai/choice_assembly.h"
#include "openai/chunk_head.h"
#include "openai/event_texts.h"

namespace reprise::openai {

namespace {

// ChoicesAssembly: the answer that the chunks of one stream add up to.
class ChoicesAssembly {
 public:
  explicit ChoicesAssembly(ChoiceKind kind) : kind_(kind) {}

  Refused add(const EventText& event);
  Refused finish();
  Converted write(size_t bytes_max) const;

 private:
  Refused add_member(std::string_view name, std::string_view raw);
  Refused add_choices(std::string_view choices);
  Refused add_choice(std::string_view choice, bool alone);
  Refused add_usage(std::string_view raw);

  const ChoiceKind kind_;
  std::string opening_ = "{";  // what the last chunk said before its choices
  PartsLeft parts_;
  ChunkHead head_;
  std::map<uint32_t, ChoiceAssembly> choices_;
  std::string usage_;
  LatestMembers others_;
};

Refused ChoicesAssembly::add(const EventText& event) {
  if (event.json.empty()) return std::nullopt;  // [DONE]
  if (event.name == "error") return Unconvertible::kMalformed;
  // What the last chunk said as well needs no second look.
  std::string_view chunk = event.json;
  if (chunk.starts_with(opening_)) {
    chunk.remove_prefix(opening_.size() - 1);
  } else {
    opening_ = "{";
  }
  return visit_members(chunk, [&](std::string_view name, std::string_view raw) {
    if (name == "choices") opening_.assign(event.json.data(), name.data() - 1);
    return add_member(name, raw);
  });
}

Refused ChoicesAssembly::add_member(std::string_view name, std::string_view raw) {
  if (name == "choices") return add_choices(raw);
  if (name == "usage") return add_usage(raw);
  if (head_.add(name, raw) || name == "obfuscation") return std::nullopt;
  if (name == "error" && json_given(raw)) return Unconvertible::kMalformed;
  return others_.add(name, raw, parts_);
}

Refused ChoicesAssembly::add_usage(std::string_view raw) {
  if (!json_given(raw)) return std::nullopt;
  if (!is_json_object(raw)) return Unconvertible::kMalformed;
  usage_.assign(raw);
  return std::nullopt;
}

Refused ChoicesAssembly::add_choices(std::string_view choices) {
  if (!json_given(choices)) return std::nullopt;
  if (!is_json_array(choices)) return Unconvertible::kMalformed;
  return visit_elements(choices, [this, choices](std::string_view choice) {
    return add_choice(choice, choice.size() == json_inside(choices).size());
  });
}

Refused ChoicesAssembly::add_choice(std::string_view choice, bool alone) {
  if (!is_json_object(choice)) return Unconvertible::kMalformed;
  const std::string_view raw = json_member(choice, "index");
  const bool missing = !json_given(raw);
  const std::optional<uint32_t> index = missing ? 0 : json_count(raw);
  if (!index || (missing && !alone)) return Unconvertible::kMalformed;
  auto at = choices_.find(*index);
  if (at == choices_.end()) {
    if (!parts_.take(ChoiceAssembly::kParts)) return Unconvertible::kTooLarge;
    at = choices_
             .emplace(std::piecewise_construct, std::forward_as_tuple(*index),
                      std::forward_as_tuple(kind_))
             .first;
  }
  return at->second.add(choice, parts_);
}

Refused ChoicesAssembly::finish() {
  if (choices_.empty()) return Unconvertible::kMalformed;
  for (auto& [index, choice] : choices_) {
    if (const Refused refused = choice.finish()) return refused;
  }
  return std::nullopt;
}

Converted ChoicesAssembly::write(size_t bytes_max) const {
  RawWriter out(bytes_max);
  out.begin_object();
  head_.write(out, kind_ == ChoiceKind::kMessage ? "chat.completion" : "text_completion");
  out.key("choices").begin_array();
  for (const auto& [index, choice] : choices_) choice.write(out, index);
  out.end_array();
  if (!usage_.empty()) out.member("usage", usage_);
  head_.write_service(out);
  others_.write(out);
  out.end_object();
  return std::move(out).take();
}

Converted assemble_choices(ChoiceKind kind, std::string_view stream, size_t bytes_max) {
  ChoicesAssembly assembly(kind);
  Refused refused =
      read_events(stream, [&assembly](const EventText& event) { return assembly.add(event); });
  if (!refused) refused = assembly.finish();
  if (refused) return tl::unexpected(*refused);
  return assembly.write(bytes_max);
}

}  // namespace

Converted assemble_chat(std::string_view stream, size_t bytes_max) {
  return assemble_choices(ChoiceKind::kMessage, stream, bytes_max);
}

Converted assemble_completions(std::string_view stream, size_t bytes_max) {
  return assemble_choices(ChoiceKind::kText, stream, bytes_max);
}

}  // namespace reprise::openai
