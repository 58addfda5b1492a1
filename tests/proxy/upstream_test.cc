#include "proxy/upstream.h"

#include <gtest/gtest.h>

namespace reprise::proxy {
namespace {

UpstreamList named(const std::vector<std::string>& names) {
  UpstreamList list;
  for (const std::string& name : names) {
    Upstream upstream;
    upstream.name = name;
    list.push_back(std::make_shared<const Upstream>(std::move(upstream)));
  }
  return list;
}

// The chosen one's name and the path behind it; "nowhere" if there is none.
std::string chosen(const UpstreamList& list, std::string_view target) {
  const UpstreamChoice choice = choose_upstream(list, target);
  if (choice.upstream == nullptr) return "nowhere";
  return "'" + (*choice.upstream)->name + "' " + std::string(choice.path);
}

TEST(ChooseUpstream, GoesByTheFirstSegment) {
  // Wherever the one without a name stands.
  for (const UpstreamList& list :
       {named({"", "a", "ab", "v1"}), named({"v1", "ab", "a", ""}), named({"a", "", "v1", "ab"})}) {
    EXPECT_EQ(chosen(list, "/a/x"), "'a' /x");
    EXPECT_EQ(chosen(list, "/ab/x?/a/"), "'ab' /x?/a/");
    EXPECT_EQ(chosen(list, "/v1/chat/completions"), "'v1' /chat/completions");
    EXPECT_EQ(chosen(list, "/a/a"), "'a' /a");
    EXPECT_EQ(chosen(list, "/a//x"), "'a' //x");
    EXPECT_EQ(chosen(list, "/a/"), "'a' /");
    EXPECT_EQ(chosen(list, "/a"), "'a' ");
    EXPECT_EQ(chosen(list, "/a?x"), "'a' ?x");
    for (const std::string other : {"/", "/?a", "/abc/x", "/A/x", "/%61/x", "//a/x", "/x/a/y",
                                    "/a;b/x", "/a#/x", "/.../x", "*", "a", ""}) {
      EXPECT_EQ(chosen(list, other), "'' " + other);
    }
  }
}

TEST(ChooseUpstream, LooksBehindTheAuthorityOfAnAbsoluteForm) {
  const UpstreamList list = named({"", "a"});
  EXPECT_EQ(chosen(list, "http://a/a/x?y"), "'a' /x?y");
  EXPECT_EQ(chosen(list, "http://a/x"), "'' /x");
  EXPECT_EQ(chosen(list, "http://a"), "'' /");
  EXPECT_EQ(chosen(list, "http://h?/a/"), "'' ?/a/");
  EXPECT_EQ(chosen(list, "HTTPS://h/a"), "'a' ");
  EXPECT_EQ(chosen(list, "/a/http://h/x"), "'a' /http://h/x");
}

TEST(ChooseUpstream, MayFindNone) {
  const UpstreamList list = named({"a"});
  for (const char* target : {"/", "/b", "/ab/x", "*", "http://a/b", "http://a"}) {
    EXPECT_EQ(chosen(list, target), "nowhere") << target;
  }
  EXPECT_EQ(choose_upstream(list, "http://a/b/c").path, "/b/c");
}

TEST(Upstream, ConnectionsAreAsGoodToTheSameOrigin) {
  Upstream one;
  one.host = "h";
  Upstream other = one;
  other.name = "n";
  other.path_prefix = "/x";
  EXPECT_TRUE(same_origin(one, other));
  other.port = 444;
  EXPECT_FALSE(same_origin(one, other));
  other = one;
  other.host = "g";
  EXPECT_FALSE(same_origin(one, other));
  other = one;
  other.tls = false;
  EXPECT_FALSE(same_origin(one, other));
}

}  // namespace
}  // namespace reprise::proxy
