#include "openai/tool_assembly.h"

#include <algorithm>

namespace reprise::openai {

namespace {

bool is_filled_string(std::string_view raw) { return is_json_string(raw) && raw.size() > 2; }

// The name of what a tool call calls.
std::string_view called_name(std::string_view element) {
  for (const std::string_view kind : {"function", "custom"}) {
    const std::string_view call = json_member(element, kind);
    if (is_json_object(call)) return json_member(call, "name");
  }
  return {};
}

}  // namespace

Refused CallAssembly::add(RawCursor& call, PartsLeft& parts) {
  if (call.take_null()) return std::nullopt;
  if (call.kind() != JsonKind::kObject) return Unconvertible::kMalformed;
  present_ = true;
  return call.members([&](std::string_view name, RawCursor& value) -> Refused {
    const std::string_view raw = value.take();
    if (name == text_name_) return text_.add(raw);
    if (name != "name") return others_.add(name, raw, parts);
    if (!name_.add(raw)) return Unconvertible::kTool;
    return std::nullopt;
  });
}

void CallAssembly::write(RawWriter& out) const {
  out.begin_object();
  if (name_.present()) out.text_member("name", name_.content());
  out.text_member(text_name_, text_.content());
  others_.write(out);
  out.end_object();
}

Refused ToolAssembly::add(RawCursor& element, PartsLeft& parts) {
  return element.members(
      [&](std::string_view name, RawCursor& value) { return add_member(name, value, parts); });
}

Refused ToolAssembly::add_member(std::string_view name, RawCursor& value, PartsLeft& parts) {
  if (name == "function") return function_.add(value, parts);
  if (name == "custom") return custom_.add(value, parts);
  const std::string_view raw = value.take();
  if (name == "index") return std::nullopt;
  if (name == "id" || name == "type") {
    if (!(name == "id" ? id_ : type_).add(raw)) return Unconvertible::kTool;
    return std::nullopt;
  }
  return others_.add(name, raw, parts);
}

void ToolAssembly::write(RawWriter& out) const {
  out.begin_object();
  if (id_.present()) out.text_member("id", id_.content());
  if (type_.filled()) {
    out.text_member("type", type_.content());
  } else if (function_.present() || custom_.present()) {
    out.text_member("type", function_.present() ? "function" : "custom");
  }
  if (function_.present()) {
    out.key("function");
    function_.write(out);
  }
  if (custom_.present()) {
    out.key("custom");
    custom_.write(out);
  }
  others_.write(out);
  out.end_object();
}

Refused ToolsAssembly::add(RawCursor& calls, PartsLeft& parts) {
  if (calls.take_null()) {
    if (!present()) kind_ = JsonKind::kNull;
    return std::nullopt;
  }
  if (calls.kind() != JsonKind::kArray) return Unconvertible::kMalformed;
  kind_ = JsonKind::kArray;
  return calls.elements([&](RawCursor& element) { return add_element(element, parts); });
}

Refused ToolsAssembly::add_element(RawCursor& element, PartsLeft& parts) {
  if (element.kind() != JsonKind::kObject) return Unconvertible::kMalformed;
  if (const Refused refused = place(element.rest(), parts)) return refused;
  return latest_->second.add(element, parts);
}

// Makes the call that `element`, which other text may follow, belongs to the latest one.
Refused ToolsAssembly::place(std::string_view element, PartsLeft& parts) {
  const std::string_view raw = json_member(element, "index");
  if (!json_given(raw)) return place_without_index(element, parts);
  const std::optional<uint32_t> index = json_count(raw);
  if (!index) return Unconvertible::kMalformed;
  if (latest_ != calls_.end() && latest_->first == *index) return std::nullopt;
  return open(*index, parts);
}

// A new id begins a new call; what has none goes on with the latest, unless it names what it calls:
// then it may be a call of its own, whose id the server forgot.
Refused ToolsAssembly::place_without_index(std::string_view element, PartsLeft& parts) {
  if (calls_.empty()) return open(0, parts);
  const std::string_view raw = json_member(element, "id");
  if (!is_filled_string(raw)) {
    return is_filled_string(called_name(element)) ? Refused(Unconvertible::kTool) : std::nullopt;
  }
  const std::string_view id = json_inside(raw);
  if (latest_->second.id().content() == id) return std::nullopt;
  const bool known = std::any_of(calls_.begin(), calls_.end(), [id](const auto& call) {
    return call.second.id().content() == id;
  });
  const uint32_t last = calls_.rbegin()->first;
  if (known || last == UINT32_MAX) return Unconvertible::kTool;
  return open(last + 1, parts);
}

Refused ToolsAssembly::open(uint32_t index, PartsLeft& parts) {
  const auto [at, is_new] = calls_.try_emplace(index);
  latest_ = at;
  if (!is_new) return std::nullopt;
  const bool fits = calls_.size() <= kCallsMax && parts.take();
  return fits ? Refused() : Unconvertible::kTooLarge;
}

void ToolsAssembly::write(RawWriter& out) const {
  if (calls_.empty() && kind_ != JsonKind::kArray) {
    out.value("null");
    return;
  }
  out.begin_array();
  for (const auto& [index, call] : calls_) call.write(out);
  out.end_array();
}

}  // namespace reprise::openai
