#include "openai/mould.h"

#include <utility>

#include "base/check.h"
#include "openai/pieces.h"

namespace reprise::openai {

Mould::Mould(std::string text) : text_(std::move(text)) {
  std::string_view rest = text_;
  for (size_t gap = rest.find(kGap); gap != std::string_view::npos; gap = rest.find(kGap)) {
    parts_.push_back(rest.substr(0, gap));
    rest.remove_prefix(gap + kGap.size());
  }
  parts_.push_back(rest);
}

size_t Mould::room_for(std::string_view content) const {
  constexpr size_t kMoreBytes = 2048;
  return estimate_pieces(content) * text_.size() + content.size() + kMoreBytes;
}

void Mould::write(RawWriter& out, std::initializer_list<std::string_view> fillings) const {
  CHECK(fillings.size() + 1 == parts_.size());
  auto part = parts_.begin();
  for (const std::string_view filling : fillings) out.verbatim(*part++).verbatim(filling);
  out.verbatim(*part);
}

}  // namespace reprise::openai
