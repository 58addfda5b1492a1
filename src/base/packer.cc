#include "base/packer.h"

#include <array>

namespace reprise::base {

void ByteWriter::u64(uint64_t value) {
  std::array<char, 8> text;
  for (char& byte : text) {
    byte = static_cast<char>(value & 0xFF);
    value >>= 8;
  }
  out_.append(text.data(), text.size());
}

void ByteWriter::varint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) u8(static_cast<uint8_t>(value | 0x80));
  u8(static_cast<uint8_t>(value));
}

void ByteWriter::clear(size_t kept_bytes_max) {
  // Not by assignment, which would keep it.
  if (out_.capacity() > kept_bytes_max) std::string().swap(out_);
  out_.clear();
}

uint64_t ByteReader::u64() {
  uint64_t value = 0;
  unsigned shift = 0;
  for (const char byte : bytes(8)) {
    value |= uint64_t{static_cast<uint8_t>(byte)} << shift;
    shift += 8;
  }
  return value;
}

uint64_t ByteReader::varint(uint64_t value_max) {
  const uint64_t value = varint();
  if (value <= value_max) return value;
  fail();
  return 0;
}

uint64_t ByteReader::long_varint() {
  constexpr unsigned kLastShift = 63;  // of the tenth byte, which has room for one bit
  uint64_t value = 0;
  for (unsigned shift = 0; shift <= kLastShift; shift += 7) {
    const uint8_t byte = u8();
    value |= uint64_t{byte & 0x7Fu} << shift;
    if ((byte & 0x80) != 0) continue;
    const bool padded = byte == 0 && shift > 0;
    if (padded || (shift == kLastShift && byte > 1)) break;
    return ok_ ? value : 0;
  }
  fail();
  return 0;
}

}  // namespace reprise::base
