#include "openai/synthesise_message.h"

#include <utility>

namespace reprise::openai {

namespace {

// CallKind: what a call is called, and which member of it comes in pieces.
struct CallKind {
  std::string_view name;
  std::string_view text;
};

constexpr CallKind kFunction{"function", "arguments"};
constexpr CallKind kCustom{"custom", "input"};
constexpr CallKind kFunctionCall{"function_call", "arguments"};

bool is_text_or_nothing(std::string_view raw) { return is_json_string(raw) || !json_given(raw); }

Refused check_call(std::string_view call, const CallKind& kind) {
  if (!json_given(call)) return std::nullopt;
  if (!is_json_object(call)) return Unconvertible::kMalformed;
  if (!is_text_or_nothing(json_member(call, "name"))) return Unconvertible::kTool;
  return is_text_or_nothing(json_member(call, kind.text)) ? Refused() : Unconvertible::kContent;
}

Refused check_tool(std::string_view tool) {
  if (!is_json_object(tool)) return Unconvertible::kMalformed;
  for (const std::string_view name : {"id", "type"}) {
    if (!is_text_or_nothing(json_member(tool, name))) return Unconvertible::kTool;
  }
  for (const CallKind& kind : {kFunction, kCustom}) {
    if (const Refused refused = check_call(json_member(tool, kind.name), kind)) return refused;
  }
  return std::nullopt;
}

// Everything of a call but its text, which is to come.
void write_call_header(RawWriter& out, std::string_view call, const CallKind& kind) {
  out.begin_object();
  const std::string_view name = json_member(call, "name");
  if (json_given(name)) out.member("name", name);
  out.text_member(kind.text, "");
  base::for_each_json_member(call, [&](std::string_view member, std::string_view raw) {
    if (member != "name" && member != kind.text) out.member(member, raw);
  });
  out.end_object();
}

void write_tool_header(RawWriter& out, std::string_view tool, uint32_t index) {
  out.key("tool_calls").begin_array().begin_object().number_member("index", index);
  for (const std::string_view name : {"id", "type"}) {
    const std::string_view raw = json_member(tool, name);
    if (json_given(raw)) out.member(name, raw);
  }
  base::for_each_json_member(tool, [&](std::string_view name, std::string_view raw) {
    if (name == "index" || name == "id" || name == "type") return;
    const bool is_function = name == kFunction.name;
    if (!is_function && name != kCustom.name) {
      out.member(name, raw);
    } else if (json_given(raw)) {
      out.key(name);
      write_call_header(out, raw, is_function ? kFunction : kCustom);
    }
  });
  out.end_object().end_array();
}

std::string_view call_text(std::string_view call, const CallKind& kind) {
  if (!json_given(call)) return {};
  const std::string_view raw = json_member(call, kind.text);
  return json_given(raw) ? json_inside(raw) : std::string_view();
}

void write_tool(ChoiceWriter& choice, std::string_view tool, uint32_t index) {
  write_tool_header(choice.begin(), tool, index);
  choice.end();
  for (const CallKind& kind : {kFunction, kCustom}) {
    const std::string_view text = call_text(json_member(tool, kind.name), kind);
    choice.write_pieces(text, [&](RawWriter& out, std::string_view piece) {
      out.key("tool_calls").begin_array().begin_object().number_member("index", index);
      out.key(kind.name).begin_object().text_member(kind.text, piece).end_object();
      out.end_object().end_array();
    });
  }
}

void write_function_call(ChoiceWriter& choice, std::string_view call) {
  write_call_header(choice.begin().key(kFunctionCall.name), call, kFunctionCall);
  choice.end();
  const auto write = [](RawWriter& out, std::string_view piece) {
    out.key(kFunctionCall.name).begin_object().text_member(kFunctionCall.text, piece).end_object();
  };
  choice.write_pieces(call_text(call, kFunctionCall), write);
}

}  // namespace

Refused WholeMessage::read(std::string_view raw) {
  return visit_members(raw, [this](std::string_view name, std::string_view value) {
    return read_member(name, value);
  });
}

Refused WholeMessage::read_member(std::string_view name, std::string_view raw) {
  for (size_t text = 0; text < kTextNames.size(); ++text) {
    if (name == kTextNames[text]) return read_text(text, raw);
  }
  if (name == "role") {
    role_ = raw;
    return is_text_or_nothing(raw) ? Refused() : Unconvertible::kRole;
  }
  if (name == kFunctionCall.name && json_given(raw)) {
    function_call_ = raw;
    return check_call(raw, kFunctionCall);
  }
  if (name == "tool_calls" && json_given(raw) && raw != "[]") {
    if (!is_json_array(raw)) return Unconvertible::kMalformed;
    tool_calls_ = raw;
    return visit_elements(raw, check_tool);
  }
  append_member(others_, name, raw);
  return std::nullopt;
}

// Nothing comes in no pieces: that a member is there, and null or empty, is said whole; but no
// refusal is what everybody takes for granted.
Refused WholeMessage::read_text(size_t text, std::string_view raw) {
  if (!is_text_or_nothing(raw)) return Unconvertible::kContent;
  if (is_json_string(raw)) texts_[text] = json_inside(raw);
  if (text == kContent) {
    content_ = is_json_string(raw) ? "\"\"" : "null";
  } else if (texts_[text].empty() && !(text == kRefusal && !json_given(raw))) {
    append_member(others_, kTextNames[text], raw);
  }
  return std::nullopt;
}

void WholeMessage::write_role(ChoiceWriter& choice) const {
  RawWriter& out = choice.begin();
  out.member("role", is_json_string(role_) && role_.size() > 2 ? role_ : "\"assistant\"");
  out.member("content", content_);
  choice.end();
}

void WholeMessage::write_rest(ChoiceWriter& choice) const {
  for (size_t text = 0; text < kTextNames.size(); ++text) {
    choice.write_pieces(texts_[text], [text](RawWriter& out, std::string_view piece) {
      out.text_member(kTextNames[text], piece);
    });
  }
  uint32_t index = 0;
  base::for_each_json_element(tool_calls_, [&](std::string_view tool) {
    if (!choice.overflowed()) write_tool(choice, tool, index++);
  });
  if (!function_call_.empty()) write_function_call(choice, function_call_);
  if (others_.empty()) return;
  choice.begin().joined(others_);
  choice.end();
}

}  // namespace reprise::openai
