#include "openai/pieces.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "openai/base64.h"

namespace reprise::openai {
namespace {

std::vector<std::string> pieces(std::string_view content) {
  std::vector<std::string> all;
  for_each_piece(content, [&all](std::string_view piece) {
    all.emplace_back(piece);
    return true;
  });
  return all;
}

using Pieces = std::vector<std::string>;

TEST(Pieces, AWordWithTheSpaceBeforeIt) {
  EXPECT_EQ(pieces(""), Pieces());
  EXPECT_EQ(pieces("one two  three"), (Pieces{"one", " two", "  three"}));
  EXPECT_EQ(pieces(R"( a\n\tb\r\n)"), (Pieces{" a", R"(\n\tb)", R"(\r\n)"}));
  EXPECT_EQ(pieces(R"(a\\n \"b\")"), (Pieces{R"(a\\n)", R"( \"b\")"}));
}

TEST(Pieces, LongWordsAndLongSpaceAreCut) {
  EXPECT_EQ(pieces(std::string(100, 'a')),
            (Pieces{std::string(48, 'a'), std::string(48, 'a'), "aaaa"}));
  EXPECT_EQ(pieces(std::string(50, ' ') + "a"), (Pieces{std::string(48, ' '), "  a"}));
}

TEST(Pieces, NeverInsideACharacterOrAnEscape) {
  for (const std::string character : {"é", "€", "😀", R"(\u2028)", R"(\u0001)", R"(\")", R"(\\)"}) {
    for (size_t before = 40; before < 50; ++before) {
      std::string content(before, 'x');
      for (int i = 0; i < 20; ++i) content += character;
      std::string joined;
      for (const std::string& piece : pieces(content)) {
        EXPECT_LE(piece.size(), kPieceBytesMax);
        const size_t plain = std::min(piece.find_first_not_of('x'), piece.size());
        EXPECT_EQ((piece.size() - plain) % character.size(), 0U) << piece;
        joined += piece;
      }
      EXPECT_EQ(joined, content);
    }
  }
}

TEST(Pieces, StopWhenNoMoreAreWanted) {
  int count = 0;
  for_each_piece("a b c d", [&count](std::string_view) { return ++count < 2; });
  EXPECT_EQ(count, 2);
}

TEST(Base64, BothWays) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    append_base64(text, bytes);
    EXPECT_EQ(text.size(), (bytes.size() + 2) / 3 * 4);
    std::string back;
    EXPECT_TRUE(append_base64_decoded(back, text));
    EXPECT_EQ(back, bytes);
    bytes += static_cast<char>(i * 7);
  }
}

TEST(Base64, WhatNoEncoderWritesIsRefused) {
  for (const char* bad : {"Q", "QQ", "QQ=", "QQ==QQ==", "Q===", "====", "Q-==", "QR==", "QkN=",
                          "QQ= =", "\xff\xff\xff\xff"}) {
    std::string out;
    EXPECT_FALSE(append_base64_decoded(out, bad)) << bad;
  }
}

TEST(Pieces, AreEstimatedByTheirBeginning) {
  EXPECT_EQ(estimate_pieces(""), 0U);
  EXPECT_EQ(estimate_pieces("one two  three"), 3U);
  std::string words;
  for (size_t i = 0; i < 100000; ++i) words += i % 3 == 0 ? " word" : " a";
  EXPECT_GE(estimate_pieces(words), 100000U);
  EXPECT_LE(estimate_pieces(words), 110000U);
}

}  // namespace
}  // namespace reprise::openai
