#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

namespace reprise::fakes {

// The pieces that a server sends which compresses piece by piece: each can be decoded at once.
inline std::vector<std::string> gzip_pieces(const std::vector<std::string>& plain) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::vector<std::string> coded;
  for (size_t i = 0; i < plain.size(); ++i) {
    const bool last = i + 1 == plain.size();
    std::string piece(deflateBound(&stream, plain[i].size()) + 64, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain[i].data()));
    stream.avail_in = static_cast<uInt>(plain[i].size());
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    EXPECT_EQ(deflate(&stream, last ? Z_FINISH : Z_SYNC_FLUSH), last ? Z_STREAM_END : Z_OK);
    EXPECT_EQ(stream.avail_in, 0U);
    piece.resize(piece.size() - stream.avail_out);
    coded.push_back(std::move(piece));
  }
  deflateEnd(&stream);
  return coded;
}

inline std::string gzip(const std::string& plain) { return gzip_pieces({plain}).front(); }

}  // namespace reprise::fakes
