#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

namespace reprise::base {
namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonWriter, SeparatesMembersAndElements) {
  JsonWriter json;
  json.begin_object().member("a", 1).key("b").begin_array().value("x").value(true).null();
  json.begin_object().end_object().end_array().member("c", false).end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":1,"b":["x",true,null,{}],"c":false})");
}

TEST(JsonWriter, WritesNumbersThatReadBackTheSame) {
  JsonWriter json;
  json.begin_array().value(std::numeric_limits<uint64_t>::max());
  json.value(std::numeric_limits<int64_t>::min()).value(0.1).value(2.0);
  json.value(std::numeric_limits<double>::infinity()).value(std::nan("")).end_array();
  EXPECT_EQ(std::move(json).take(), "[18446744073709551615,-9223372036854775808,0.1,2,null,null]");
}

TEST(JsonWriter, EscapesNamesAndStrings) {
  JsonWriter json;
  json.begin_object().member("a\"\\", "b\n\x01\xFF").member("\xC3\xA9", std::string("\0", 1));
  json.end_object();
  EXPECT_EQ(std::move(json).take(),
            "{\"a\\\"\\\\\":\"b\\n\\u0001\xEF\xBF\xBD\",\"\xC3\xA9\":\"\\u0000\"}");
}

TEST(JsonWriter, EscapesWhatJsonForbids) {
  EXPECT_EQ(json_of("a\"b\\c/"), R"("a\"b\\c/")");
  EXPECT_EQ(json_of(std::string_view("\0\x01\n\r\t\b\f\x1f\x7f", 9)),
            R"("\u0000\u0001\n\r\t\b\f\u001f\u007f")");
  EXPECT_EQ(json_of("\u0085\u2028\u2029\u202a"), "\"\\u0085\\u2028\\u2029\u202a\"");
}

TEST(JsonWriter, KeepsValidUtf8) {
  const std::string text = "\u0080 \u00e9 \u07ff \u0800 \ud7ff \ue000 \uffff \U00010000 \U0010ffff";
  EXPECT_EQ(json_of(text), '"' + text + '"');
}

TEST(JsonWriter, ReplacesEachMaximalPartOfAnInvalidSequence) {
  const std::string bad = "\uFFFD";
  EXPECT_EQ(json_of("\x80|"), '"' + bad + "|\"");
  EXPECT_EQ(json_of("\xC0\xAF"), '"' + bad + bad + '"');            // overlong
  EXPECT_EQ(json_of("\xED\xA0\x80"), '"' + bad + bad + bad + '"');  // surrogate
  EXPECT_EQ(json_of("\xF4\x90\x80\x80"), '"' + bad + bad + bad + bad + '"');
  EXPECT_EQ(json_of("\xE2\x82|"), '"' + bad + "|\"");  // cut inside: one part
  EXPECT_EQ(json_of("\xF0\x9F\x98"), '"' + bad + '"');
  EXPECT_EQ(json_of("\xE2\"\xFF"), '"' + bad + "\\\"" + bad + '"');
}

TEST(JsonWriter, TakesJsonAsItIs) {
  JsonWriter json;
  json.begin_object().key("a").raw("[1.0]").key("b").raw("{}").end_object();
  EXPECT_EQ(std::move(json).take(), R"({"a":[1.0],"b":{}})");
}

}  // namespace
}  // namespace reprise::base
