#include "app/price_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/option_support.h"

namespace reprise::app {
namespace {

using openai::Price;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

std::shared_ptr<const openai::Prices> prices_of(std::string_view toml) {
  const TemporaryFile file(toml);
  auto prices = read_prices(file.path());
  EXPECT_TRUE(prices) << prices.error().detail;
  return prices.value_or(
      std::make_shared<const openai::Prices>(std::vector<openai::Prices::Rate>()));
}

std::string refusal_of_prices(std::string_view toml) {
  const TemporaryFile file(toml);
  return refusal({"--prices", file.path()});
}

TEST(PriceFile, HasATableForEachModel) {
  const auto prices = prices_of(
      "'dated-*' = { input = 1e-6, output = 10_000 }  # a comment\n"
      "[\"gpt-4o-mini\"]\ninput = 0.15\noutput = 0.60\n"
      "[embedder]\ninput = 1\n[free]\ninput = 0\noutput = 0.0\n");
  ASSERT_NE(prices->find("gpt-4o-mini"), nullptr);
  EXPECT_EQ(*prices->find("gpt-4o-mini"), (Price{150'000, 600'000}));
  EXPECT_EQ(*prices->find("embedder"), (Price{1'000'000, 0}));
  EXPECT_EQ(*prices->find("free"), (Price{0, 0}));
  EXPECT_EQ(*prices->find("dated-2024-07-18"), (Price{1, openai::Prices::kPriceMax}));
  EXPECT_EQ(prices->find("gpt-4o"), nullptr);
  EXPECT_EQ(prices_of("")->find("gpt-4o"), nullptr);
}

TEST(PriceFile, SixDecimalsCount) {
  EXPECT_EQ(prices_of("[m]\ninput = 0.0375\noutput = 0.0000004\n")->find("m")->input, 37'500U);
  EXPECT_EQ(prices_of("[m]\ninput = 0.07\n")->find("m")->input, 70'000U);
  EXPECT_EQ(prices_of("[m]\ninput = 0.29\n")->find("m")->input, 290'000U);
}

TEST(PriceFile, ComplaintsNameTheLineAndWhatWasExpected) {
  const struct {
    const char* toml;
    const char* told;
  } cases[] = {
      {"[m]\noutput = 1\n", "line 1: \"m\": expected input"},
      {"[m]\n", "line 1: \"m\": expected input"},
      {"\n[m]\ninput = 1\ncached = 1\n", "line 4: \"m\" has \"cached\": expected input and output"},
      {"[m]\ninput = -0.1\n", "line 2: input: expected dollars per million tokens, a number"},
      {"[m]\ninput = 10000.01\n", "line 2: input: expected dollars per million tokens, a number"},
      {"[m]\ninput = nan\n", "line 2: input: expected dollars"},
      {"[m]\ninput = inf\n", "line 2: input: expected dollars"},
      {"[m]\ninput = 1\noutput = \"1\"\n", "line 3: output: expected dollars"},
      {"[m]\ninput = true\n", "line 2: input: expected dollars"},
      {"m = 1\n", "line 1: \"m\": expected a table for each model, but this is an integer"},
      {"m = [1]\n", "expected a table for each model, but this is an array"},
      {"m = \"1\"\n", "expected a table for each model, but this is a string"},
      {"[gpt-4.1]\ninput = 1\n",
       "\"gpt-4\" has a table \"1\": expected names with dots in quotes, as in [\"gpt-4.1\"]"},
      {"[\"\"]\ninput = 1\n", "line 1: \"\": expected a model's name"},
      {"['a*b']\ninput = 1\n", "line 1: \"a*b\": expected a model's name, or how names begin"},
      {"['a**']\ninput = 1\n", "line 1: \"a**\": expected a model's name, or how names begin"},
      {"[m]\ninput = 1\n[m]\ninput = 2\n", "expected a readable TOML file, but line 3: "},
      {"[m]\ninput = 0,15\n", "expected a readable TOML file, but line 2: "},
  };
  for (const auto& bad : cases) {
    EXPECT_THAT(refusal_of_prices(bad.toml), AllOf(StartsWith("--prices \""), HasSubstr(bad.told)))
        << bad.toml;
  }
}

TEST(PriceFile, ComplaintsNameTheFileAndWhereTheOptionCameFrom) {
  EXPECT_EQ(refusal({"--prices", "/no/such.toml"}),
            "--prices \"/no/such.toml\": expected a readable TOML file, but No such file or "
            "directory");
  EXPECT_THAT(refusal({"--prices", "/"}), EndsWith("but Is a directory"));
  EXPECT_THAT(refusal({"--prices=/dev/zero"}), EndsWith("but this one is larger than 1 MiB"));
  EXPECT_THAT(refusal({}, {"REPRISE_PRICES=/no/such"}), EndsWith("(from REPRISE_PRICES)"));
  const TemporaryFile bad("[m]\n");
  EXPECT_EQ(refusal({}, {"REPRISE_PRICES=" + bad.path()}),
            "--prices \"" + bad.path() + "\": line 1: \"m\": expected input (from REPRISE_PRICES)");
}

TEST(PriceFile, IsReadWithTheOptions) {
  const TemporaryFile file("[m]\ninput = 1\n");
  const Options options = load({"--prices", file.path()});
  ASSERT_NE(options.prices, nullptr);
  EXPECT_NE(options.prices->find("m"), nullptr);
  EXPECT_EQ(load({}).prices, nullptr);
  EXPECT_EQ(load({"--prices=none"}, {"REPRISE_PRICES=/no/such"}).prices, nullptr);
}

TEST(PriceFile, TheShippedOneIsGood) {
  const auto prices = read_prices(REPRISE_TREE "/conf/prices.toml");
  ASSERT_TRUE(prices) << prices.error().detail;
  for (const char* model : {"gpt-4o-mini", "gpt-4o-mini-2024-07-18"}) {
    ASSERT_NE((*prices)->find(model), nullptr) << model;
    EXPECT_EQ(*(*prices)->find(model), (Price{150'000, 600'000})) << model;
  }
  EXPECT_EQ(*(*prices)->find("gpt-4.1-mini-2025-04-14"), (Price{400'000, 1'600'000}));
  EXPECT_EQ(*(*prices)->find("text-embedding-3-small"), (Price{20'000, 0}));
  EXPECT_EQ((*prices)->find("gpt-4o-audio-preview"), nullptr);
}

}  // namespace
}  // namespace reprise::app
