#include "cache/entry_item.h"

#include <utility>

#include "base/packer.h"

namespace reprise::cache {

std::string pack_entry_item(const EntryItem& item) {
  base::ByteWriter out;
  out.signed_varint(item.asked_at_us);
  out.varint(item.part_bytes);
  if (item.part_bytes == 0) {
    out.bytes(item.whole);
    return std::move(out).take();
  }
  out.varint(item.total_bytes);
  out.u64(item.generation.high);
  out.u64(item.generation.low);
  return std::move(out).take();
}

std::optional<EntryItem> unpack_entry_item(std::string_view payload, size_t bytes_max) {
  base::ByteReader in(payload);
  EntryItem item;
  item.asked_at_us = in.signed_varint();
  item.part_bytes = in.varint();
  if (!in.ok()) return std::nullopt;
  if (item.part_bytes == 0) {
    item.whole = in.bytes(in.remaining());
    item.total_bytes = item.whole.size();
    return item;
  }
  item.total_bytes = in.varint();
  item.generation.high = in.u64();
  item.generation.low = in.u64();
  if (!in.ok() || !in.at_end() || item.total_bytes == 0 || item.total_bytes > bytes_max ||
      item.part_bytes > bytes_max || item.parts() > EntryItem::kPartsMax) {
    return std::nullopt;
  }
  return item;
}

}  // namespace reprise::cache
