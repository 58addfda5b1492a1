#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace reprise::cache {

// EntryItem: the payload of an entry's own item in Memcached: the encoded entry, or, if that is too
// large for one item, where its parts are. All parts but the last have the same size.
struct EntryItem {
  static constexpr size_t kPartsMax = 16384;
  static constexpr size_t kBytesMax = 64;  // beyond the inline entry

  int64_t asked_at_us = 0;     // the entry's: decides which of two stays
  std::string_view whole;      // the encoded entry; empty if it lies in parts
  base::Digest128 generation;  // of the parts
  uint64_t total_bytes = 0;    // of the encoded entry
  uint64_t part_bytes = 0;     // of each part but the last; 0: no parts

  size_t parts() const {
    return part_bytes == 0 ? 0 : static_cast<size_t>((total_bytes + part_bytes - 1) / part_bytes);
  }
};

std::string pack_entry_item(const EntryItem& item);
// `whole` is a view into `payload`. Nothing if it is malformed or larger than `bytes_max`.
std::optional<EntryItem> unpack_entry_item(std::string_view payload, size_t bytes_max);

}  // namespace reprise::cache
