#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace reprise::base {

// ByteWriter: builds a packed run of bytes that ByteReader takes apart again. Numbers are
// little-endian whatever the machine is.
class ByteWriter {
 public:
  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void u64(uint64_t value);
  // LEB128: seven bits a byte, the lowest first.
  void varint(uint64_t value);
  // Zigzag, so that small negative numbers are short as well.
  void signed_varint(int64_t value) {
    varint((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63));
  }
  // As they are: the reader knows how many.
  void bytes(std::string_view bytes) { out_.append(bytes); }
  // A varint of the size before them.
  void text(std::string_view text) {
    varint(text.size());
    out_.append(text);
  }

  void reserve(size_t bytes) { out_.reserve(bytes); }
  size_t size() const { return out_.size(); }
  // Valid until the next change.
  std::string_view view() const { return out_; }
  // Empty again; memory beyond `kept_bytes_max` is given back.
  void clear(size_t kept_bytes_max);
  std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

// ByteReader: takes packed bytes apart, trusting none of them. Failure is sticky: from the first
// one on, everything reads as 0 or empty and ok() is false, so a caller may read on and ask once.
// Nothing is copied: what is read points into the bytes given, which outlive it.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  // All was read, and well.
  bool at_end() const { return ok_ && rest_.empty(); }
  // Bytes left; a count of things cannot be honest if that many would not fit. 0 after a failure.
  size_t remaining() const { return rest_.size(); }
  // For what only the caller can see to be wrong.
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  uint8_t u8() {
    const std::string_view one = bytes(1);
    return one.empty() ? 0 : static_cast<uint8_t>(one[0]);
  }
  uint64_t u64();
  // Only the shortest spelling is taken: what is packed has one form.
  uint64_t varint() {
    if (!rest_.empty() && (rest_[0] & 0x80) == 0) [[likely]]
      return u8();
    return long_varint();
  }
  // A larger one is a failure.
  uint64_t varint(uint64_t value_max);
  int64_t signed_varint() {
    const uint64_t zigzag = varint();
    return static_cast<int64_t>((zigzag >> 1) ^ (0 - (zigzag & 1)));
  }
  std::string_view bytes(size_t count) {
    if (count > rest_.size()) [[unlikely]] {
      fail();
      return {};
    }
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }
  // A text of more than `bytes_max` is a failure.
  std::string_view text(size_t bytes_max = SIZE_MAX) { return bytes(varint(bytes_max)); }

 private:
  uint64_t long_varint();

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace reprise::base
