#include "openai/prices.h"

#include <gtest/gtest.h>

#include <limits>

namespace reprise::openai {
namespace {

// A price for each name, by which it is known again.
Prices prices_of(std::vector<std::string> models) {
  std::vector<Prices::Rate> rates;
  for (std::string& model : models) {
    const uint64_t place = rates.size() + 1;
    rates.push_back({std::move(model), {place, place}});
  }
  return Prices(std::move(rates));
}

// The place of the rate that counts for `model`; 0 for none.
uint64_t found(const Prices& prices, std::string_view model) {
  const Price* price = prices.find(model);
  return price == nullptr ? 0 : price->input;
}

TEST(Prices, AWholeNameIsThatNameAlone) {
  const Prices prices = prices_of({"gpt-4o", "gpt-4o-mini"});
  EXPECT_EQ(found(prices, "gpt-4o"), 1U);
  EXPECT_EQ(found(prices, "gpt-4o-mini"), 2U);
  for (const char* unknown : {"", "gpt", "gpt-4", "gpt-4o-", "gpt-4o-mini-2024-07-18", "GPT-4o"}) {
    EXPECT_EQ(found(prices, unknown), 0U) << unknown;
  }
}

TEST(Prices, OfTheBeginningsThatFitTheLongestCounts) {
  const Prices prices = prices_of({"gpt-*", "gpt-4o*", "gpt-4o-mini*", "gpt-4o-mini", "o1*"});
  EXPECT_EQ(found(prices, "gpt-3.5-turbo"), 1U);
  EXPECT_EQ(found(prices, "gpt-"), 1U);
  EXPECT_EQ(found(prices, "gpt-4o"), 2U);
  EXPECT_EQ(found(prices, "gpt-4o-2024-08-06"), 2U);
  EXPECT_EQ(found(prices, "gpt-4o-minimal"), 3U);
  EXPECT_EQ(found(prices, "gpt-4o-mini-2024-07-18"), 3U);
  EXPECT_EQ(found(prices, "gpt-4o-mini"), 4U) << "the whole name before its beginnings";
  EXPECT_EQ(found(prices, "o1"), 5U);
  EXPECT_EQ(found(prices, "o3"), 0U);
  EXPECT_EQ(found(prices, "gpt"), 0U);
}

TEST(Prices, WhatLiesBetweenDoesNotHideAShorterBeginning) {
  const Prices prices = prices_of({"a*", "ab", "abc*", "abd", "ac*", "b"});
  EXPECT_EQ(found(prices, "abz"), 1U);
  EXPECT_EQ(found(prices, "abcz"), 3U);
  EXPECT_EQ(found(prices, "abd"), 4U);
  EXPECT_EQ(found(prices, "abdz"), 1U);
  EXPECT_EQ(found(prices, "az"), 1U);
  EXPECT_EQ(found(prices, "acz"), 5U);
}

TEST(Prices, AStarAloneIsEveryModel) {
  const Prices prices = prices_of({"*", "m"});
  EXPECT_EQ(found(prices, "m"), 2U);
  EXPECT_EQ(found(prices, "anything"), 1U);
  EXPECT_EQ(found(prices, ""), 1U);
  EXPECT_EQ(found(Prices({}), "m"), 0U);
}

// 0.15 and 0.60 dollars per million tokens.
TEST(Prices, CostsAreExact) {
  const Prices prices({{"m", {150'000, 600'000}}, {"fine", {1, 0}}, {"free", {0, 0}}});
  EXPECT_EQ(prices.nano_usd("m", {true, 5, 7, 12}), 5U * 150 + 7U * 600);
  EXPECT_EQ(prices.nano_usd("m", {true, 1'000'000, 0, 0}), 150'000'000U);
  EXPECT_EQ(prices.nano_usd("m", {}), 0U);
  EXPECT_EQ(prices.nano_usd("free", {true, 5, 7, 12}), 0U);
  EXPECT_EQ(prices.nano_usd("unknown", {true, 5, 7, 12}), 0U);
  EXPECT_EQ(prices.nano_usd("fine", {true, 499, 0, 499}), 0U) << "rounded to the nearest";
  EXPECT_EQ(prices.nano_usd("fine", {true, 500, 0, 500}), 1U);
}

TEST(Prices, AbsurdCountsCostNoMoreThanABillionTokens) {
  const Prices prices({{"m", {Prices::kPriceMax, Prices::kPriceMax}}});
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(prices.nano_usd("m", {true, most, most, most}), uint64_t{20'000'000} * 1'000'000'000);
}

}  // namespace
}  // namespace reprise::openai
