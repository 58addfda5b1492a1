#include "cache/purge_wire.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "base/check.h"
#include "base/packer.h"

namespace reprise::cache {

namespace {

constexpr size_t kTimeBytesMin = sizeof(base::Digest128) + 1;
// The frame, the time of all and two counts.
constexpr size_t kVarintBytesMax = 10;
constexpr size_t kFixedBytesMax = WireFrame::kOverheadBytes + 3 * kVarintBytesMax;
static_assert(kFixedBytesMax <= kPurgeWireBytesMin);

size_t varint_bytes(uint64_t value) { return (std::bit_width(value | 1) + 6) / 7; }

size_t wire_bytes(const PurgeTime& time) {
  return sizeof(base::Digest128) + varint_bytes(static_cast<uint64_t>(time.at_us));
}

// Room: how much more of a kind, and of all, can be written.
struct Room {
  size_t bytes = 0;
  size_t scopes = PurgeRecord::kScopesMax;
  size_t removals = PurgeRecord::kRemovalsMax;
};

// Up to which time everything has to be a purge of all, so that what is later has room.
int64_t folded_until(const PurgeTimes& times, Room room) {
  struct Line {
    const PurgeTime* time;
    size_t Room::*kind;
  };
  std::vector<Line> lines;
  lines.reserve(times.scopes.size() + times.removals.size());
  for (const PurgeTime& scope : times.scopes) lines.push_back({&scope, &Room::scopes});
  for (const PurgeTime& removal : times.removals) lines.push_back({&removal, &Room::removals});
  std::ranges::sort(lines, std::ranges::greater(),
                    [](const Line& line) { return line.time->at_us; });
  for (const Line& line : lines) {
    const size_t bytes = wire_bytes(*line.time);
    if (line.time->at_us <= times.all_us) break;
    if (bytes > room.bytes || room.*line.kind == 0) return line.time->at_us;
    room.bytes -= bytes;
    --(room.*line.kind);
  }
  return times.all_us;
}

void append_times(const std::vector<PurgeTime>& times, int64_t after_us, base::ByteWriter& out) {
  const auto is_later = [after_us](const PurgeTime& time) { return time.at_us > after_us; };
  out.varint(static_cast<uint64_t>(std::ranges::count_if(times, is_later)));
  for (const PurgeTime& time : times) {
    if (!is_later(time)) continue;
    out.u64(time.what.high);
    out.u64(time.what.low);
    out.varint(static_cast<uint64_t>(time.at_us));
  }
}

int64_t read_time(base::ByteReader& in) {
  return static_cast<int64_t>(in.varint(std::numeric_limits<int64_t>::max()));
}

std::vector<PurgeTime> read_times(base::ByteReader& in, size_t count_max) {
  std::vector<PurgeTime> times;
  const size_t count = in.varint(std::min(count_max, in.remaining() / kTimeBytesMin));
  times.reserve(count);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    PurgeTime time;
    time.what.high = in.u64();
    time.what.low = in.u64();
    time.at_us = read_time(in);
    if (!times.empty() && !(times.back().what < time.what)) in.fail();
    times.push_back(time);
  }
  return times;
}

}  // namespace

std::string encode_purge_times(const PurgeTimes& times, size_t bytes_max) {
  CHECK(bytes_max >= kPurgeWireBytesMin);
  const int64_t all_us =
      std::max<int64_t>(folded_until(times, {.bytes = bytes_max - kFixedBytesMax}), 0);
  base::ByteWriter packed;
  packed.varint(static_cast<uint64_t>(all_us));
  append_times(times.scopes, all_us, packed);
  append_times(times.removals, all_us, packed);
  return WireFrame{WireKind::kPurges, WireCoding::kPlain, packed.view()}.encode();
}

tl::expected<PurgeTimes, ValueFault> decode_purge_times(std::string_view value) {
  const auto frame = WireFrame::decode(value, WireKind::kPurges);
  if (!frame) return tl::unexpected(frame.error());
  base::ByteReader in(frame->coding == WireCoding::kPlain ? frame->payload : std::string_view());
  PurgeTimes times;
  times.all_us = read_time(in);
  times.scopes = read_times(in, PurgeRecord::kScopesMax);
  times.removals = read_times(in, PurgeRecord::kRemovalsMax);
  if (!in.at_end()) return tl::unexpected(ValueFault::kCorrupt);
  return times;
}

}  // namespace reprise::cache
