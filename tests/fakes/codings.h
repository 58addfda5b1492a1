#pragma once

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reprise::fakes {

inline std::string deflated(const std::string& plain, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string zstd_coded(const std::string& plain) {
  std::string out(ZSTD_compressBound(plain.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), plain.data(), plain.size(), 3));
  return out;
}

// Only the decoder of brotli is at hand: uncompressed meta-blocks (RFC 7932 §9.2) are made here,
// and long runs come from a table.
inline std::string brotli_coded(const std::string& plain) {
  using std::string_literals::operator""s;
  if (plain == std::string(300'000, 'a')) return "\x5b\xdf\x93\x04@\",\x1e\x0b$s\x91\x00"s;
  if (plain == std::string(8'000'000, 'a')) return "\x9b\xff\x11z\x00$\xc2\xe2\xb1@r\x13\xf4\x00"s;
  std::string out;
  for (size_t begin = 0; begin < plain.size(); begin += 65536) {
    const std::string block = plain.substr(begin, 65536);
    // From the lowest bit: window (first block only), not last, four nibbles, size - 1,
    // uncompressed.
    const auto header = static_cast<uint32_t>((block.size() - 1) << 3 | 1u << 19) << (begin == 0);
    for (int shift = 0; shift < 24; shift += 8) out += static_cast<char>(header >> shift);
    out += block;
  }
  return out + (plain.empty() ? "\x06" : "\x03");
}

// Coded: a text in one content coding, or in several.
struct Coded {
  std::string coding;
  std::string bytes;
};

inline std::vector<Coded> every_coding_of(const std::string& plain) {
  return {{"gzip", deflated(plain, 16 + 15)},
          {"x-gzip", deflated(plain, 16 + 15)},
          {"deflate", deflated(plain, 15)},
          {"Deflate", deflated(plain, -15)},
          {"br", brotli_coded(plain)},
          {"zstd", zstd_coded(plain)},
          {"gzip, br", brotli_coded(deflated(plain, 16 + 15))},
          {"zstd, identity, gzip", deflated(zstd_coded(plain), 16 + 15)}};
}

}  // namespace reprise::fakes
