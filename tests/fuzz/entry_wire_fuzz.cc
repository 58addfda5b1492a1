#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cache/entry_wire.h"
#include "cache/purge_wire.h"
#include "cache/same_entry.h"

// What a store gives back for an entry or for purge times is refused or is one that reads the same
// when it is written again. The input is tried as it is, and once more with the right checksum:
// that stops damage and would stop a fuzzer, but nobody who means harm.

namespace {

using reprise::base::ModelTable;
using reprise::cache::Entry;
using reprise::cache::EntryCodec;
using reprise::cache::WireFrame;
using reprise::cache::WireKind;

constexpr size_t kBytesMax = size_t{1} << 20;

// A head of which any part may be followed by what a replay adds to it.
void check_head(const Entry& entry) {
  const std::string_view head = entry.replay_head.view();
  CHECK(head.starts_with("HTTP/1.1 ") && head.ends_with("\r\n"));
  CHECK(head.find("\r\n\r\n") == std::string_view::npos);
  CHECK(head.find('\0') == std::string_view::npos);
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i] == '\n') CHECK(i > 0 && head[i - 1] == '\r');
    if (head[i] == '\r') CHECK(i + 1 < head.size() && head[i + 1] == '\n');
  }
}

void check_marks(const reprise::recording::Record& record) {
  uint64_t end = 0;
  for (const auto& mark : record.marks()) {
    CHECK(mark.end > end);
    end = mark.end;
  }
  CHECK(record.marks().empty() || end == record.body().size());
}

void try_entry(EntryCodec& codec, std::string_view value) {
  const auto entry = codec.decode(value);
  if (!entry) return;
  check_head(**entry);
  check_marks(*(*entry)->answer);
  const std::string again = codec.encode(**entry);
  CHECK(!again.empty());
  const auto back = codec.decode(again);
  CHECK(back.has_value() && same_entry(**entry, **back));
}

void try_purges(std::string_view value) {
  const auto times = reprise::cache::decode_purge_times(value);
  if (!times) return;
  // Room for all: what comes back may only lack what its purge of all covers.
  const auto back =
      reprise::cache::decode_purge_times(reprise::cache::encode_purge_times(*times, kBytesMax));
  CHECK(back.has_value() && back->all_us == times->all_us);
  CHECK(back->scopes.size() <= times->scopes.size());
  CHECK(reprise::cache::decode_purge_times(reprise::cache::encode_purge_times(*times, 64)));
}

// `value` as a frame of that kind and of our version, with a checksum that is right.
std::string mended(std::string_view value, WireKind kind) {
  WireFrame frame;
  frame.kind = kind;
  frame.coding = static_cast<reprise::cache::WireCoding>(value[WireFrame::kHeadBytes - 1] & 1);
  frame.payload = value.substr(WireFrame::kHeadBytes, value.size() - WireFrame::kOverheadBytes);
  return frame.encode();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  static ModelTable models;  // fills up, as it would
  static EntryCodec codec(models, kBytesMax);
  try_entry(codec, value);
  try_purges(value);
  if (size < WireFrame::kOverheadBytes) return 0;
  try_entry(codec, mended(value, WireKind::kEntry));
  try_purges(mended(value, WireKind::kPurges));
  return 0;
}
