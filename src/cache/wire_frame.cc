#include "cache/wire_frame.h"

#include "base/digest.h"
#include "base/packer.h"

namespace reprise::cache {

namespace {

constexpr std::string_view kMagic = "rp";

}  // namespace

std::string WireFrame::encode() const {
  base::ByteWriter out;
  out.reserve(payload.size() + kOverheadBytes);
  out.bytes(kMagic);
  out.u8(static_cast<uint8_t>(kind));
  out.u8(kVersion);
  out.u8(static_cast<uint8_t>(coding));
  out.bytes(payload);
  out.u64(base::xxh3_64(out.view()));
  return std::move(out).take();
}

tl::expected<WireFrame, ValueFault> WireFrame::decode(std::string_view value, WireKind kind) {
  base::ByteReader in(value);
  const bool ours = in.bytes(kMagic.size()) == kMagic && in.u8() == static_cast<uint8_t>(kind);
  if (!ours) return tl::unexpected(ValueFault::kForeign);
  const uint8_t version = in.u8();
  if (in.ok() && version != kVersion) return tl::unexpected(ValueFault::kVersion);

  const uint8_t coding = in.u8();
  if (in.remaining() < sizeof(uint64_t)) return tl::unexpected(ValueFault::kCorrupt);
  const std::string_view payload = in.bytes(in.remaining() - sizeof(uint64_t));
  const std::string_view summed = value.substr(0, kHeadBytes + payload.size());
  if (in.u64() != base::xxh3_64(summed) || coding > static_cast<uint8_t>(WireCoding::kZstd)) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  return WireFrame{kind, static_cast<WireCoding>(coding), payload};
}

}  // namespace reprise::cache
