#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "openai/choice_assembly.h"
#include "openai/chunk_head.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// WholeChoice: one choice of a whole answer. Views into the answer.
struct WholeChoice {
  uint32_t index = 0;
  std::string_view held;  // its message, an object, or its text, a string or nothing
  std::string_view finish_reason;
  std::string_view logprobs = "null";
  std::string others;  // members, joined
};

// WholeAnswer: a JSON answer of chat/completions or completions, taken apart.
struct WholeAnswer {
  ChunkHead head;
  std::vector<WholeChoice> choices;  // by index
  std::string_view usage;            // an object or nothing
  std::string others;                // members, joined

  static constexpr size_t kChoicesMax = PartsLeft::kPartsMax / ChoiceAssembly::kParts;
};

// Takes apart `raw`, which must outlive `answer`.
Refused read_whole(std::string_view raw, ChoiceKind kind, WholeAnswer* answer);

}  // namespace reprise::openai
