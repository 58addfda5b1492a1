#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::openai {

// NameOrder: many names, sorted by their bytes. Each byte is looked at about once: names are sorted
// by 8 bytes at a time, and only those that agree so far by the next 8. Comparing whole names would
// let a hostile body with millions of them, alike in front, hold its thread for half a minute.
// Owner: CanonicalBody. Thread: one.
class NameOrder {
 public:
  // Place: where the name that was added as number `index` stands.
  struct Place {
    uint64_t chunk = 0;  // the 8 bytes looked at last
    uint32_t offset = 0;
    uint32_t size = 0;
    uint32_t index = 0;
    uint32_t chunk_size = 0;  // tells a name that ends from one that goes on with a NUL
  };

  void clear();
  void add(std::string_view name);  // all names together: less than 4 GiB
  void sort();
  // After sort().
  std::span<const Place> places() const { return places_; }
  bool has_equal_names() const;

 private:
  struct Range {
    size_t begin;
    size_t end;
    uint32_t depth;  // bytes that all its names have in common
  };

  void sort_range(Range range);
  void add_ties(Range range);
  std::string_view name(const Place& place) const {
    return std::string_view(text_).substr(place.offset, place.size);
  }

  std::string text_;
  std::vector<Place> places_;
  std::vector<Range> ranges_;  // yet to be sorted
};

}  // namespace reprise::openai
