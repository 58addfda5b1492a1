#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace reprise::openai {

// NameTable: constant entries with a `name`, found by its size first: most names that are looked up
// are not there, and few names share a size. Entry::name is at most kNameSizeMax bytes.
template <typename Entry, size_t kCount>
class NameTable {
 public:
  static constexpr size_t kNameSizeMax = 31;

  explicit constexpr NameTable(const std::array<Entry, kCount>& entries) : entries_(entries) {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.name.size() < b.name.size(); });
    for (const Entry& entry : entries_) {
      for (size_t size = entry.name.size() + 1; size < first_.size(); ++size) ++first_[size];
    }
  }

  // The entries whose names are of that size.
  constexpr std::span<const Entry> of_size(size_t size) const {
    if (size > kNameSizeMax) return {};
    return std::span(entries_).subspan(first_[size], first_[size + 1] - first_[size]);
  }

 private:
  std::array<Entry, kCount> entries_;
  std::array<size_t, kNameSizeMax + 2> first_{};
};

}  // namespace reprise::openai
