#include "base/digest.h"

#include <gtest/gtest.h>

namespace reprise::base {
namespace {

TEST(Digest, HexRoundTrips) {
  const Digest128 digest = xxh3_128("question");
  Digest128 back;
  ASSERT_TRUE(Digest128::from_hex(digest.hex(), &back));
  EXPECT_EQ(digest, back);
  EXPECT_FALSE(Digest128::from_hex(digest.hex().substr(1), &back));
  EXPECT_FALSE(Digest128::from_hex(std::string(32, 'g'), &back));
}

TEST(Digest, Sha256IsTheStandards) {
  std::string hex;
  for (uint8_t byte : sha256("abc")) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  EXPECT_EQ(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace reprise::base
