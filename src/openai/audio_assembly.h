#pragma once

#include <string>
#include <string_view>

#include "openai/delta_values.h"

namespace reprise::openai {

// AudioAssembly: the spoken form of a message.
class AudioAssembly {
 public:
  Refused add(std::string_view raw, PartsLeft& parts);
  bool present() const { return kind_ != JsonKind::kAbsent; }
  // Refuses sound that is no base64.
  Refused finish();
  // After finish().
  void write(RawWriter& out) const;

 private:
  Refused add_sound(std::string_view piece);

  JsonKind kind_ = JsonKind::kAbsent;
  LatestMembers settled_;  // id, expires_at
  JoinedText transcript_;
  GrownMembers others_;
  bool has_sound_ = false;
  std::string encoded_;  // base64 whose end has not come
  std::string decoded_;  // of the pieces before it, each of which was base64 of its own
};

}  // namespace reprise::openai
