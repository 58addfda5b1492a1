#include "http/content_coding.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <optional>
#include <string>
#include <vector>

#include "fakes/codings.h"

namespace reprise::http {
namespace {

using fakes::brotli_coded;
using fakes::Coded;
using fakes::deflated;
using fakes::every_coding_of;
using fakes::zstd_coded;

constexpr size_t kLimit = 1 << 20;

// The plain text, or nothing if decoding fails anywhere, the end included.
std::optional<std::string> decoded(const std::string& coding,
                                   const std::vector<std::string>& pieces, size_t limit = kLimit) {
  const auto decoder = Decoder::make(coding, limit);
  if (decoder == nullptr) return std::nullopt;
  std::string plain;
  for (const std::string& piece : pieces) {
    if (!decoder->decode(piece, [&](std::string_view out) { plain.append(out); })) {
      return std::nullopt;
    }
  }
  if (!decoder->finish()) return std::nullopt;
  return plain;
}

std::string text(size_t size) {
  std::string plain;
  for (size_t i = 0; plain.size() < size; ++i) plain += std::to_string(i * i * 2654435761u) + " ";
  return plain;
}

TEST(ContentCoding, DecodesHoweverThePiecesAreCut) {
  const std::string plain = text(400);
  for (const Coded& coded : every_coding_of(plain)) {
    for (size_t cut = 0; cut <= coded.bytes.size(); ++cut) {
      EXPECT_EQ(decoded(coded.coding, {coded.bytes.substr(0, cut), coded.bytes.substr(cut)}), plain)
          << coded.coding << " cut at " << cut;
    }
    std::vector<std::string> bytes;
    for (char c : coded.bytes) bytes.emplace_back(1, c);
    EXPECT_EQ(decoded(coded.coding, bytes), plain) << coded.coding;
  }
}

TEST(ContentCoding, HoldsNothingBackWhenALotComesOut) {
  const std::string plain(300'000, 'a');
  for (const Coded& coded : every_coding_of(plain)) {
    EXPECT_EQ(decoded(coded.coding, {coded.bytes}), plain) << coded.coding;
    EXPECT_EQ(decoded(coded.coding, {coded.bytes.substr(0, 9), coded.bytes.substr(9)}), plain);
  }
}

TEST(ContentCoding, DecodesCompressedBrotli) {
  using std::string_literals::operator""s;
  const std::string coded =
      "\x1b\x37\x04\x00\xa4\x41\xca\xd0\xe8\xb6\x21\xa4\x24\xd3\x98\xae\x2e\x6d\xe5\x97\xf2\x18\xc9"
      "\x47\xfa\x3a\x0c"s;
  std::string plain;
  for (int i = 0; i < 40; ++i) plain += "the answer to the question ";
  EXPECT_EQ(decoded("br", {coded}), plain);
  EXPECT_EQ(decoded("br", {coded.substr(0, 20), coded.substr(20)}), plain);
}

TEST(ContentCoding, GivesWhatAFlushedPieceHolds) {
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string plain = "data: {}\n\n";
  std::string coded(100, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(plain.data());
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(coded.data());
  stream.avail_out = static_cast<uInt>(coded.size());
  ASSERT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
  coded.resize(stream.total_out);
  deflateEnd(&stream);
  const auto decoder = Decoder::make("gzip", kLimit);
  std::string got;
  ASSERT_TRUE(decoder->decode(coded, [&](std::string_view out) { got.append(out); }));
  EXPECT_EQ(got, plain);
  EXPECT_FALSE(decoder->finish());
}

TEST(ContentCoding, TruncationIsSeenAtEveryByte) {
  for (const Coded& coded : every_coding_of(text(200))) {
    for (size_t size = 0; size < coded.bytes.size(); ++size) {
      EXPECT_FALSE(decoded(coded.coding, {coded.bytes.substr(0, size)})) << coded.coding << size;
    }
  }
}

TEST(ContentCoding, BytesAfterTheEndAreAnError) {
  for (const Coded& coded : every_coding_of("hello")) {
    EXPECT_FALSE(decoded(coded.coding, {coded.bytes + "x"})) << coded.coding;
    EXPECT_FALSE(decoded(coded.coding, {coded.bytes, "x"})) << coded.coding;
    EXPECT_FALSE(decoded(coded.coding, {coded.bytes, std::string(1, '\0')})) << coded.coding;
    EXPECT_EQ(decoded(coded.coding, {coded.bytes, ""}), "hello") << coded.coding;
  }
}

TEST(ContentCoding, GzipMembersAndZstdFramesMayFollowEachOther) {
  const std::string gzip = deflated("one ", 31);
  EXPECT_EQ(decoded("gzip", {gzip + deflated("two", 31)}), "one two");
  EXPECT_EQ(decoded("gzip", {gzip, deflated("two", 31)}), "one two");
  EXPECT_FALSE(decoded("gzip", {gzip, "\x1f"}));
  EXPECT_EQ(decoded("zstd", {zstd_coded("one "), zstd_coded("two")}), "one two");
}

TEST(ContentCoding, DamageIsAnErrorForGood) {
  for (const Coded& coded : every_coding_of(text(100))) {
    const auto decoder = Decoder::make(coded.coding, kLimit);
    const auto ignore = [](std::string_view) {};
    EXPECT_FALSE(decoder->decode(std::string(100, '\xff'), ignore)) << coded.coding;
    EXPECT_FALSE(decoder->over_limit());
    EXPECT_FALSE(decoder->decode(coded.bytes, ignore)) << coded.coding;
    EXPECT_FALSE(decoder->finish()) << coded.coding;
  }
}

TEST(ContentCoding, StopsABombAtTheLimit) {
  const size_t limit = 100'000;
  for (const Coded& coded : every_coding_of(std::string(8'000'000, 'a'))) {
    const auto decoder = Decoder::make(coded.coding, limit);
    size_t got = 0;
    EXPECT_FALSE(decoder->decode(coded.bytes, [&](std::string_view out) { got += out.size(); }));
    EXPECT_TRUE(decoder->over_limit()) << coded.coding;
    EXPECT_LE(got, limit) << coded.coding;
  }
  EXPECT_TRUE(decoded("gzip", {deflated(std::string(limit, 'a'), 31)}, limit));
  EXPECT_FALSE(decoded("gzip", {deflated(std::string(limit + 1, 'a'), 31)}, limit));
}

TEST(ContentCoding, WhatLiesBetweenTwoCodingsIsBoundToo) {
  // Stored blocks only: the inner body is as large as its plain text.
  const std::string inner = deflated("x", 31) + deflated("", 31);
  std::string members;
  for (int i = 0; i < 2000; ++i) members += inner;
  const auto decoder = Decoder::make("gzip, br", 10'000);
  EXPECT_FALSE(decoder->decode(brotli_coded(members), [](std::string_view) {}));
  EXPECT_TRUE(decoder->over_limit());
}

TEST(ContentCoding, IdentityPassesAndIsBound) {
  EXPECT_EQ(decoded("", {"a", "b"}), "ab");
  EXPECT_EQ(decoded("Identity", {"a", "b"}), "ab");
  EXPECT_EQ(decoded("identity", {}), "");
  EXPECT_FALSE(decoded("", {"abc", "d"}, 3));
}

TEST(ContentCoding, UnknownOrTooManyCodingsAreRefused) {
  for (const char* coding :
       {"compress", "gzip;q=1", "gzip, aes128gcm", "gzip, gzip, gzip", "\"gzip\""}) {
    EXPECT_EQ(Decoder::make(coding, kLimit), nullptr) << coding;
  }
}

TEST(Accepts, FollowsTheNamesAndTheirWeights) {
  EXPECT_TRUE(accepts("gzip, br", "gzip"));
  EXPECT_TRUE(accepts("GZIP", "gzip"));
  EXPECT_TRUE(accepts("gzip", "x-gzip"));
  EXPECT_TRUE(accepts("x-gzip", "gzip"));
  EXPECT_FALSE(accepts("gzip, br", "zstd"));
  EXPECT_FALSE(accepts("gzip;q=0", "gzip"));
  EXPECT_FALSE(accepts("gzip ; Q=0.000", "gzip"));
  EXPECT_TRUE(accepts("gzip;q=0.001", "gzip"));
  EXPECT_TRUE(accepts("gzip;q=1.000", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0, gzip", "gzip"));
}

TEST(Accepts, AMalformedWeightCountsAsZero) {
  for (const char* weight : {"", "x", "2", "1.001", "0.0001", "-1", ".5", "0x1", "00"}) {
    EXPECT_FALSE(accepts(std::string("gzip;q=") + weight, "gzip")) << weight;
  }
}

TEST(Accepts, TheStarStandsForWhatIsNotNamed) {
  EXPECT_TRUE(accepts("*", "br"));
  EXPECT_TRUE(accepts("gzip;q=0, *", "br"));
  EXPECT_FALSE(accepts("gzip;q=0, *", "gzip"));
  EXPECT_FALSE(accepts("*;q=0", "br"));
  EXPECT_TRUE(accepts("br, *;q=0", "br"));
}

TEST(Accepts, IdentityUnlessRefused) {
  EXPECT_TRUE(accepts(std::nullopt, ""));
  EXPECT_TRUE(accepts("", "identity"));
  EXPECT_TRUE(accepts("gzip", ""));
  EXPECT_FALSE(accepts("identity;q=0", ""));
  EXPECT_FALSE(accepts("*;q=0", "identity"));
  EXPECT_TRUE(accepts("identity, *;q=0", "identity"));
}

TEST(Accepts, WhoNamesNothingGetsNoCoding) {
  EXPECT_FALSE(accepts(std::nullopt, "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
}

TEST(Accepts, EveryCodingOfAListMustBeTaken) {
  EXPECT_TRUE(accepts("gzip, br", "gzip, br"));
  EXPECT_FALSE(accepts("gzip", "gzip, br"));
  EXPECT_TRUE(accepts("gzip", "identity, gzip"));
}

}  // namespace
}  // namespace reprise::http
