#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "openai/delta_values.h"
#include "openai/message_assembly.h"

namespace reprise::openai {

// What a choice holds: `delta` and `message` (chat/completions) or `text` (completions).
enum class ChoiceKind : uint8_t { kMessage, kText };

// ChoiceAssembly: the choice that its chunks add up to.
class ChoiceAssembly {
 public:
  // What it takes of PartsLeft, being as large as some of them.
  static constexpr size_t kParts = 8;

  explicit ChoiceAssembly(ChoiceKind kind) : kind_(kind) {}

  Refused add(RawCursor& choice, PartsLeft& parts);
  // Refuses a choice that never finished.
  Refused finish();
  // After finish().
  void write(RawWriter& out, uint32_t index) const;

 private:
  Refused add_member(std::string_view name, RawCursor& value, PartsLeft& parts);
  Refused add_finish(std::string_view raw);
  Refused add_logprobs(std::string_view raw, PartsLeft& parts);

  const ChoiceKind kind_;
  MessageAssembly message_;
  JoinedText text_;
  std::string finish_reason_;
  GrownValue logprobs_;
  GrownValue token_ids_;
  bool has_token_ids_ = false;
  OverlaidMembers others_;
};

}  // namespace reprise::openai
