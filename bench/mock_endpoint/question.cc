#include "bench/mock_endpoint/question.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <utility>

#include "bench/mock_endpoint/text.h"

namespace reprise::bench {

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::array<std::pair<std::string_view, Endpoint>, 11> kPaths = {{
    {"/chat/completions", Endpoint::kChatCompletions},
    {"/completions", Endpoint::kCompletions},
    {"/responses/input_tokens", Endpoint::kResponsesInputTokens},
    {"/responses", Endpoint::kResponses},
    {"/embeddings", Endpoint::kEmbeddings},
    {"/moderations", Endpoint::kModerations},
    {"/messages/count_tokens", Endpoint::kMessagesCountTokens},
    {"/messages", Endpoint::kMessages},
    {"/rerank", Endpoint::kRerank},
    {"/models", Endpoint::kModels},
    {"/health", Endpoint::kHealth},
}};

std::string text_of(const object& from, const char* name) {
  std::string_view text;
  return from[name].get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

bool flag_of(const object& from, const char* name) {
  bool flag = false;
  return from[name].get(flag) == simdjson::SUCCESS && flag;
}

uint32_t number_of(const object& from, const char* name, uint32_t otherwise, uint32_t most) {
  uint64_t number = 0;
  if (from[name].get(number) != simdjson::SUCCESS) return otherwise;
  return static_cast<uint32_t>(std::clamp<uint64_t>(number, 1, most));
}

// chat nests the name in a member called as the type; responses and messages have it in the tool.
// What messages call custom is an ordinary function.
std::vector<Tool> tools_of(const object& from, Endpoint endpoint) {
  std::vector<Tool> tools;
  simdjson::dom::array array;
  if (from["tools"].get(array) != simdjson::SUCCESS) return tools;
  if (text_of(from, "tool_choice") == "none") return tools;
  for (const element tool : array) {
    object members;
    if (tool.get(members) != simdjson::SUCCESS) continue;
    Tool read{text_of(members, "name"),
              endpoint != Endpoint::kMessages && text_of(members, "type") == "custom"};
    for (const char* nest : {"function", "custom"}) {
      object nested;
      if (members[nest].get(nested) == simdjson::SUCCESS) read.name = text_of(nested, "name");
    }
    if (!read.name.empty()) tools.push_back(std::move(read));
  }
  return tools;
}

// Whether a member of this name, an object, has a type that says something.
bool typed(const object& from, const char* name, std::string_view but) {
  object inner;
  if (from[name].get(inner) != simdjson::SUCCESS) return false;
  const std::string type = text_of(inner, "type");
  return !type.empty() && type != but;
}

bool is_shaped(const object& from) {
  if (typed(from, "response_format", "text")) return true;
  for (const char* name : {"text", "output_config"}) {
    object outer;
    if (from[name].get(outer) == simdjson::SUCCESS && typed(outer, "format", "text")) return true;
  }
  return false;
}

// chat has a flag, completions have a number, and responses a list of what else to tell.
bool wants_logprobs(const object& from) {
  uint64_t count = 0;
  if (flag_of(from, "logprobs") || from["logprobs"].get(count) == simdjson::SUCCESS) return true;
  simdjson::dom::array include;
  if (from["include"].get(include) != simdjson::SUCCESS) return false;
  return std::any_of(include.begin(), include.end(), [](const element& one) {
    std::string_view name;
    return one.get(name) == simdjson::SUCCESS && name == "message.output_text.logprobs";
  });
}

// All of this is told only if it is asked for: what a server does unasked differs.
void read_wishes(const object& from, Question* question) {
  object inner;
  question->shaped = is_shaped(from);
  question->thinks = typed(from, "thinking", "disabled");
  if (from["reasoning"].get(inner) == simdjson::SUCCESS) {
    question->thinks = !text_of(inner, "summary").empty();
  }
  question->parallel = flag_of(from, "parallel_tool_calls");
  bool alone = true;
  if (from["tool_choice"]["disable_parallel_tool_use"].get(alone) == simdjson::SUCCESS) {
    question->parallel = !alone;
  }
  question->logprobs = wants_logprobs(from);
  if (from["stream_options"].get(inner) == simdjson::SUCCESS) {
    question->include_usage = flag_of(inner, "include_usage");
    question->obfuscated = flag_of(inner, "include_obfuscation");
  }
}

// Token arrays are one input; any other array holds one input per element.
std::vector<std::string> inputs_of(element input) {
  simdjson::dom::array array;
  if (input.get(array) != simdjson::SUCCESS || array.begin() == array.end() ||
      (*array.begin()).is_number()) {
    return {simdjson::minify(input)};
  }
  std::vector<std::string> inputs;
  for (const element item : array) inputs.push_back(simdjson::minify(item));
  return inputs;
}

}  // namespace

Endpoint endpoint_of(std::string_view path) {
  for (const auto& [name, endpoint] : kPaths) {
    if (path.ends_with(name)) return endpoint;
  }
  return path == "/healthz" ? Endpoint::kHealth : Endpoint::kUnknown;
}

bool read_question(std::string_view body, Question* question) {
  simdjson::dom::parser parser;
  object members;
  if (parser.parse(body.data(), body.size()).get(members) != simdjson::SUCCESS) return false;
  if (std::string model = text_of(members, "model"); !model.empty()) {
    question->model = std::move(model);
  }
  for (const char* name : {"messages", "prompt", "input", "query"}) {
    element input;
    if (members[name].get(input) != simdjson::SUCCESS) continue;
    question->inputs = inputs_of(input);
    break;
  }
  std::string text = question->model;
  for (const std::string& input : question->inputs) text += input;
  question->seed = seed_of(text);
  question->prompt_tokens = static_cast<uint32_t>(text.size() / 4 + 1);
  question->choices = number_of(members, "n", 1, 16);
  question->dimensions = number_of(members, "dimensions", 8, 4096);
  question->stream = flag_of(members, "stream");
  question->base64 = text_of(members, "encoding_format") == "base64";
  question->tools = tools_of(members, question->endpoint);
  read_wishes(members, question);
  return true;
}

}  // namespace reprise::bench
