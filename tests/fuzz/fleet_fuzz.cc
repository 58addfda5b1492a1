#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/entry_item.h"
#include "cache/lease.h"
#include "cache/same_entry.h"
#include "cache/segment.h"

// What processes tell each other about answers in flight, and where the parts of large entries lie:
// whoever can write to the server may have made it up. It is refused, or packs to what unpacks to
// the same.

namespace {

using reprise::cache::EntryItem;
using reprise::cache::same_fields;
using reprise::cache::same_record;

constexpr size_t kBytesMax = size_t{9} << 20;

void try_lease(std::string_view payload) {
  const auto lease = reprise::cache::unpack_lease(payload);
  if (!lease) return;
  const std::string packed = reprise::cache::pack_lease(*lease);
  CHECK(packed.size() == payload.size());
  CHECK(packed.starts_with(reprise::cache::lease_prefix(lease->token)));
  CHECK(payload.starts_with(reprise::cache::lease_prefix(lease->token)));
  const auto back = reprise::cache::unpack_lease(packed);
  CHECK(back && back->token == lease->token && back->proof == lease->proof);
  CHECK(back->asked_at_us == lease->asked_at_us && back->door == lease->door);
  CHECK(back->published == lease->published);
}

void check_fields(const reprise::http::Fields& fields) {
  for (size_t i = 0; i < fields.size(); ++i) {
    CHECK(!fields[i].name.empty());
    CHECK(fields[i].name.find_first_of(std::string_view("\r\n\0: ", 5)) == std::string_view::npos);
    CHECK(fields[i].value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
}

// Nobody writes lines into a response with it.
void check_head(const reprise::http::ResponseHead& head) {
  CHECK(head.status >= 100 && head.status <= 599);
  CHECK(head.reason.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  check_fields(head.fields);
}

void try_segment(std::string_view payload) {
  const auto segment = reprise::cache::unpack_segment(payload);
  if (!segment) return;
  if (segment->head != nullptr) check_head(*segment->head);
  check_fields(segment->trailers);
  CHECK(segment->body.size() <= payload.size());
  const auto back = reprise::cache::unpack_segment(reprise::cache::pack_segment(*segment));
  CHECK(back && (back->head == nullptr) == (segment->head == nullptr));
  CHECK(segment->head == nullptr || same_record({*segment->head, {}, {}}, {*back->head, {}, {}}));
  CHECK(back->body.view() == segment->body.view() && back->end == segment->end);
  CHECK(back->failure.failure == segment->failure.failure);
  CHECK(back->failure.detail == segment->failure.detail);
  CHECK(same_fields(back->trailers, segment->trailers));
}

// There is one way to write each, so it comes back byte for byte.
void try_item(std::string_view payload) {
  const auto item = reprise::cache::unpack_entry_item(payload, kBytesMax);
  if (!item) return;
  CHECK(item->parts() <= EntryItem::kPartsMax && item->total_bytes <= kBytesMax);
  CHECK((item->parts() == 0) == (item->part_bytes == 0));
  CHECK(item->whole.size() <= payload.size());
  CHECK(reprise::cache::pack_entry_item(*item) == payload);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  try_lease(payload);
  try_segment(payload);
  try_item(payload);
  return 0;
}
