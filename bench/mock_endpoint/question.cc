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

// chat nests the name in `function`; responses and messages have it in the tool itself.
std::string first_tool(const object& from) {
  simdjson::dom::array tools;
  if (from["tools"].get(tools) != simdjson::SUCCESS) return "";
  if (text_of(from, "tool_choice") == "none") return "";
  for (const element tool : tools) {
    object members;
    if (tool.get(members) != simdjson::SUCCESS) continue;
    object function;
    std::string name = members["function"].get(function) == simdjson::SUCCESS
                           ? text_of(function, "name")
                           : text_of(members, "name");
    if (!name.empty()) return name;
  }
  return "";
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
  question->tool = first_tool(members);
  object options;
  if (members["stream_options"].get(options) == simdjson::SUCCESS) {
    question->include_usage = flag_of(options, "include_usage");
  }
  return true;
}

}  // namespace reprise::bench
