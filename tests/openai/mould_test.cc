#include "openai/mould.h"

#include <gtest/gtest.h>

#include <string>

#include "openai/converting.h"

namespace reprise::openai {
namespace {

std::string text_with(std::string_view before, std::string_view between, std::string_view after) {
  std::string text(before);
  text.append(Mould::kGap).append(between).append(Mould::kGap).append(after);
  return text;
}

TEST(Mould, FillsItsGapsInOrderAsOftenAsAsked) {
  const Mould mould(text_with("data: {\"n\":", ",\"x\":\"", "\"}\n\n"));
  RawWriter out(kRoomy);
  mould.write(out, {"1", "a"});
  mould.write(out, {"22", ""});
  EXPECT_EQ(said(std::move(out).take()),
            "data: {\"n\":1,\"x\":\"a\"}\n\ndata: {\"n\":22,\"x\":\"\"}\n\n");
}

TEST(Mould, GapsMayStandAtBothEndsAndSideBySide) {
  RawWriter out(kRoomy);
  Mould(text_with("", "", "")).write(out, {"a", "b"});
  Mould("c").write(out, {});
  EXPECT_EQ(said(std::move(out).take()), "abc");
}

TEST(Mould, KeepsToTheBound) {
  RawWriter out(4);
  const Mould mould(text_with("a", "b", ""));
  mould.write(out, {"1", "2"});
  EXPECT_FALSE(out.overflowed());
  mould.write(out, {"1", "2"});
  EXPECT_TRUE(out.overflowed());
}

}  // namespace
}  // namespace reprise::openai
