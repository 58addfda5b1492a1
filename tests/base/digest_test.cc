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
  EXPECT_EQ(hex_of(sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, HexOfNumbersAndProofsRoundTrips) {
  EXPECT_EQ(hex_of(uint64_t{0xabc}), "0000000000000abc");
  uint64_t number = 0;
  ASSERT_TRUE(read_hex(hex_of(uint64_t{0x0123456789abcdef}), &number));
  EXPECT_EQ(number, 0x0123456789abcdef);
  EXPECT_FALSE(read_hex("0123456789abcde", &number));
  EXPECT_FALSE(read_hex("0123456789abcdeg", &number));
  Sha256 proof{};
  ASSERT_TRUE(read_hex(hex_of(sha256("q")), &proof));
  EXPECT_EQ(proof, sha256("q"));
  EXPECT_FALSE(read_hex(hex_of(proof) + "0", &proof));
  EXPECT_FALSE(read_hex(std::string(64, ' '), &proof));
}

}  // namespace
}  // namespace reprise::base
