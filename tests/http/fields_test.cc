#include "http/fields.h"

#include <gtest/gtest.h>

#include <string>

#include "http/chars.h"
#include "http/event_log.h"

namespace reprise::http {
namespace {

Fields abc() {
  Fields fields;
  fields.add("A", "1");
  fields.add("b", "2");
  fields.add("a", "3");
  return fields;
}

TEST(Fields, KeepOrderCaseAndNumber) {
  const Fields fields = abc();
  EXPECT_EQ(to_text(fields), "[A=1][b=2][a=3]");
  EXPECT_EQ(fields.find("B"), "2");
  EXPECT_EQ(fields.find("c"), std::nullopt);
  EXPECT_EQ(fields.count("A"), 2U);
  EXPECT_EQ(fields.combined("a"), "1, 3");
}

TEST(Fields, RemoveByNameIndexAndCondition) {
  Fields fields = abc();
  EXPECT_EQ(fields.remove("a"), 2U);
  EXPECT_EQ(to_text(fields), "[b=2]");
  fields = abc();
  fields.remove_at(1);
  EXPECT_EQ(to_text(fields), "[A=1][a=3]");
  fields = abc();
  const std::string_view kept = fields[2].value;
  EXPECT_EQ(fields.remove_if([](const Fields::Field& field) { return field.value < "3"; }), 2U);
  EXPECT_EQ(kept.data(), fields[0].value.data()) << "views stay valid";
}

TEST(Fields, AreBuiltFromPieces) {
  Fields fields;
  fields.begin();
  fields.append_name("X-");
  fields.append_name("Y");
  fields.append_value("a ");
  fields.append_value("b \t");
  fields.trim_last();
  fields.begin();
  fields.append_name("Z");
  fields.trim_last();
  EXPECT_EQ(to_text(fields), "[X-Y=a b][Z=]");
}

template <typename List>
std::string elements(List for_each, std::string_view list) {
  std::string text;
  for_each(list, [&](std::string_view element) { text.append("<").append(element).append(">"); });
  return text;
}

TEST(Lists, SeparateElementsAndTokens) {
  const auto elements_of = [](std::string_view list) {
    return elements([](auto... args) { for_each_element(args...); }, list);
  };
  const auto tokens_of = [](std::string_view list) {
    return elements([](auto... args) { for_each_token(args...); }, list);
  };
  EXPECT_EQ(elements_of(" a,, b ;c=\"d,\\\"e\" ,"), "<a><b ;c=\"d,\\\"e\">");
  EXPECT_EQ(elements_of("\"a, b"), "<\"a, b>");
  EXPECT_EQ(tokens_of(" a,, b\t,"), "<a><b>");
  EXPECT_EQ(tokens_of("\"a, b"), "<\"a><b>") << "a stray quote hides nothing";
  EXPECT_EQ(elements_of("") + tokens_of(" , "), "");
}

TEST(Chars, KnowWhatMayBeWritten) {
  EXPECT_TRUE(valid_field_name("X-Reprise_1~"));
  EXPECT_FALSE(valid_field_name(""));
  EXPECT_FALSE(valid_field_name("a b"));
  EXPECT_FALSE(valid_field_name("a:"));
  EXPECT_FALSE(valid_field_name("\xc3\xa9"));
  EXPECT_TRUE(valid_field_value(""));
  EXPECT_TRUE(valid_field_value("a\tb \xc3\xa9"));
  EXPECT_FALSE(valid_field_value("a\r\nX: y"));
  EXPECT_FALSE(valid_field_value(std::string_view("\0", 1)));
  EXPECT_FALSE(valid_field_value("\x7f"));
}

}  // namespace
}  // namespace reprise::http
