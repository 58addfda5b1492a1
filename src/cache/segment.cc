#include "cache/segment.h"

#include <utility>

#include "base/packer.h"
#include "recording/record.h"
#include "recording/wire.h"

namespace reprise::cache {

namespace {

constexpr uint8_t kHasHead = 1;
constexpr uint8_t kHasTrailers = 2;
constexpr unsigned kEndShift = 2;
constexpr size_t kDetailBytesMax = 1024;

// A record is what packs heads and fields, and checks them when they come back.
void pack_trailers(const http::Fields& trailers, base::ByteWriter& out) {
  http::ResponseHead carrier;
  carrier.status = 200;
  carrier.fields = trailers;
  recording::append_record({std::move(carrier), {}, {}}, out);
}

}  // namespace

std::string pack_segment(const Segment& segment) {
  base::ByteWriter out;
  unsigned flags = static_cast<unsigned>(segment.end) << kEndShift;
  if (segment.head != nullptr) flags |= kHasHead;
  if (!segment.trailers.empty()) flags |= kHasTrailers;
  out.u8(static_cast<uint8_t>(flags));
  if (segment.head != nullptr) {
    recording::append_record({*segment.head, segment.body, {}}, out);
  } else {
    out.text(segment.body.view());
  }
  if (segment.end == Segment::End::kFailed) {
    out.u8(static_cast<uint8_t>(segment.failure.failure));
    out.text(std::string_view(segment.failure.detail).substr(0, kDetailBytesMax));
  }
  if (!segment.trailers.empty()) pack_trailers(segment.trailers, out);
  return std::move(out).take();
}

std::optional<Segment> unpack_segment(std::string_view payload) {
  base::ByteReader in(payload);
  Segment segment;
  const uint8_t flags = in.u8();
  if (flags >> kEndShift > static_cast<uint8_t>(Segment::End::kFailed)) return std::nullopt;
  segment.end = static_cast<Segment::End>(flags >> kEndShift);
  if ((flags & kHasHead) != 0) {
    const auto record = recording::read_record(in);
    if (record == nullptr) return std::nullopt;
    segment.head = {record, &record->head()};
    segment.body = record->body();
  } else {
    segment.body = base::Bytes::copy_of(in.text());
  }
  if (segment.end == Segment::End::kFailed) {
    const uint8_t failure = in.u8();
    if (failure >= static_cast<uint8_t>(recording::Failure::kHeld)) return std::nullopt;
    segment.failure.failure = static_cast<recording::Failure>(failure);
    segment.failure.detail = in.text(kDetailBytesMax);
  }
  if ((flags & kHasTrailers) != 0) {
    const auto carrier = recording::read_record(in);
    if (carrier == nullptr) return std::nullopt;
    segment.trailers = carrier->head().fields;
  }
  if (!in.at_end()) return std::nullopt;
  return segment;
}

}  // namespace reprise::cache
