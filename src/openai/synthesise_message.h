#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "openai/chunk_writer.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// WholeMessage: the message of a whole answer, which is said again in deltas. Views into it.
class WholeMessage {
 public:
  // Takes apart `raw`, an object. Refuses content that is no text, and calls that are none.
  Refused read(std::string_view raw);

  // After read(): the delta that opens the choice, and all the others but the one that finishes it.
  void write_role(ChoiceWriter& choice) const;
  void write_rest(ChoiceWriter& choice) const;

 private:
  static constexpr std::array<std::string_view, 6> kTextNames = {
      "reasoning_content", "reasoning", "thinking", "tool_plan", "content", "refusal"};
  static constexpr size_t kContent = 4;
  static constexpr size_t kRefusal = 5;

  Refused read_member(std::string_view name, std::string_view raw);
  Refused read_text(size_t text, std::string_view raw);

  std::string_view role_;
  std::string_view content_ = "null";
  std::array<std::string_view, kTextNames.size()> texts_;  // what is inside; empty ones are others
  std::string_view function_call_;
  std::string_view tool_calls_;
  std::string others_;  // members, joined
};

}  // namespace reprise::openai
