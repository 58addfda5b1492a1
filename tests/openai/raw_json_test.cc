#include "openai/raw_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "openai/converting.h"
#include "openai/event_texts.h"

namespace reprise::openai {
namespace {

TEST(RawJson, Kinds) {
  EXPECT_EQ(json_kind(""), JsonKind::kAbsent);
  EXPECT_EQ(json_kind("null"), JsonKind::kNull);
  EXPECT_EQ(json_kind("true"), JsonKind::kBool);
  EXPECT_EQ(json_kind("false"), JsonKind::kBool);
  EXPECT_EQ(json_kind("-1"), JsonKind::kNumber);
  EXPECT_EQ(json_kind("\"\""), JsonKind::kString);
  EXPECT_EQ(json_kind("[]"), JsonKind::kArray);
  EXPECT_EQ(json_kind("{}"), JsonKind::kObject);
  EXPECT_FALSE(json_given(""));
  EXPECT_FALSE(json_given("null"));
  EXPECT_TRUE(json_given("0"));
}

TEST(RawJson, Counts) {
  EXPECT_EQ(json_count("0"), 0U);
  EXPECT_EQ(json_count("4294967295"), 4294967295U);
  for (const char* bad : {"", "-1", "-0", "1.0", "1e1", "4294967296", "\"1\"", "null", "[1]"}) {
    EXPECT_EQ(json_count(bad), std::nullopt) << bad;
  }
}

TEST(RawJson, MembersByName) {
  constexpr std::string_view kObject = R"({"a":{"b":[1,"}"]},"b":"x\"","":2.50})";
  EXPECT_EQ(json_member(kObject, "a"), R"({"b":[1,"}"]})");
  EXPECT_EQ(json_member(kObject, "b"), R"("x\"")");
  EXPECT_EQ(json_member(kObject, ""), "2.50");
  EXPECT_EQ(json_member(kObject, "c"), "");
  EXPECT_EQ(json_member("{}", "a"), "");
  EXPECT_EQ(json_member("", "a"), "");
  EXPECT_EQ(json_member(R"({"b":{}},{"a":1})", "a"), "");
  EXPECT_EQ(json_member(R"({},{"a":1})", "a"), "");
}

TEST(RawJson, VisitsEndAtARefusal) {
  std::string seen;
  const auto visit = [&seen](std::string_view name, std::string_view) -> Refused {
    seen += name;
    return name == "b" ? Refused(Unconvertible::kRole) : std::nullopt;
  };
  EXPECT_EQ(visit_members(R"({"a":1,"b":2,"c":3})", visit), Unconvertible::kRole);
  EXPECT_EQ(seen, "ab");
  EXPECT_EQ(visit_members("{}", visit), std::nullopt);
}

TEST(RawJson, CursorsTakeOrEnterEachValue) {
  RawCursor cursor(R"({"a":[],"b":[1,{"c":"]"}],"d":{"e":null,"f":{}},"g":[[]]},"after")");
  std::string seen;
  const auto element = [&seen](RawCursor& value) {
    seen.append(value.take()).append(";");
    return Refused();
  };
  const auto inner = [&](std::string_view name, RawCursor& value) {
    seen.append(name).append(value.take_null() ? " null;" : " given;");
    return value.kind() == JsonKind::kObject
               ? value.members([](std::string_view, RawCursor&) { return Refused(); })
               : Refused();
  };
  EXPECT_EQ(cursor.members([&](std::string_view name, RawCursor& value) {
    seen.append(name).append(":");
    return value.kind() == JsonKind::kArray ? value.elements(element) : value.members(inner);
  }),
            std::nullopt);
  EXPECT_EQ(seen, R"(a:b:1;{"c":"]"};d:e null;f given;g:[];)");
  EXPECT_EQ(cursor.rest(), R"(,"after")");
}

TEST(RawJson, AnAnswerHasNoSeparatorsThatReadersSplitAt) {
  EXPECT_EQ(said(read_answer("\n\n { \"a\" : [ 1.0 , \"\xE2\x80\xA8\xE2\x80\xA9\xC2\x85\" ] }\n")),
            R"({"a":[1.0,"\u2028\u2029\u0085"]})");
  // Their neighbours stay.
  const std::string others = "{\"\xE2\x80\xA7\xC2\x86\xE2\x80\":\"\xC2\"}";
  EXPECT_EQ(said(read_answer(others)), "refused: malformed");
  const std::string near = "{\"\xE2\x80\xA7\xC2\x86\xE2\x82\xAC\":\"\xC2\xA0\xE2\x80\xAA\"}";
  EXPECT_EQ(said(read_answer(near)), near);
  EXPECT_EQ(said(read_answer("[]")), "refused: malformed");
}

TEST(RawWriter, WritesTextsAndEvents) {
  RawWriter out(kRoomy);
  out.begin_event("x").begin_object().member("a", "1").text_member("b", "\\n");
  out.key("c").begin_array().value("2").begin_object().end_object().joined("3,4").joined("");
  out.number(5).end_array().number_member("d", 6).end_object().end_event();
  out.begin_event().begin_object().joined("\"e\":7").member("f", "8").end_object().end_event();
  out.event("", "one\ntwo").done();
  EXPECT_EQ(said(std::move(out).take()),
            "event: x\ndata: {\"a\":1,\"b\":\"\\n\",\"c\":[2,{},3,4,5],\"d\":6}\n\n"
            "data: {\"e\":7,\"f\":8}\n\ndata: one\ndata: two\n\ndata: [DONE]\n\n");
}

TEST(RawWriter, KeepsNoMoreThanAllowed) {
  for (size_t room = 0; room < 7; ++room) {
    RawWriter out(room);
    out.begin_array().value("1,2").end_array();
    EXPECT_EQ(out.overflowed(), room < 5);
    EXPECT_EQ(said(std::move(out).take()), room < 5 ? "refused: too_large" : "[1,2]");
  }
}

TEST(RawJson, PartsAreJoined) {
  std::string joined;
  append_part(joined, "");
  append_part(joined, "1");
  append_part(joined, "");
  append_part(joined, "2,3");
  EXPECT_EQ(joined, "1,2,3");
  joined.clear();
  append_member(joined, "a", "1");
  append_member(joined, "b", "[]");
  EXPECT_EQ(joined, R"("a":1,"b":[])");
}

std::string events(std::string_view stream) {
  std::string all;
  const Refused refused = read_events(stream, [&all](const EventText& event) -> Refused {
    all.append(event.name).append("|").append(event.data).append("|").append(event.json) += ";";
    return event.name == "stop" ? Refused(Unconvertible::kEvent) : std::nullopt;
  });
  return refused ? all + std::string(unconvertible_name(*refused)) : all;
}

TEST(EventTexts, AreReadToDone) {
  EXPECT_EQ(events("event: a\ndata: { }\n\nevent: ping\n\ndata:\n\ndata: [DONE]\n\ndata: x\n\n"),
            "a|{ }|{};|[DONE]|;");
  EXPECT_EQ(events("data: {}"), "malformed");
  EXPECT_EQ(events("data: {}\n\ndata: [DONE]"), "|{}|{};|[DONE]|;");
  EXPECT_EQ(events("data: {}\n\nevent: x"), "|{}|{};malformed");
  EXPECT_EQ(events("event: stop\ndata: {}\n\ndata: {}\n\n"), "stop|{}|{};event");
  EXPECT_EQ(events("data: 1\n\ndata: {}\n\n"), "malformed");
  EXPECT_EQ(events(""), "");
}

TEST(Unconvertible, HasNames) {
  for (size_t i = 0; i < kUnconvertibleCount; ++i) {
    EXPECT_FALSE(unconvertible_name(static_cast<Unconvertible>(i)).empty());
  }
}

}  // namespace
}  // namespace reprise::openai
