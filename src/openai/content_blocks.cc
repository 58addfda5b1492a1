#include "openai/content_blocks.h"

#include <array>
#include <utility>

#include "base/json.h"

namespace reprise::openai {

namespace {

enum class Growth : uint8_t { kJoin, kSet, kAppend, kInput };

// DeltaKind: a delta, what it carries, and what that does to which member of which block.
struct DeltaKind {
  std::string_view type;
  std::string_view carries;
  std::string_view block_type;  // empty: any that has input
  std::string_view member;
  Growth growth;
};

constexpr std::array<DeltaKind, 5> kDeltas = {{
    {"text_delta", "text", "text", "text", Growth::kJoin},
    {"thinking_delta", "thinking", "thinking", "thinking", Growth::kJoin},
    {"signature_delta", "signature", "thinking", "signature", Growth::kSet},
    {"citations_delta", "citation", "text", "citations", Growth::kAppend},
    {"input_json_delta", "partial_json", "", "input", Growth::kInput},
}};

const DeltaKind* find_kind(std::string_view type) {
  for (const DeltaKind& kind : kDeltas) {
    if (kind.type == type) return &kind;
  }
  return nullptr;
}

std::string_view type_of(std::string_view object) {
  const std::string_view type = json_member(object, "type");
  return is_json_string(type) ? json_inside(type) : std::string_view();
}

// Delta: what is added to a block: one member that is not null, usually.
struct Delta {
  std::string_view type;
  std::string_view name;
  std::string_view piece;
  bool has_others = false;
};

Delta read_delta(std::string_view raw) {
  Delta delta;
  base::for_each_json_member(raw, [&delta](std::string_view name, std::string_view value) {
    if (name == "type") {
      if (is_json_string(value)) delta.type = json_inside(value);
    } else if (json_given(value)) {
      delta.has_others = json_given(delta.piece);
      delta.name = name;
      delta.piece = value;
    }
  });
  return delta;
}

bool has_input(std::string_view block_type) { return block_type.ends_with("tool_use"); }

// Puts `content` at the end of what is inside `value`, which closes with one byte.
void extend(std::string& value, std::string_view content) {
  const char closing = value.back();
  value.pop_back();
  value.append(content) += closing;
}

Refused join(std::string& value, std::string_view piece) {
  if (json_given(value) && !is_json_string(value)) return Unconvertible::kContent;
  if (!json_given(value)) value = R"("")";
  extend(value, json_inside(piece));
  return std::nullopt;
}

Refused append(std::string& value, std::string_view element) {
  if (json_given(value) && !is_json_array(value)) return Unconvertible::kContent;
  if (!json_given(value)) value = "[]";
  if (value.size() > 2) extend(value, ",");
  extend(value, element);
  return std::nullopt;
}

}  // namespace

Refused ContentBlocks::start(uint32_t index, std::string_view block, PartsLeft& parts) {
  if (!is_json_object(block) || has(index)) return Unconvertible::kMalformed;
  if (!parts.take()) return Unconvertible::kTooLarge;
  Block& added = blocks_[index];
  added.type = type_of(block);
  return visit_members(block, [&](std::string_view name, std::string_view raw) -> Refused {
    std::string* value = added.members.find_or_add(name, parts);
    if (value == nullptr) return Unconvertible::kTooLarge;
    *value = raw;
    return std::nullopt;
  });
}

Refused ContentBlocks::grow(uint32_t index, std::string_view raw, PartsLeft& parts) {
  const auto found = blocks_.find(index);
  if (found == blocks_.end() || !is_json_object(raw)) return Unconvertible::kMalformed;
  Block& block = found->second;
  const Delta delta = read_delta(raw);
  const DeltaKind* kind = find_kind(delta.type);
  if (kind == nullptr) return Unconvertible::kEvent;
  const bool fits =
      kind->growth == Growth::kInput ? has_input(block.type) : kind->block_type == block.type;
  if (!fits) return Unconvertible::kMember;
  const std::string_view piece = delta.piece;
  if (!json_given(piece)) return std::nullopt;
  // What it says besides would get lost.
  if (delta.has_others || delta.name != kind->carries) return Unconvertible::kMember;
  if (kind->growth != Growth::kAppend && !is_json_string(piece)) return Unconvertible::kContent;
  if (kind->growth == Growth::kInput) {
    block.input.append(json_inside(piece));
    return std::nullopt;
  }
  std::string* value = block.members.find_or_add(kind->member, parts);
  if (value == nullptr) return Unconvertible::kTooLarge;
  if (kind->growth == Growth::kJoin) return join(*value, piece);
  if (kind->growth == Growth::kAppend) return append(*value, piece);
  *value = piece;
  return std::nullopt;
}

Refused ContentBlocks::write(RawWriter& out) const {
  base::JsonNormaliser normaliser;
  out.begin_array();
  for (const auto& [index, block] : blocks_) {
    if (out.overflowed()) break;
    std::string_view input;
    if (!block.input.empty()) {
      const std::string text = base::json_string_value("\"" + block.input + "\"");
      if (const Refused refused = refused_for(normaliser.read(text))) return refused;
      input = normaliser.text();
    }
    write_block(out, block, input);
  }
  out.end_array();
  return std::nullopt;
}

// `input`: what its pieces add up to; if there were none, the block has the one it started with.
void ContentBlocks::write_block(RawWriter& out, const Block& block, std::string_view input) {
  bool due = has_input(block.type);
  out.begin_object();
  for (const auto& [name, value] : block.members.entries()) {
    if (due && name == "input") {
      due = false;
      const std::string_view started = json_given(value) ? std::string_view(value) : "{}";
      out.member(name, input.empty() ? started : input);
    } else {
      out.member(name, value);
    }
  }
  if (due) out.member("input", input.empty() ? "{}" : input);
  out.end_object();
}

}  // namespace reprise::openai
