#include "cache/nearest_question.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reprise::cache {
namespace {

using Members = std::vector<openai::MemberHash>;
using Names = std::vector<std::string>;

TEST(DifferingMembers, AreThoseThatOneHasOrWhoseValuesDiffer) {
  const Members one = {{"model", 1}, {"messages", 2}, {"seed", 3}};
  const Members other = {{"messages", 2}, {"model", 9}, {"top_k", 4}};
  EXPECT_EQ(differing_members(one, other), (Names{"model", "seed", "top_k"}));
  EXPECT_EQ(differing_members(one, one), Names{});
  EXPECT_EQ(differing_members({}, {}), Names{});
}

const Members kAsked = {{"messages", 2}, {"model", 1}, {"seed", 3}};

TEST(NearestQuestion, IsTheOneWithTheFewestDifferences) {
  NearestQuestion nearest(kAsked);
  EXPECT_FALSE(nearest.found().has_value());
  nearest.consider({0, 1}, {{"messages", 9}, {"model", 9}, {"seed", 9}});
  EXPECT_EQ(nearest.found()->differs, (Names{"messages", "model", "seed"}));
  nearest.consider({0, 2}, {{"messages", 2}, {"model", 1}, {"seed", 9}, {"user", 1}});
  EXPECT_EQ(nearest.found()->differs, (Names{"seed", "user"}));
  nearest.consider({0, 3}, {{"messages", 2}, {"model", 1}});
  EXPECT_EQ(nearest.found()->differs, (Names{"seed"}));
  nearest.consider({0, 4}, {{"model", 1}});
  nearest.consider({0, 5}, {});
  EXPECT_EQ(nearest.found()->key, (base::Digest128{0, 3}));
}

TEST(NearestQuestion, MayBeTheSameButForWhatIsNotInTheBody) {
  NearestQuestion nearest(kAsked);
  nearest.consider({0, 1}, kAsked);
  ASSERT_TRUE(nearest.found().has_value());
  EXPECT_EQ(nearest.found()->differs, Names{});
}

// Whoever wrote it may not have kept the order.
TEST(NearestQuestion, MembersInAnotherOrderAreStillNamedRightly) {
  NearestQuestion nearest(kAsked);
  nearest.consider({0, 1}, {{"seed", 3}, {"model", 1}, {"messages", 7}});
  EXPECT_EQ(nearest.found()->differs, (Names{"messages"}));
}

}  // namespace
}  // namespace reprise::cache
