#include "openai/name_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace reprise::openai {
namespace {

std::vector<std::string> sorted(NameOrder* order, const std::vector<std::string>& names) {
  order->clear();
  for (const std::string& name : names) order->add(name);
  order->sort();
  std::vector<std::string> result;
  for (const NameOrder::Place& place : order->places()) result.push_back(names[place.index]);
  return result;
}

TEST(NameOrder, SortsAsStringsDo) {
  NameOrder order;
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> names;
    const size_t count = random() % 60;
    for (size_t i = 0; i < count; ++i) {
      std::string name(random() % 3 * 8, 'x');  // alike in front, in whole chunks and in parts
      for (size_t n = random() % 10; n > 0; --n) name += "\0ab\x7f\xff"[random() % 5];
      names.push_back(name);
    }
    std::vector<std::string> expected = names;
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(sorted(&order, names), expected) << round;
    ASSERT_EQ(order.has_equal_names(),
              std::adjacent_find(expected.begin(), expected.end()) != expected.end());
  }
}

TEST(NameOrder, TellsAnEndFromANul) {
  NameOrder order;
  const std::vector<std::string> names = {std::string("a\0", 2), "a", "", std::string("\0", 1)};
  const std::vector<std::string> expected = {"", std::string("\0", 1), "a", std::string("a\0", 2)};
  EXPECT_EQ(sorted(&order, names), expected);
  EXPECT_FALSE(order.has_equal_names());
}

TEST(NameOrder, LongCommonBeginningsNeedNoStack) {
  NameOrder order;
  const std::string common(4 << 20, 'x');
  EXPECT_EQ(sorted(&order, {common + "b", common + "a", common}),
            (std::vector<std::string>{common, common + "a", common + "b"}));
}

}  // namespace
}  // namespace reprise::openai
