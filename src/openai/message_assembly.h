#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "openai/audio_assembly.h"
#include "openai/delta_values.h"
#include "openai/tool_assembly.h"

namespace reprise::openai {

// DetailsAssembly: `reasoning_details`: elements of one index and type are pieces of one element.
class DetailsAssembly {
 public:
  Refused add(std::string_view raw, PartsLeft& parts);
  bool present() const { return kind_ != JsonKind::kAbsent; }
  void write(RawWriter& out) const;

 private:
  struct Detail {
    MemberTable<JoinedText> texts;  // text, summary, data
    MemberTable<std::string> rest;  // of which the first value that is not null counts
    Refused add(std::string_view name, std::string_view raw, PartsLeft& parts);
  };

  Refused add_element(std::string_view element, PartsLeft& parts);
  Detail* detail_of(std::string_view element, PartsLeft& parts);

  JsonKind kind_ = JsonKind::kAbsent;
  std::vector<Detail> details_;
  std::map<std::pair<std::string, std::string>, size_t> places_;  // by index and type
};

// MessageAssembly: the message that the deltas of a choice add up to.
class MessageAssembly {
 public:
  Refused add(RawCursor& delta, PartsLeft& parts);
  Refused finish() { return audio_.finish(); }
  // After finish().
  void write(RawWriter& out) const;

 private:
  enum Text : size_t { kContent, kRefusal, kReasoningContent, kReasoning, kThinking, kToolPlan };
  static constexpr std::array<std::string_view, 6> kTextNames = {
      "content", "refusal", "reasoning_content", "reasoning", "thinking", "tool_plan"};

  Refused add_member(std::string_view name, RawCursor& value, PartsLeft& parts);
  Refused add_role(std::string_view raw);
  void write_content(RawWriter& out) const;

  SettledText role_;
  std::array<JoinedText, kTextNames.size()> texts_;
  CallAssembly function_call_{"arguments"};
  bool has_function_call_ = false;  // if only null
  ToolsAssembly tools_;
  AudioAssembly audio_;
  DetailsAssembly details_;
  GrownMembers others_;
};

}  // namespace reprise::openai
