#include "cache/envelope.h"

#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace reprise::cache {

namespace {

constexpr char kVersion = 1;
constexpr size_t kMagicBytes = 2;
constexpr size_t kHeaderBytes = 4;
constexpr size_t kSumBytes = 8;
constexpr std::string_view kPlainMagic = "rP";
constexpr std::string_view kSealedMagic = "rS";
constexpr std::string_view kNamePrefix = "r1:";

using Header = std::array<char, kHeaderBytes>;

std::string_view view(const auto& array) { return {array.data(), array.size()}; }

Header header_of(std::string_view magic, char last) { return {magic[0], magic[1], kVersion, last}; }

void put(uint64_t value, size_t bytes, char*& out) {
  for (size_t i = 0; i < bytes; ++i) *out++ = static_cast<char>(value >> (8 * i));
}

// A label in bytes: every part has its fixed width, so no two labels have the same.
using Encoded = std::array<char, 1 + 16 + 16 + 4>;
Encoded encode(const ValueLabel& label) {
  Encoded encoded;
  char* out = encoded.data();
  put(static_cast<uint8_t>(label.kind), 1, out);
  put(label.subject.high, 8, out);
  put(label.subject.low, 8, out);
  put(label.generation.high, 8, out);
  put(label.generation.low, 8, out);
  put(label.number, 4, out);
  CHECK(out == encoded.data() + encoded.size());
  return encoded;
}

// What authenticates a sealed value besides its bytes.
std::string associated_with(const Header& header, const ValueLabel& label) {
  return std::string(view(header)).append(view(encode(label)));
}

// Over header, label and payload. The payload is hashed where it is, not copied behind the others.
std::array<char, kSumBytes> sum_of(const Header& header, const ValueLabel& label,
                                   std::string_view payload) {
  std::array<char, kSumBytes> sum;
  char* out = sum.data();
  put(base::xxh3_64(payload), kSumBytes, out);
  out = sum.data();
  put(base::xxh3_64(associated_with(header, label).append(view(sum))), kSumBytes, out);
  return sum;
}

// What follows the key in a plain name.
std::string plain_suffix(const ValueLabel& label) {
  const std::string number = std::to_string(label.number);
  switch (label.kind) {
    case ValueKind::kEntry:
      return {};
    case ValueKind::kPart:
      return ":p:" + label.generation.hex() + ":" + number;
    case ValueKind::kLease:
      return ":l" + number;
    case ValueKind::kMarker:
      return ":m";
    case ValueKind::kSegment:
      return ":s" + number;
    case ValueKind::kPurges:
      break;
  }
  return ":purges";
}

// Whether `value` begins with the magic and the version of this mode.
tl::expected<void, ValueFault> check_header(std::string_view magic, std::string_view value) {
  if (value.size() < kHeaderBytes || !value.starts_with(magic)) {
    return tl::unexpected(ValueFault::kForeign);
  }
  if (value[kMagicBytes] != kVersion) return tl::unexpected(ValueFault::kVersion);
  return {};
}

tl::expected<std::string_view, ValueFault> open_plain(const ValueLabel& label,
                                                      std::string_view value) {
  if (value.size() < kHeaderBytes + kSumBytes) return tl::unexpected(ValueFault::kCorrupt);
  const Header header = header_of(kPlainMagic, static_cast<char>(label.kind));
  const std::string_view sum = value.substr(kHeaderBytes, kSumBytes);
  const std::string_view payload = value.substr(kHeaderBytes + kSumBytes);
  if (!value.starts_with(view(header)) || sum != view(sum_of(header, label, payload))) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  return payload;
}

}  // namespace

Envelope::Envelope(std::unique_ptr<const base::Sealer> sealer) : sealer_(std::move(sealer)) {}

std::string Envelope::name(const ValueLabel& label) const {
  std::string name(kNamePrefix);
  if (sealer_ != nullptr) return name += sealer_->name(view(encode(label))).hex();
  name.append(label.subject.hex()).append(plain_suffix(label));
  CHECK(name.size() <= kNameBytesMax);
  return name;
}

std::string Envelope::close(const ValueLabel& label, std::string_view payload) const {
  std::string value;
  value.reserve(overhead_bytes() + payload.size());
  if (sealer_ != nullptr) {
    const Header header = header_of(kSealedMagic, 0);
    value.append(view(header));
    sealer_->seal(associated_with(header, label), payload, &value);
    return value;
  }
  const Header header = header_of(kPlainMagic, static_cast<char>(label.kind));
  value.append(view(header)).append(view(sum_of(header, label, payload))).append(payload);
  return value;
}

tl::expected<std::string_view, ValueFault> Envelope::open(const ValueLabel& label,
                                                          std::string_view value,
                                                          std::string* scratch) const {
  const std::string_view magic = sealer_ != nullptr ? kSealedMagic : kPlainMagic;
  if (const auto known = check_header(magic, value); !known) return tl::unexpected(known.error());
  if (sealer_ == nullptr) return open_plain(label, value);
  const Header header = header_of(kSealedMagic, 0);
  if (!value.starts_with(view(header)) ||
      !sealer_->open(associated_with(header, label), value.substr(kHeaderBytes), scratch)) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  return std::string_view(*scratch);
}

size_t Envelope::overhead_bytes() const {
  return kHeaderBytes + (sealer_ != nullptr ? base::Sealer::kOverheadBytes : kSumBytes);
}

}  // namespace reprise::cache
