#include "recording/budget.h"

#include <gtest/gtest.h>

namespace reprise::recording {
namespace {

TEST(Budget, IsExhaustedAtItsBound) {
  Budget budget(10);
  budget.charge(9);
  EXPECT_FALSE(budget.exhausted());
  budget.charge(1);
  EXPECT_TRUE(budget.exhausted());
  budget.release(1);
  EXPECT_FALSE(budget.exhausted());
  EXPECT_EQ(budget.held(), 9u);
}

TEST(Budget, TakesMoreThanItsBound) {
  Budget budget(10);
  budget.charge(100);
  EXPECT_EQ(budget.held(), 100u);
  budget.release(100);
  EXPECT_EQ(budget.held(), 0u);
  EXPECT_FALSE(budget.exhausted());
}

TEST(Budget, OfNothingIsExhaustedAtOnce) { EXPECT_TRUE(Budget(0).exhausted()); }

}  // namespace
}  // namespace reprise::recording
