#include "proxy/purge_order.h"

#include <gtest/gtest.h>

#include <string>

namespace reprise::proxy {
namespace {

TEST(PurgeOrder, ReadsItsThreeForms) {
  ASSERT_TRUE(parse_purge_order(R"({"all":true})").has_value());
  EXPECT_EQ(parse_purge_order(" {\"\\u0061ll\" : true}\n")->scope, PurgeOrder::Scope::kAll);
  const auto name_space = parse_purge_order(R"({"namespace":"team-a"})");
  ASSERT_TRUE(name_space.has_value());
  EXPECT_EQ(name_space->scope, PurgeOrder::Scope::kNamespace);
  EXPECT_EQ(name_space->name, "team-a");
  const auto default_one = parse_purge_order(R"({"namespace":""})");
  ASSERT_TRUE(default_one.has_value());
  EXPECT_EQ(default_one->name, "");
  const auto model = parse_purge_order(R"({"model":"a/b \u00e9"})");
  ASSERT_TRUE(model.has_value());
  EXPECT_EQ(model->scope, PurgeOrder::Scope::kModel);
  EXPECT_EQ(model->name, "a/b \xC3\xA9");
}

TEST(PurgeOrder, RefusesEverythingElse) {
  for (const char* body : {"",
                           "{}",
                           "null",
                           "true",
                           "[]",
                           R"("all")",
                           R"([{"all":true}])",
                           R"({"all":true)",
                           R"({"all":true}x)",
                           R"({"all":false})",
                           R"({"all":1})",
                           R"({"all":"true"})",
                           R"({"all":null})",
                           R"({"All":true})",
                           R"({"all":true,"model":"m"})",
                           R"({"all":true,"all":true})",
                           R"({"model":"a","model":"b"})",
                           R"({"namespace":"a","why":"b"})",
                           R"({"namespace":null})",
                           R"({"namespace":7})",
                           R"({"namespace":["a"]})",
                           R"({"namespace":"a/b"})",
                           R"({"namespace":"a b"})",
                           R"({"model":""})",
                           R"({"model":null})",
                           R"({"model":{"a":"b"}})",
                           R"({"key":"k"})"}) {
    EXPECT_FALSE(parse_purge_order(body).has_value()) << body;
  }
}

TEST(PurgeOrder, IsBounded) {
  const auto body = [](const char* member, size_t size) {
    return "{\"" + std::string(member) + "\":\"" + std::string(size, 'x') + "\"}";
  };
  EXPECT_TRUE(parse_purge_order(body("namespace", 128)).has_value());
  EXPECT_FALSE(parse_purge_order(body("namespace", 129)).has_value());
  EXPECT_TRUE(parse_purge_order(body("model", PurgeOrder::kModelBytesMax)).has_value());
  EXPECT_FALSE(parse_purge_order(body("model", PurgeOrder::kModelBytesMax + 1)).has_value());
  EXPECT_FALSE(parse_purge_order(body("model", 1 << 20)).has_value());
}

}  // namespace
}  // namespace reprise::proxy
