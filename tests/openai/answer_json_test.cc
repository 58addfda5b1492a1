#include "openai/answer_json.h"

#include <gtest/gtest.h>

#include <string>

namespace reprise::openai {
namespace {

TEST(AnswerJson, ReadsObjectsOfAnySize) {
  AnswerJson json;
  for (size_t size : {1u, 63u, 64u, 4095u, 4096u, 70000u, 1000000u, 10u}) {
    const std::string text = "{\"a\":\"" + std::string(size, 'x') + "\"}";
    JsonObject object;
    ASSERT_EQ(json.parse(text, &object), NotStored::kNone);
    EXPECT_EQ(pick(object, "a").text().size(), size);
    std::string in_place = text;
    ASSERT_EQ(json.parse_in_place(&in_place, &object), NotStored::kNone);
    EXPECT_EQ(pick(object, "a").text().size(), size);
    if (size > 100000) json.release_large();
  }
}

TEST(AnswerJson, NestsToItsLimit) {
  AnswerJson json;
  JsonObject object;
  const auto nested = [](size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_EQ(json.parse(nested(AnswerJson::kDepthMax - 1), &object), NotStored::kNone);
  EXPECT_EQ(json.parse(nested(AnswerJson::kDepthMax + 1), &object), NotStored::kMalformed);
  EXPECT_EQ(json.parse("{}", &object), NotStored::kNone);
}

TEST(AnswerJson, AMemberThatComesTwiceIsNone) {
  AnswerJson json;
  JsonObject object;
  ASSERT_EQ(json.parse(R"({"a":1,"b":2,"\u0061":3})", &object), NotStored::kNone);
  EXPECT_FALSE(pick(object, "a").present());
  EXPECT_EQ(pick(object, "b").number(), 2u);
}

TEST(AnswerJson, NumbersAreWholeAndNotNegative) {
  AnswerJson json;
  JsonObject object;
  ASSERT_EQ(json.parse(R"({"a":18446744073709551615,"b":-1,"c":1.0,"d":"1"})", &object),
            NotStored::kNone);
  EXPECT_EQ(pick(object, "a").number(), UINT64_MAX);
  for (const char* name : {"b", "c", "d", "e"}) EXPECT_FALSE(pick(object, name).number()) << name;
}

TEST(ReadUsage, KnowsBothFamiliesOfNames) {
  AnswerJson json;
  JsonObject object;
  Usage usage;
  ASSERT_EQ(json.parse(R"({"input_tokens":3,"output_tokens":4})", &object), NotStored::kNone);
  read_usage(object, &usage);
  EXPECT_EQ(usage, (Usage{true, 3, 4, 7}));
  ASSERT_EQ(json.parse(R"({"completion_tokens":5,"total_tokens":99})", &object), NotStored::kNone);
  read_usage(object, &usage);
  EXPECT_EQ(usage, (Usage{true, 3, 5, 99}));
}

bool is_utf8(const std::string& text, size_t cut) {
  Utf8Check check;
  check.feed(text.substr(0, cut));
  check.feed(text.substr(cut));
  return check.whole();
}

TEST(Utf8Check, SameVerdictWhereverItIsCut) {
  for (const char* good :
       {"", "a", "\xC3\xA9", "x\xE2\x82\xAC", "\xF0\x9F\x98\x80y", "\xF4\x8F\xBF\xBF"}) {
    const std::string text = good;
    for (size_t cut = 0; cut <= text.size(); ++cut) EXPECT_TRUE(is_utf8(text, cut)) << text << cut;
  }
  for (const char* bad : {"\x80", "\xC3", "\xC3(", "\xE2\x82", "\xE2\x82(", "\xF0\x9F\x98",
                          "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80",
                          "\xFF", "\xE2\xC3\xA9", "\xF0\x80\x80\x80", "a\x80\x80\x80\x80"}) {
    const std::string text = bad;
    for (size_t cut = 0; cut <= text.size(); ++cut) EXPECT_FALSE(is_utf8(text, cut)) << text << cut;
  }
}

}  // namespace
}  // namespace reprise::openai
