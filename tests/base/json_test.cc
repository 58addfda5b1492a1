#include "base/json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reprise::base {
namespace {

JsonFault fault_of(std::string_view text) {
  JsonNormaliser json;
  return json.read(text);
}

std::string normal(std::string_view text) {
  JsonNormaliser json;
  const JsonFault fault = json.read(text);
  return fault == JsonFault::kNone ? std::string(json.text())
                                   : "fault " + std::to_string(static_cast<int>(fault));
}

std::vector<std::string> members_of(const JsonNormaliser& json) {
  std::vector<std::string> members;
  for (const JsonNormaliser::Member& one : json.members()) {
    std::string& text = members.emplace_back(json.whole(one));
    text.append(" ").append(json.name(one)).append(" ").append(json.value(one));
    text.append(" ").append(std::to_string(one.prefix));
  }
  return members;
}

std::vector<std::string> members_of(std::string_view text) {
  JsonNormaliser json;
  EXPECT_EQ(json.read(text), JsonFault::kNone);
  return members_of(json);
}

std::string nested(size_t arrays) {
  return "{\"a\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}";
}

TEST(Json, DropsWhiteSpaceAndKeepsOrder) {
  EXPECT_EQ(
      normal(" { \"b\" : [ 1 , { \"z\" : null , \"a\" : true } , [ ] ] ,\r\n\t\"a\":{ } } \n"),
      R"({"b":[1,{"z":null,"a":true},[]],"a":{}})");
  EXPECT_EQ(normal("{}"), "{}");
  EXPECT_EQ(normal(R"({"":""})"), R"({"":""})");
}

TEST(Json, WritesEveryStringOneWay) {
  EXPECT_EQ(normal(R"({"a":"\u0061\/\u00e9\u00E9\ud83d\uDE00"})"), "{\"a\":\"a/éé😀\"}");
  EXPECT_EQ(normal(R"({"a":"\u0022\u005c\u005C\"\\"})"), R"({"a":"\"\\\\\"\\"})");
  EXPECT_EQ(normal(R"({"a":"\u0008\u000c\u000a\u000d\u0009\b\f\n\r\t"})"),
            R"({"a":"\b\f\n\r\t\b\f\n\r\t"})");
  EXPECT_EQ(normal(R"({"a":"\u0000\u001F\u007f"})"), "{\"a\":\"\\u0000\\u001f\x7f\"}");
  EXPECT_EQ(normal(R"({"mod\u0065l":1})"), R"({"model":1})");
  EXPECT_EQ(normal("{\"a\":\"\\ufeff\\uffff\"}"), "{\"a\":\"\xEF\xBB\xBF\xEF\xBF\xBF\"}");
}

TEST(Json, KeepsNumberLexemes) {
  for (const char* number : {"0", "-0", "0.0", "-0.0", "10", "10.0", "1e1", "1E1", "1E+1", "1e-1",
                             "0e0", "1.50", "18446744073709551616", "1e999", "-12.340E+0056"}) {
    const std::string text = std::string("{\"a\":") + number + "}";
    EXPECT_EQ(normal(text), text);
  }
}

TEST(Json, RefusesWhatIsNoNumber) {
  for (const char* number :
       {"01",  "-",    "+1",  ".5",       "1.",        "1.e1",   "1e",        "1e+",   "-01",
        "00",  "0x1",  "NaN", "Infinity", "-Infinity", "1_000",  "--1",       "1.2.3", "1e1e1",
        "nan", "True", "nul", "nulll",    "tru",       "falsee", "undefined", "'a'"}) {
    EXPECT_EQ(fault_of(std::string("{\"a\":") + number + "}"), JsonFault::kSyntax) << number;
  }
}

TEST(Json, RefusesBrokenStructure) {
  for (const char* text : {"",
                           " ",
                           "{",
                           "{\"a\"",
                           "{\"a\":",
                           "{\"a\":1",
                           "{\"a\":1,",
                           "{\"a\":1,}",
                           "{,}",
                           "{a:1}",
                           "{\"a\" 1}",
                           "{\"a\":1 \"b\":2}",
                           "{\"a\":[1,]}",
                           "{\"a\":[,1]}",
                           "{\"a\":[1 2]}",
                           "{\"a\":[1}}",
                           "{\"a\":{]}",
                           "{\"a\":1]",
                           "{\"a\"::1}",
                           "{1:1}",
                           "{null:1}",
                           "{\"a\":}",
                           "{\"a\":\"",
                           "{\"a\":\"b",
                           "{\"a\":\"b\\",
                           "{\"a\":\"\\\"}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\u12\"}",
                           "{\"a\":\"\\u12g4\"}",
                           "{\"a\":\"\\U0041\"}",
                           "{/**/}",
                           "{\"a\":1//\n}",
                           "{\"a\":t",
                           "{\"a\":-",
                           "{\"a\":1.",
                           "{\"a\":[[[",
                           "{\"a\":\"12345678"}) {
    EXPECT_EQ(fault_of(text), JsonFault::kSyntax) << text;
  }
}

TEST(Json, RefusesEveryPrefixOfAGoodText) {
  const std::string text =
      R"({"a":[1,-2.5e+3,"x\n\u00e9\ud83d\ude00",{"b":null}],"c":true,"d":{}})";
  ASSERT_EQ(fault_of(text), JsonFault::kNone);
  for (size_t size = 0; size < text.size(); ++size) {
    const std::string prefix = text.substr(0, size);  // its own memory: overreading shows
    EXPECT_NE(fault_of(prefix), JsonFault::kNone) << prefix;
  }
}

TEST(Json, RefusesRawControlCharacters) {
  for (int c = 0; c < 0x20; ++c) {
    for (size_t at : {0, 3, 7, 8, 15, 16}) {
      std::string content(20, 'x');
      content[at] = static_cast<char>(c);
      EXPECT_EQ(fault_of("{\"a\":\"" + content + "\"}"), JsonFault::kSyntax) << c << " at " << at;
    }
  }
  EXPECT_EQ(fault_of("{\v\"a\":1}"), JsonFault::kSyntax);
  EXPECT_EQ(fault_of("{\"a\":\xC2\xA0 1}"), JsonFault::kSyntax);
}

TEST(Json, FindsTheEndOfStringsAtEveryAlignment) {
  for (size_t size = 0; size < 40; ++size) {
    for (size_t escape = 0; escape < size; ++escape) {
      std::string content(size, 'x');
      content.replace(escape, 1, "\\\"");
      const std::string text = "{\"a\":\"" + content + "\",\"b\":1}";
      ASSERT_EQ(normal(text), text);
    }
  }
}

TEST(Json, RefusesOtherOutermostValues) {
  for (const char* text : {"[]", "1", "\"a\"", "null", "true", "x", "[{}]"}) {
    EXPECT_EQ(fault_of(text), JsonFault::kNotObject) << text;
  }
}

TEST(Json, RefusesWhatFollows) {
  for (const char* text : {"{}x", "{}{}", "{} 1", "{},", "{}}", "{}\v", "{} //"}) {
    EXPECT_EQ(fault_of(text), JsonFault::kTrailing) << text;
  }
  EXPECT_EQ(fault_of(std::string_view("{}\0", 3)), JsonFault::kTrailing);
  EXPECT_EQ(fault_of("{}\n \t\r"), JsonFault::kNone);
}

TEST(Json, RefusesOtherEncodings) {
  EXPECT_EQ(fault_of("\xEF\xBB\xBF{}"), JsonFault::kNotObject);
  EXPECT_NE(fault_of(std::string_view("{\0}\0", 4)), JsonFault::kNone);
  EXPECT_EQ(fault_of(std::string_view("\xFF\xFE{\0}\0", 6)), JsonFault::kUtf8);
  for (const char* bytes :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82",
        "\xF0\x9F\x98", "\xC3\x28"}) {
    EXPECT_EQ(fault_of(std::string("{\"a\":\"") + bytes + "\"}"), JsonFault::kUtf8);
  }
  EXPECT_EQ(fault_of("{\"a\":\"\xF4\x8F\xBF\xBF\xEE\x80\x80\"}"), JsonFault::kNone);
}

TEST(Json, RefusesLoneSurrogates) {
  for (const char* escape : {"\\ud800", "\\udc00", "\\udfff\\ud800", "\\ud800x", "\\ud800\\n",
                             "\\ud800\\u0041", "\\ud800\\ud800\\udc00", "\\uDBFF\\uE000"}) {
    EXPECT_EQ(fault_of(std::string("{\"a\":\"") + escape + "\"}"), JsonFault::kSurrogate) << escape;
    EXPECT_EQ(fault_of(std::string("{\"") + escape + "\":1}"), JsonFault::kSurrogate) << escape;
  }
}

TEST(Json, BoundsDepth) {
  EXPECT_EQ(fault_of(nested(127)), JsonFault::kNone);
  EXPECT_EQ(fault_of(nested(128)), JsonFault::kDepth);
  EXPECT_EQ(fault_of(nested(1 << 20)), JsonFault::kDepth);
  std::string objects;
  for (int i = 0; i < 128; ++i) objects += "{\"a\":";
  EXPECT_EQ(fault_of(objects + "1" + std::string(128, '}')), JsonFault::kNone);
  EXPECT_EQ(fault_of("{\"a\":" + objects + "1" + std::string(129, '}')), JsonFault::kDepth);
}

TEST(Json, DepthCountsNestingAndNotContainers) {
  std::string text = "{\"a\":[";
  for (int i = 0; i < 1000; ++i) text += "[{}],";
  EXPECT_EQ(fault_of(text + "[]]}"), JsonFault::kNone);
}

TEST(Json, RefusesDuplicatesAtEveryDepth) {
  for (const char* text :
       {R"({"n":1,"n":1})", R"({"a":{"b":1,"b":2}})", R"({"a":[[{"b":1,"c":{},"b":2}]]})",
        R"({"a":1,"\u0061":2})", R"({"\/":1,"/":2})", R"({"":1,"":2})",
        R"({"a long name":1,"a long nam\u0065":2})", R"({"é":1,"\u00e9":2})",
        R"({"a":{"x":{"x":1}},"b":[{"x":1},{"x":1}],"a":1})"}) {
    EXPECT_EQ(fault_of(text), JsonFault::kDuplicate) << text;
  }
  for (const char* text :
       {R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]})", R"({"a":1,"A":2})",
        R"({"abcdefgh1":1,"abcdefgh2":2,"abcdefgh":3})", R"({"a":1,"a\u0000":2})"}) {
    EXPECT_EQ(fault_of(text), JsonFault::kNone) << text;
  }
}

TEST(Json, RefusesDuplicatesInLargeObjectsWhereverTheyStand) {
  for (size_t count : {15, 16, 17, 18, 31, 32, 33, 64, 65, 200}) {
    for (size_t twin = 0; twin + 1 < count; ++twin) {
      std::string text = "{\"o\":{";
      for (size_t i = 0; i + 1 < count; ++i) {
        text += "\"a common prefix " + std::to_string(i) + "\":{\"i\":1},";
      }
      const std::string unique = text + "\"last\":0}}";
      text += "\"a common prefix " + std::to_string(twin) + "\":0}}";
      ASSERT_EQ(fault_of(text), JsonFault::kDuplicate) << count << " " << twin;
      ASSERT_EQ(fault_of(unique), JsonFault::kNone) << count;
    }
  }
}

TEST(Json, TellsTheOutermostMembers) {
  JsonNormaliser json;
  ASSERT_EQ(json.read(R"({ "b" : [1, {"x":2}] , "a\n":"v", "c" : {} ,"d":-1.5e3 })"),
            JsonFault::kNone);
  ASSERT_EQ(json.members().size(), 4u);
  EXPECT_EQ(json.name(json.members()[0]), "b");
  EXPECT_EQ(json.value(json.members()[0]), R"([1,{"x":2}])");
  EXPECT_EQ(json.whole(json.members()[0]), R"("b":[1,{"x":2}])");
  EXPECT_EQ(json.name(json.members()[1]), "a\\n");
  EXPECT_EQ(json.value(json.members()[1]), "\"v\"");
  EXPECT_EQ(json.value(json.members()[2]), "{}");
  EXPECT_EQ(json.value(json.members()[3]), "-1.5e3");
}

TEST(Json, ReadsAgainAfterFaultsAndLargeTexts) {
  JsonNormaliser json;
  EXPECT_EQ(json.read("{\"a\":[[["), JsonFault::kSyntax);
  EXPECT_EQ(json.read("{\"a\":1,\"b\":{\"a\":1}}"), JsonFault::kNone);
  const std::string large = "{\"a\":\"" + std::string(3 << 20, 'x') + "\"}";
  ASSERT_EQ(json.read(large), JsonFault::kNone);
  EXPECT_EQ(json.text(), large);
  ASSERT_EQ(json.read("{\"c\": 2}"), JsonFault::kNone);
  EXPECT_EQ(json.text(), "{\"c\":2}");
}

// Each is read after each, and after a fault: nothing of what came before may show.
TEST(Json, ReadsTheNextTextAsIfItWereTheFirst) {
  std::vector<std::string> texts = {
      "{}",
      "{} ",
      "[1]",
      R"({"a":1})",
      R"({"a":1,"b":2})",
      R"({"a":1,"b":2,"c":[3,{"a":4}]})",
      R"({"a":1,"b":2,"c":[3,{"a":4,"a":5}]})",
      R"({"a":1,"b":2,"a":3})",
      R"({"a":1,"b":2,"c":)",
      R"({"a":1,"b":2,)",
      R"({"a":1,"b":2,})",
      R"({"a":1,"b":2,3})",
      R"({"a":1, "b":2,"c":3})",
      R"({"a":1,  "b" : 2 , "c":3})",
      R"({"a":1,"b":2,"c":[3,{"a":4}]}})",
      R"({"a":1,"b":2,"\u0063":[3,{"a":4}]})",
      R"({"a":1,"b":"\u00e9","c":3})",
      R"({"a":1,"b":"é","c":3})",
      R"({"a":1,"b":"\u001F","c":3})",
      R"({"a":1,"b":"\u001f","c":3})",
      "{\"a\":1,\"b\":\"\xC3\",\"c\":3}",
      R"({"a":12,"b":2})",
      "{\"a\":\"" + std::string(5000, 'x') + R"(","b":2,"c":3})",
      "{\"a\":\"" + std::string(JsonNormaliser::kKeptBytesMax, 'x') + R"(","b":2,"c":3})",
  };
  for (const size_t count : {16, 17, 18, 40}) {
    std::string many = "{\"m0\":0";
    for (size_t i = 1; i < count; ++i) many += ",\"m" + std::to_string(i) + "\":0";
    texts.push_back(many + "}");
    texts.push_back(many + ",\"n\":0}");
    texts.push_back(many + ",\"m3\":0}");
  }
  for (const std::string& first : texts) {
    for (const std::string& text : texts) {
      JsonNormaliser json;
      EXPECT_EQ(json.read_next(first), fault_of(first)) << first;
      const JsonFault fault = json.read_next(text);
      ASSERT_EQ(fault, fault_of(text)) << first.substr(0, 99) << "\n" << text.substr(0, 99);
      if (fault != JsonFault::kNone) continue;
      ASSERT_EQ(json.text(), normal(text)) << first.substr(0, 99);
      ASSERT_EQ(members_of(json), members_of(text)) << first.substr(0, 99);
    }
  }
}

TEST(Json, WalksNormalisedTexts) {
  std::string seen;
  for_each_json_member(R"({"a":"x,}\"","b":[1,{"c":"]"}],"":{},"d\"":1})",
                       [&](std::string_view name, std::string_view value) {
                         seen.append(name).append("=").append(value).append(";");
                       });
  EXPECT_EQ(seen, R"(a="x,}\"";b=[1,{"c":"]"}];={};d\"=1;)");
  seen.clear();
  for_each_json_element(R"(["a",[],{"b":[1]},-1.5,null])",
                        [&](std::string_view value) { seen.append(value).append(";"); });
  EXPECT_EQ(seen, R"("a";[];{"b":[1]};-1.5;null;)");
  for_each_json_element("[]", [](std::string_view) { FAIL(); });
  for_each_json_member("{}", [](std::string_view, std::string_view) { FAIL(); });
}

TEST(Json, FindsWhereValuesEnd) {
  const std::string long_string = "\"" + std::string(20, 'x') + "\\\\\"";
  for (const std::string& value :
       {std::string("null"), std::string("true"), std::string("false"), std::string("-1.5e3"),
        std::string("\"\""), std::string("\"\\\"\""), long_string, std::string("{}"),
        std::string("[]"), std::string(R"({"]":["}",{"a\"":[[]]}]})"),
        "[" + long_string + ",{" + long_string + ":0}]"}) {
    for (const char* after : {"", ",", "]", "}", ",\"a\":1}"}) {
      for (size_t before = 0; before < 10; ++before) {
        const std::string text = std::string(before, '[') + value + after;
        EXPECT_EQ(json_value_end(text, before), before + value.size()) << text;
      }
    }
  }
}

TEST(Json, UnescapesStrings) {
  EXPECT_EQ(json_string_value(R"("a\"\\\n\t\u0001é")"), "a\"\\\n\t\x01é");
  EXPECT_EQ(json_string_value(R"("")"), "");
}

TEST(Json, SaysHowFarItCame) {
  JsonNormaliser json;
  const auto offset_in = [&](std::string_view text) {
    EXPECT_NE(json.read(text), JsonFault::kNone);
    return json.offset();
  };
  EXPECT_EQ(offset_in(R"({"a":1 "b":2})"), 7u);
  EXPECT_EQ(offset_in(R"({"a":1}x)"), 7u);
  EXPECT_EQ(offset_in(R"({"a":)"), 5u);
  EXPECT_EQ(offset_in("\xFF"), 0u);
  EXPECT_EQ(offset_in(""), 0u);
}

TEST(Json, KnowsUtf8) {
  EXPECT_TRUE(valid_utf8(""));
  EXPECT_TRUE(valid_utf8("é😀"));
  EXPECT_FALSE(valid_utf8("\xC3"));
  EXPECT_FALSE(valid_utf8("\xED\xA0\x80"));
}

}  // namespace
}  // namespace reprise::base
