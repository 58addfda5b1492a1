#include "base/log_escape.h"

#include <gtest/gtest.h>

namespace reprise::base {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  append_escaped(text, out);
  return out;
}
std::string logfmt(std::string_view text) {
  std::string out;
  append_logfmt(text, out);
  return out;
}
std::string json(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

TEST(LogEscape, LetsPlainTextBe) {
  for (std::string_view text : {"", "plain", "two words", "a=b", "grüße", "日本", "🙂"}) {
    EXPECT_EQ(escaped(text), text);
    EXPECT_TRUE(is_printable(text));
    EXPECT_EQ(json(text), "\"" + std::string(text) + "\"");
  }
}

TEST(LogEscape, ReplacesWhatCouldForgeALine) {
  const struct {
    std::string_view text, text_form, json_form;
  } cases[] = {
      {"a\nb", "a\\nb", "\"a\\nb\""},
      {"a\r\n", "a\\r\\n", "\"a\\r\\n\""},
      {"\t", "\\t", "\"\\t\""},
      {std::string_view("\0", 1), "\\x00", "\"\\u0000\""},
      {"\x1b[2J", "\\x1b[2J", "\"\\u001b[2J\""},
      {"\x7f", "\\x7f", "\"\\u007f\""},
      {"\xc2\x9b", "\\x9b", "\"\\u009b\""},                       // C1: another way to say ESC [
      {"\xe2\x80\xa8", "\\u2028", "\"\\u2028\""},                 // line separator
      {"\xe2\x80\xae", "\\u202e", "\"\\u202e\""},                 // right-to-left override
      {"\xef\xbb\xbf", "\\ufeff", "\"\\ufeff\""},                 // byte order mark
      {"\xf3\xa0\x81\x81", "\\U000e0041", "\"\\udb40\\udc41\""},  // language tag
  };
  for (const auto& c : cases) {
    EXPECT_EQ(escaped(c.text), c.text_form);
    EXPECT_EQ(json(c.text), c.json_form);
    EXPECT_FALSE(is_printable(c.text)) << c.text_form;
  }
}

TEST(LogEscape, ReplacesBytesThatAreNoUtf8) {
  const std::string_view bad[] = {"\x80",
                                  "\xff",
                                  "\xc0\xaf",
                                  "\xc2",
                                  "\xe2\x82",
                                  "\xed\xa0\x80",
                                  "\xf4\x90\x80\x80",
                                  "\xe0\x80\x80",
                                  "\xf8\x88\x80\x80\x80"};
  for (std::string_view text : bad) {
    EXPECT_EQ(escaped(text).substr(0, 2), "\\x");
    EXPECT_EQ(json(text).substr(0, 4), "\"\xef\xbf\xbd");
    EXPECT_FALSE(is_printable(text));
  }
  EXPECT_EQ(escaped("a\xff\xfeZ"), "a\\xff\\xfeZ");
  EXPECT_EQ(json("a\xe2\x82Z"), "\"a\xef\xbf\xbd\xef\xbf\xbdZ\"");
}

TEST(LogEscape, QuotesAndBackslashesStayUnambiguous) {
  EXPECT_EQ(escaped(R"(say "hi" \n)"), R"(say "hi" \\n)");
  EXPECT_EQ(json(R"(say "hi" \n)"), R"("say \"hi\" \\n")");
}

TEST(LogEscape, LogfmtQuotesWhatIsNoPlainWord) {
  EXPECT_EQ(logfmt("HIT"), "HIT");
  EXPECT_EQ(logfmt("/v1/x;y?"), "/v1/x;y?");
  EXPECT_EQ(logfmt(""), "\"\"");
  EXPECT_EQ(logfmt("-"), "\"-\"");
  EXPECT_EQ(logfmt("a b"), "\"a b\"");
  EXPECT_EQ(logfmt("x status=200"), "\"x status=200\"");
  EXPECT_EQ(logfmt("a\" status=200 b=\""), R"("a\" status=200 b=\"")");
  EXPECT_EQ(logfmt("a\\"), "\"a\\\\\"");
}

TEST(LogEscape, CutsWhatIsQuotedForPeople) {
  EXPECT_EQ(in_quotes("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(in_quotes(std::string(256, 'x')).size(), 258u);
  EXPECT_EQ(in_quotes(std::string(100000, 'x')), "\"" + std::string(256, 'x') + "…\"");
}

}  // namespace
}  // namespace reprise::base
