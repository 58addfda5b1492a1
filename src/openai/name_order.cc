#include "openai/name_order.h"

#include <algorithm>

#include "base/json_text.h"

namespace reprise::openai {

namespace {

constexpr size_t kChunk = sizeof(uint64_t);
constexpr size_t kKeptNames = 4096;  // what a large body may leave behind

bool same_chunk(const NameOrder::Place& a, const NameOrder::Place& b) {
  return a.chunk == b.chunk && a.chunk_size == b.chunk_size;
}

}  // namespace

void NameOrder::clear() {
  if (places_.capacity() > kKeptNames) {
    std::string().swap(text_);
    std::vector<Place>().swap(places_);
    std::vector<Range>().swap(ranges_);
  }
  text_.clear();
  places_.clear();
}

void NameOrder::add(std::string_view name) {
  places_.push_back({0, static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(name.size()),
                     static_cast<uint32_t>(places_.size()), 0});
  text_.append(name);
}

void NameOrder::sort() {
  text_.append(kChunk, '\0');  // so that a name's last chunk can be read whole
  ranges_.assign(1, {0, places_.size(), 0});
  while (!ranges_.empty()) {
    const Range range = ranges_.back();
    ranges_.pop_back();
    sort_range(range);
  }
}

void NameOrder::sort_range(Range range) {
  const auto begin = places_.begin() + static_cast<std::ptrdiff_t>(range.begin);
  const auto end = places_.begin() + static_cast<std::ptrdiff_t>(range.end);
  for (auto place = begin; place != end; ++place) {
    const size_t rest = place->size - std::min(place->size, range.depth);
    place->chunk_size = static_cast<uint32_t>(std::min(rest, kChunk));
    place->chunk = base::prefix_of(text_.data() + place->offset + place->size - rest, rest);
  }
  std::sort(begin, end, [](const Place& a, const Place& b) {
    return a.chunk != b.chunk ? a.chunk < b.chunk : a.chunk_size < b.chunk_size;
  });
  add_ties({range.begin, range.end, range.depth + static_cast<uint32_t>(kChunk)});
}

// Runs of names that agree and go on.
void NameOrder::add_ties(Range range) {
  for (size_t begin = range.begin; begin < range.end;) {
    size_t end = begin + 1;
    while (end < range.end && same_chunk(places_[begin], places_[end])) ++end;
    if (end - begin > 1 && places_[begin].chunk_size == kChunk) {
      ranges_.push_back({begin, end, range.depth});
    }
    begin = end;
  }
}

bool NameOrder::has_equal_names() const {
  return std::adjacent_find(places_.begin(), places_.end(), [this](const Place& a, const Place& b) {
           return name(a) == name(b);
         }) != places_.end();
}

}  // namespace reprise::openai
