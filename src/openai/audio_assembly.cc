#include "openai/audio_assembly.h"

#include "openai/base64.h"

namespace reprise::openai {

Refused AudioAssembly::add(std::string_view raw, PartsLeft& parts) {
  if (json_given(raw) && !is_json_object(raw)) return Unconvertible::kMalformed;
  if (!present() || json_given(raw)) kind_ = json_kind(raw);
  if (!json_given(raw)) return std::nullopt;
  return visit_members(raw, [&](std::string_view name, std::string_view value) -> Refused {
    if (name == "id" || name == "expires_at") return settled_.add(name, value, parts);
    if (name == "transcript") return transcript_.add(value);
    if (name != "data") return others_.add(name, value, parts);
    if (!json_given(value)) return std::nullopt;
    if (!is_json_string(value)) return Unconvertible::kContent;
    return add_sound(json_inside(value));
  });
}

// Pieces are either cut anywhere out of one base64 text, or each is a text of its own; the padding
// tells.
Refused AudioAssembly::add_sound(std::string_view piece) {
  has_sound_ = true;
  encoded_.append(piece);
  if (!piece.ends_with('=')) return std::nullopt;
  if (!append_base64_decoded(decoded_, encoded_)) return Unconvertible::kMember;
  encoded_.clear();
  return std::nullopt;
}

Refused AudioAssembly::finish() {
  if (decoded_.empty()) return std::nullopt;
  if (!append_base64_decoded(decoded_, encoded_)) return Unconvertible::kMember;
  encoded_.clear();
  append_base64(encoded_, decoded_);
  decoded_.clear();
  return std::nullopt;
}

void AudioAssembly::write(RawWriter& out) const {
  if (kind_ != JsonKind::kObject) {
    out.value("null");
    return;
  }
  out.begin_object();
  settled_.write(out);
  if (has_sound_) out.text_member("data", encoded_);
  if (transcript_.present()) {
    out.key("transcript");
    transcript_.write(out);
  }
  others_.write(out);
  out.end_object();
}

}  // namespace reprise::openai
