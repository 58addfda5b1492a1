#include "openai/body_fields.h"

#include <array>
#include <optional>

#include "base/json.h"
#include "http/fields.h"
#include "openai/name_table.h"

namespace reprise::openai {

namespace {

using RouteSet = uint16_t;

constexpr RouteSet set_of(Route route) {
  return static_cast<RouteSet>(1U << static_cast<unsigned>(route));
}

constexpr RouteSet kChat = set_of(Route::kChatCompletions);
constexpr RouteSet kCompletions = set_of(Route::kCompletions);
constexpr RouteSet kEmbeddings = set_of(Route::kEmbeddings);
constexpr RouteSet kMessages = set_of(Route::kMessages);
// Counting reads the same bodies, so the same members hide state there.
constexpr RouteSet kAnyResponses = set_of(Route::kResponses) | set_of(Route::kResponsesInputTokens);
constexpr RouteSet kAnyMessages = kMessages | set_of(Route::kMessagesCountTokens);
constexpr RouteSet kStreaming = kChat | kCompletions | set_of(Route::kResponses) | kMessages;
constexpr RouteSet kEvery = 0xFFFF;
constexpr RouteSet kNone = 0;

struct Rule {
  std::string_view name;
  RouteSet routes = kNone;
  FieldRole role = FieldRole::kPlain;
};

// Every member with a role, and every other one that the protocol's description names: what folds
// to one of these must be one of these.
constexpr auto kRules = NameTable(std::to_array<Rule>({
    {"stream", kStreaming, FieldRole::kStream},
    {"stream", kEvery & ~kStreaming, FieldRole::kUnusedStream},
    {"stream_options", kChat | kCompletions | set_of(Route::kResponses), FieldRole::kStreamOptions},
    {"user", kChat | kCompletions | kEmbeddings, FieldRole::kIdentity},
    {"metadata", kChat | kMessages, FieldRole::kIdentity},
    {"safety_identifier", kChat, FieldRole::kIdentity},
    {"prompt_cache_key", kChat, FieldRole::kIdentity},
    {"prompt_cache_retention", kChat, FieldRole::kIdentity},
    {"prompt_cache_options", kChat, FieldRole::kIdentity},
    {"store", kEvery, FieldRole::kTrueIsState},
    {"background", kEvery, FieldRole::kTrueIsState},
    {"previous_response_id", kEvery, FieldRole::kAnyIsState},
    {"conversation", kEvery, FieldRole::kAnyIsState},
    {"prompt", kAnyResponses, FieldRole::kAnyIsState},
    {"context_management", kAnyResponses, FieldRole::kSomeIsState},
    {"web_search_options", kChat, FieldRole::kAnyIsState},
    {"modalities", kChat, FieldRole::kModalities},
    {"tools", kAnyResponses, FieldRole::kResponseTools},
    {"tools", kAnyMessages, FieldRole::kMessageTools},
    {"input", kAnyResponses, FieldRole::kInput},
    {"container", kAnyMessages, FieldRole::kAnyIsState},
    {"mcp_servers", kAnyMessages, FieldRole::kSomeIsState},
    {"include_usage"},
    {"include_obfuscation"},
    {"item_reference"},
    {"file_id"},
    {"model"},
    {"encoding_format"},
    {"dimensions"},
    {"service_tier"},
    {"seed"},
    {"n"},
    {"logprobs"},
    {"prediction"},
    {"cache_salt"},
    {"request_id"},
    {"rid"},
    {"echo"},
    {"suffix"},
    {"best_of"},
    {"include"},
    {"text"},
    {"reasoning"},
    {"top_k"},
    {"min_p"},
    {"chat_template_kwargs"},
    {"lora_path"},
    {"keep_alive"},
}));

// A member of a nested object. Nested names that only case tells apart are not what we think they
// are on every server: then it counts as unclear.
struct Found {
  bool unclear = false;
  std::optional<std::string_view> value;

  void look_at(std::string_view wanted, std::string_view name, std::string_view content) {
    if (name == wanted) {
      value = content;
    } else if (http::iequals(name, wanted)) {
      unclear = true;
    }
  }
};

Found find_member(std::string_view object, std::string_view wanted) {
  Found found;
  base::for_each_json_member(object, [&](std::string_view name, std::string_view value) {
    found.look_at(wanted, name, value);
  });
  return found;
}

bool is_array(std::string_view value) { return value.front() == '['; }
bool is_object(std::string_view value) { return value.front() == '{'; }

bool has_state_modality(std::string_view value) {
  if (!is_array(value)) return true;
  bool found = false;
  base::for_each_json_element(value, [&found](std::string_view element) {
    found = found || element.front() != '"' || http::iequals(element, "\"audio\"");
  });
  return found;
}

bool runs_at_the_client_for_responses(std::string_view tool) {
  if (!is_object(tool)) return false;
  const Found type = find_member(tool, "type");
  return !type.unclear && (type.value == "\"function\"" || type.value == "\"custom\"");
}

bool runs_at_the_client_for_messages(std::string_view tool) {
  if (!is_object(tool)) return false;
  const Found type = find_member(tool, "type");
  if (type.unclear) return false;
  if (!type.value || type.value == "null") return true;
  for (const std::string_view name : {"\"custom\"", "\"function\""}) {
    if (*type.value == name) return true;
  }
  // Versioned by a date, and carried out by the caller all the same.
  for (const std::string_view family : {"\"bash_", "\"text_editor_", "\"computer_", "\"memory_"}) {
    if (type.value->starts_with(family)) return true;
  }
  return false;
}

bool has_server_tool(std::string_view value, bool (*runs_at_the_client)(std::string_view)) {
  if (!is_array(value)) return true;
  bool found = false;
  base::for_each_json_element(
      value, [&](std::string_view tool) { found = found || !runs_at_the_client(tool); });
  return found;
}

// An item that is only an id of something kept at the server: its type may be left out.
bool is_reference(std::string_view item) {
  if (!is_object(item)) return true;  // no such item: servers differ
  Found type;
  bool has_role = false;
  base::for_each_json_member(item, [&](std::string_view name, std::string_view value) {
    type.look_at("type", name, value);
    has_role = has_role || name == "role";
  });
  if (type.unclear || type.value == "\"item_reference\"") return true;
  const bool untyped = !type.value || type.value == "null";
  return untyped && !has_role;
}

// A member file_id at any depth. In a normalised text the needle cannot be inside a string, where
// every quote has a backslash before it; it can be a longer name's end, which that backslash tells.
bool names_a_file(std::string_view value) {
  constexpr std::string_view kNeedle = "\"file_id\":";
  for (size_t at = value.find(kNeedle); at != std::string_view::npos;
       at = value.find(kNeedle, at + 1)) {
    const bool is_name = value[at - 1] != '\\';
    if (is_name && !value.substr(at + kNeedle.size()).starts_with("null")) return true;
  }
  return false;
}

bool has_stateful_input(std::string_view value) {
  if (value.front() == '"') return false;
  if (!is_array(value)) return true;
  bool found = false;
  base::for_each_json_element(
      value, [&found](std::string_view item) { found = found || is_reference(item); });
  return found || names_a_file(value);
}

}  // namespace

FieldRole field_role(Route route, std::string_view name) {
  for (const Rule& rule : kRules.of_size(name.size())) {
    if ((rule.routes & set_of(route)) != 0 && rule.name == name) return rule.role;
  }
  return FieldRole::kPlain;
}

bool folds_to_known_field(std::string_view name) {
  for (const Rule& rule : kRules.of_size(name.size())) {
    if (rule.name != name && http::iequals(rule.name, name)) return true;
  }
  return false;
}

bool is_stateful(FieldRole role, std::string_view value) {
  if (value == "null") return false;
  switch (role) {
    case FieldRole::kTrueIsState:
      return value != "false";
    case FieldRole::kAnyIsState:
      return true;
    case FieldRole::kSomeIsState:
      return value != "[]";
    case FieldRole::kModalities:
      return has_state_modality(value);
    case FieldRole::kResponseTools:
      return has_server_tool(value, runs_at_the_client_for_responses);
    case FieldRole::kMessageTools:
      return has_server_tool(value, runs_at_the_client_for_messages);
    case FieldRole::kInput:
      return has_stateful_input(value);
    default:
      return false;
  }
}

}  // namespace reprise::openai
