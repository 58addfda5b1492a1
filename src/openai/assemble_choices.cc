#include "openai/assemble_choices.h"

#include <map>
#include <string>
#include <tuple>

#include "openai/choice_assembly.h"
#include "openai/chunk_head.h"
#include "openai/event_texts.h"

namespace reprise::openai {

namespace {

// Whether `array` has no other element than the one that `element` begins with.
bool is_alone(std::string_view element, std::string_view array) {
  return element.data() == array.data() + 1 && element[base::json_value_size(element)] == ']';
}

// ChoicesAssembly: the answer that the chunks of one stream add up to.
class ChoicesAssembly {
 public:
  explicit ChoicesAssembly(ChoiceKind kind) : kind_(kind) {}

  Refused add(const EventText& event);
  Refused finish();
  Converted write(size_t bytes_max) const;

 private:
  Refused add_member(std::string_view name, RawCursor& value);
  Refused add_choices(RawCursor& choices);
  Refused add_choice(RawCursor& choice, std::string_view choices);
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
  return RawCursor(chunk).members([&](std::string_view name, RawCursor& value) {
    if (name == "choices") opening_.assign(event.json.data(), name.data() - 1);
    return add_member(name, value);
  });
}

Refused ChoicesAssembly::add_member(std::string_view name, RawCursor& value) {
  if (name == "choices") return add_choices(value);
  const std::string_view raw = value.take();
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

Refused ChoicesAssembly::add_choices(RawCursor& choices) {
  if (choices.take_null()) return std::nullopt;
  if (choices.kind() != JsonKind::kArray) return Unconvertible::kMalformed;
  const std::string_view all = choices.rest();
  return choices.elements([this, all](RawCursor& choice) { return add_choice(choice, all); });
}

// `choices`: the array it is in, and what follows.
Refused ChoicesAssembly::add_choice(RawCursor& choice, std::string_view choices) {
  if (choice.kind() != JsonKind::kObject) return Unconvertible::kMalformed;
  const std::string_view raw = json_member(choice.rest(), "index");
  const bool missing = !json_given(raw);
  const std::optional<uint32_t> index = missing ? 0 : json_count(raw);
  if (!index || (missing && !is_alone(choice.rest(), choices))) return Unconvertible::kMalformed;
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
