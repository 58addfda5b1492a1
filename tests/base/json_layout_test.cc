#include "base/json_layout.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace reprise::base {
namespace {

constexpr size_t kPlenty = 1 << 20;

std::string expanded(std::string_view text) {
  return lay_out_json(text, JsonLayout::kExpanded, kPlenty).value_or("(too large)");
}
std::string gathered(std::string_view text) {
  return lay_out_json(text, JsonLayout::kGathered, kPlenty).value_or("(too large)");
}

TEST(JsonLayout, ExpandsAsOtherPrintersDo) {
  EXPECT_EQ(expanded(R"({"a":1,"b":[true,"x, {y}: \"]"],"c":{"d":null},"e":[],"f":{}})"),
            R"({
  "a": 1,
  "b": [
    true,
    "x, {y}: \"]"
  ],
  "c": {
    "d": null
  },
  "e": [],
  "f": {}
})");
  EXPECT_EQ(expanded("{}"), "{}");
  EXPECT_EQ(expanded(R"("text")"), R"("text")");
}

TEST(JsonLayout, GathersWhatIsShortAPairOrWithoutText) {
  const std::string text(100, 't');
  EXPECT_EQ(gathered(R"({"role":"user","content":"Hi"})"), R"({"role": "user", "content": "Hi"})");
  EXPECT_EQ(gathered(R"({"role":"user","content":")" + text + R"("})"),
            "{\n  \"role\": \"user\",\n  \"content\": \"" + text + "\"\n}");
  EXPECT_EQ(gathered(R"({"events":[[12,")" + text + R"("]]})"),
            "{\n  \"events\": [\n    [12, \"" + text + "\"]\n  ]\n}");
  EXPECT_EQ(gathered(R"(["x","x",")" + text + R"("])"),
            "[\n  \"x\",\n  \"x\",\n  \"" + text + "\"\n]");
  std::string numbers = "[0.5";
  std::string line = "[0.5";
  for (int i = 0; i < 200; ++i) {
    numbers += ",-1e5";
    line += ", -1e5";
  }
  EXPECT_EQ(gathered(numbers + "]"), line + "]");
}

TEST(JsonLayout, NeverPutsWhatIsNestedOnOneLine) {
  EXPECT_EQ(gathered(R"({"a":{"b":1}})"), "{\n  \"a\": {\"b\": 1}\n}");
  EXPECT_EQ(gathered(R"([[],{}])"), "[\n  [],\n  {}\n]");
}

TEST(JsonLayout, KeepsToItsBound) {
  const std::string text = R"({"a":[[1,2],[3,4]]})";
  for (const JsonLayout layout : {JsonLayout::kExpanded, JsonLayout::kGathered}) {
    const size_t size = lay_out_json(text, layout, kPlenty).value().size();
    EXPECT_TRUE(lay_out_json(text, layout, size).has_value());
    for (size_t bound = 0; bound < size; ++bound) {
      EXPECT_EQ(lay_out_json(text, layout, bound), std::nullopt) << bound;
    }
  }
}

TEST(JsonLayout, ReadsBackAsWhatItWas) {
  JsonNormaliser json;
  ASSERT_EQ(json.read(R"({"z":[1.0,{"q":"\u00e9\"\\ \u2028"},[[]],-0],"a":{"b":{"c":[null]}}})"),
            JsonFault::kNone);
  const std::string text(json.text());
  for (const std::string& laid_out : {expanded(text), gathered(text)}) {
    JsonNormaliser again;
    ASSERT_EQ(again.read(laid_out), JsonFault::kNone);
    EXPECT_EQ(again.text(), text);
  }
}

TEST(JsonLayout, MeasuresDepth) {
  EXPECT_EQ(json_depth("1"), 0u);
  EXPECT_EQ(json_depth(R"("[[[")"), 0u);
  EXPECT_EQ(json_depth("{}"), 1u);
  EXPECT_EQ(json_depth(R"({"[":[],"a":[{"b":1},[]]})"), 3u);
}

}  // namespace
}  // namespace reprise::base
