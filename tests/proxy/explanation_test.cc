#include "proxy/explanation.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reprise::proxy {
namespace {

TEST(Explanation, TellsMembersThatDiffer) {
  using Members = std::vector<openai::MemberHash>;
  const Members one = {{"model", 1}, {"messages", 2}, {"seed", 3}};
  const Members other = {{"messages", 2}, {"model", 9}, {"top_k", 4}};
  EXPECT_EQ(differing_members(one, other), (std::vector<std::string>{"model", "seed", "top_k"}));
  EXPECT_EQ(differing_members(one, one), std::vector<std::string>{});
  EXPECT_EQ(differing_members({}, {}), std::vector<std::string>{});
}

}  // namespace
}  // namespace reprise::proxy
