#include "cache/entry.h"

namespace reprise::cache {

namespace {

constexpr size_t kAllocation = 16;    // what malloc adds to a block, rounding included
constexpr size_t kControlBlock = 16;  // counts and vtable beside a make_shared object

// What `text` holds outside of itself; nothing while it fits the small buffer.
size_t heap_bytes(const std::string& text) {
  static const size_t small_capacity = std::string().capacity();
  return text.capacity() > small_capacity ? text.capacity() + 1 + kAllocation : 0;
}

}  // namespace

const Rendition* Entry::rendition(const openai::Conversion& conversion) const {
  for (const auto& made : renditions) {
    if (made->conversion == conversion) return made.get();
  }
  return nullptr;
}

std::optional<openai::Unconvertible> Entry::refusal(const openai::Form& wanted) const {
  const openai::Conversion conversion = conversion_to(wanted);
  // Upstream has said what it answers to that.
  if (conversion.step == openai::Conversion::Step::kNone || asked_form == wanted) return {};
  const Rendition* made = rendition(conversion);
  if (made != nullptr && made->answer == nullptr) return made->refused;
  const bool lacks_usage = conversion.form.include_usage && !form.include_usage && !usage.present;
  if (made == nullptr && lacks_usage) return openai::Unconvertible::kUsage;
  return {};
}

size_t Entry::cost_bytes() const {
  size_t bytes = sizeof(Entry) + kControlBlock + kAllocation;
  for (const std::string* text : {&name_space, &model_asked, &model_answered, &finish_reason}) {
    bytes += heap_bytes(*text);
  }
  if (members.capacity() > 0) bytes += members.capacity() * sizeof(members[0]) + kAllocation;
  for (const auto& member : members) bytes += heap_bytes(member.name);
  if (answer != nullptr) bytes += answer->cost_bytes();
  if (!replay_head.empty()) bytes += replay_head.size() + base::Bytes::kOverheadBytes;
  if (renditions.capacity() > 0) {
    bytes += renditions.capacity() * sizeof(renditions[0]) + kAllocation;
  }
  for (const auto& made : renditions) bytes += made->cost_bytes();
  return bytes;
}

}  // namespace reprise::cache
