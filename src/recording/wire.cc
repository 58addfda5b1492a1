#include "recording/wire.h"

#include <limits>
#include <utility>
#include <vector>

#include "http/chars.h"

namespace reprise::recording {

namespace {

constexpr int kStatusMin = 100;
constexpr int kStatusMax = 599;

// The head's small things share a byte.
constexpr uint8_t kHttp11Bit = 1;
constexpr uint8_t kKeepAliveBit = 2;
constexpr unsigned kFramingShift = 2;
constexpr uint8_t kTraitsMax = 15;
static_assert(static_cast<uint8_t>(http::Framing::kClose) << kFramingShift < kTraitsMax);

uint8_t traits_of(const http::ResponseHead& head) {
  unsigned traits = static_cast<unsigned>(head.framing) << kFramingShift;
  if (head.version == http::Version::kHttp11) traits |= kHttp11Bit;
  if (head.keep_alive) traits |= kKeepAliveBit;
  return static_cast<uint8_t>(traits);
}

void read_traits(base::ByteReader& in, http::ResponseHead* head) {
  const uint8_t traits = in.u8();
  if (traits > kTraitsMax) return in.fail();
  head->version = (traits & kHttp11Bit) != 0 ? http::Version::kHttp11 : http::Version::kHttp10;
  head->keep_alive = (traits & kKeepAliveBit) != 0;
  head->framing = static_cast<http::Framing>(traits >> kFramingShift);
}

std::vector<Mark> read_marks(base::ByteReader& in, size_t body_bytes) {
  constexpr size_t kMarkBytesMin = 2;
  std::vector<Mark> marks;
  const size_t count = in.varint(in.remaining() / kMarkBytesMin);
  marks.reserve(count);
  Mark mark;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t bytes = in.varint(body_bytes - mark.end);
    if (bytes == 0) in.fail();
    mark.end += bytes;
    mark.offset_ms +=
        static_cast<uint32_t>(in.varint(std::numeric_limits<uint32_t>::max() - mark.offset_ms));
    if (!in.ok()) return {};
    marks.push_back(mark);
  }
  if (count > 0 && mark.end != body_bytes) in.fail();
  return marks;
}

}  // namespace

void append_fields(const http::Fields& fields, base::ByteWriter& out) {
  out.varint(fields.size());
  for (size_t i = 0; i < fields.size(); ++i) {
    out.text(fields[i].name);
    out.text(fields[i].value);
  }
}

http::Fields read_fields(base::ByteReader& in) {
  http::Fields fields;
  const size_t count = in.varint(kWireFieldsMax);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text(kWireFieldBytesMax);
    const std::string_view value = in.text(kWireFieldBytesMax);
    if (!http::valid_field_name(name) || !http::valid_field_value(value)) in.fail();
    fields.add(name, value);
  }
  return fields;
}

void append_head(const http::ResponseHead& head, base::ByteWriter& out) {
  out.varint(static_cast<uint64_t>(head.status));
  out.u8(traits_of(head));
  out.varint(head.content_length);
  out.text(head.reason);
  append_fields(head.fields, out);
}

http::ResponseHead read_head(base::ByteReader& in) {
  http::ResponseHead head;
  head.status = static_cast<int>(in.varint(kStatusMax));
  if (head.status < kStatusMin) in.fail();
  read_traits(in, &head);
  head.content_length = in.varint();
  head.reason = in.text(kWireFieldBytesMax);
  if (!http::valid_field_value(head.reason)) in.fail();
  head.fields = read_fields(in);
  return head;
}

void append_record(const Record& record, base::ByteWriter& out) {
  append_head(record.head(), out);
  out.text(record.body().view());
  out.varint(record.marks().size());
  Mark before;
  for (const Mark& mark : record.marks()) {
    out.varint(mark.end - before.end);
    out.varint(mark.offset_ms - before.offset_ms);
    before = mark;
  }
}

std::shared_ptr<const Record> read_record(base::ByteReader& in) {
  http::ResponseHead head = read_head(in);
  const std::string_view body = in.text();
  std::vector<Mark> marks = read_marks(in, body.size());
  // The body is copied last: nothing is spent on it if anything is wrong.
  if (!in.ok()) return nullptr;
  return std::make_shared<const Record>(std::move(head), base::Bytes::copy_of(body),
                                        std::move(marks));
}

}  // namespace reprise::recording
