#include "proxy/body_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "fakes/gzip.h"

namespace reprise::proxy {
namespace {

const std::string kOne = R"(data: {"choices":[{"index":0,"delta":{"content":"one"}}]})"
                         "\n\n";
const std::string kUsage = R"(data: {"choices":[],"usage":{"total_tokens":3}})"
                           "\n\n";
const std::string kDone = "data: [DONE]\n\n";

enum class Does : uint8_t { kDecode, kRebuild, kBoth };

BodyFilter filter_of(Does does) {
  std::unique_ptr<http::Decoder> decoder;
  std::unique_ptr<openai::StreamRebuilder> rebuilder;
  if (does != Does::kRebuild) decoder = http::Decoder::make("gzip", 1 << 20);
  if (does != Does::kDecode) {
    rebuilder = std::make_unique<openai::StreamRebuilder>(
        openai::Route::kChatCompletions, openai::Form{.stream = true}, size_t{1} << 20);
  }
  return {std::move(decoder), std::move(rebuilder)};
}

// What each piece gives, then what the end gives; "!" where it fails.
std::vector<std::string> filtered(Does does, const std::vector<std::string>& pieces) {
  BodyFilter filter = filter_of(does);
  std::vector<std::string> given;
  const auto keep = [&given](std::string_view piece) { given.back().append(piece); };
  for (const std::string& piece : pieces) {
    given.emplace_back();
    if (!filter.feed(piece, keep)) given.back() += "!";
  }
  given.emplace_back();
  if (!filter.finish(keep)) given.back() += "!";
  return given;
}

using Given = std::vector<std::string>;

TEST(BodyFilter, GivesWithEachPieceWhatItCompletes) {
  const std::vector<std::string> plain{kOne, kUsage, kOne + kDone};
  const std::vector<std::string> coded = fakes::gzip_pieces(plain);
  EXPECT_EQ(filtered(Does::kRebuild, plain), (Given{kOne, "", kOne + kDone, ""}));
  EXPECT_EQ(filtered(Does::kDecode, coded), (Given{kOne, kUsage, kOne + kDone, ""}));
  EXPECT_EQ(filtered(Does::kBoth, coded), (Given{kOne, "", kOne + kDone, ""}));
  const size_t half = kOne.size() / 2;
  EXPECT_EQ(filtered(Does::kRebuild, {kOne.substr(0, half), kOne.substr(half) + kUsage}),
            (Given{"", kOne, ""}));
}

TEST(BodyFilter, FailsForGoodWhereTheBodyIsNotWhatItClaims) {
  EXPECT_EQ(filtered(Does::kRebuild, {kOne + "data: no\n\n" + kOne, kOne}),
            (Given{kOne + "!", "!", "!"}));
  EXPECT_EQ(filtered(Does::kDecode, {"no gzip", "more"}), (Given{"!", "!", "!"}));
  EXPECT_EQ(filtered(Does::kBoth, {fakes::gzip(kOne + "data: no\n\n")}), (Given{kOne + "!", "!"}));
}

TEST(BodyFilter, FailsAtAnEndThatIsNone) {
  const std::vector<std::string> coded = fakes::gzip_pieces({kOne, kDone});
  EXPECT_EQ(filtered(Does::kDecode, {coded[0]}), (Given{kOne, "!"}));
  EXPECT_EQ(filtered(Does::kBoth, {coded[0]}), (Given{kOne, "!"}));
  EXPECT_EQ(filtered(Does::kRebuild, {kOne, kOne.substr(0, 20)}), (Given{kOne, "", "!"}));
  EXPECT_EQ(filtered(Does::kRebuild, {kOne, "data: [DONE]"}), (Given{kOne, "", kDone}));
}

}  // namespace
}  // namespace reprise::proxy
