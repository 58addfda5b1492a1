#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::bench {

enum class Endpoint : uint8_t {
  kUnknown,
  kChatCompletions,
  kCompletions,
  kResponses,
  kResponsesInputTokens,
  kEmbeddings,
  kModerations,
  kMessages,
  kMessagesCountTokens,
  kRerank,
  kModels,
  kHealth,
};

// The endpoint of a path without its query; whatever stands before the known name is ignored, so
// that prefixes and Azure's deployments work.
Endpoint endpoint_of(std::string_view path);

// Tool: something that an answer may call.
struct Tool {
  std::string name;
  bool custom = false;  // takes a text instead of a JSON object
};

// Question: what of a request the answer depends on.
struct Question {
  Endpoint endpoint = Endpoint::kUnknown;
  std::string model = "mock-1";
  std::vector<std::string> inputs;  // raw JSON: prompts, or what is to be embedded
  std::vector<Tool> tools;          // what is to be called; empty: text
  uint64_t seed = 0;
  uint32_t choices = 1;
  uint32_t dimensions = 8;
  uint32_t prompt_tokens = 0;
  bool stream = false;
  bool include_usage = false;
  bool base64 = false;
  bool parallel = false;  // all tools are called, not the first alone
  bool thinks = false;    // it is wanted to tell what it thinks
  bool shaped = false;    // the text has to be JSON
  bool logprobs = false;
  bool obfuscated = false;
};

// Reads `body`; false if it is not a JSON object.
bool read_question(std::string_view body, Question* question);

}  // namespace reprise::bench
