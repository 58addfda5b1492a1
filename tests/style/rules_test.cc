#include "style/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

// A rule that sees nothing would keep the tree green for ever: here each has something to find.
namespace reprise::style {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

SourceFile file(std::string path, std::string_view text) {
  return source_file(std::move(path), text);
}

TEST(Rules, FloorsIncludeLowerFloorsOnly) {
  EXPECT_THAT(check_floors(file("src/cache/a.h",
                                "#include \"base/bytes.h\"\n"
                                "#include \"cache/tier.h\"\n")),
              IsEmpty());
  EXPECT_THAT(check_floors(file("src/net/a.h", "\n#include \"http/fields.h\"\n")),
              ElementsAre(HasSubstr("src/net/a.h:2: net/ must not include http/")));
  EXPECT_THAT(check_floors(file("src/base/a.cc", "#include \"app/server.h\"\n")), SizeIs(1));
  EXPECT_THAT(check_floors(file("src/base/a.cc", "#include \"bytes.h\"\n")), SizeIs(1));
  EXPECT_THAT(check_floors(file("src/attic/a.cc", "")), SizeIs(1));
}

TEST(Rules, ThirdPartyHeadersHaveOneDoor) {
  EXPECT_THAT(check_doors(file("src/net/loop.h", "#include <uv.h>\n")), IsEmpty());
  EXPECT_THAT(check_doors(file("src/proxy/worker.h", "#include <uv.h>\n")),
              ElementsAre(HasSubstr("src/proxy/worker.h:1: <uv.h>")));
  EXPECT_THAT(check_doors(file("src/net/tls_context.cc", "#include <openssl/ssl.h>\n")), IsEmpty());
  EXPECT_THAT(check_doors(file("src/net/listener.cc", "#include <openssl/ssl.h>\n")), SizeIs(1));
  EXPECT_THAT(check_doors(file("bench/ceiling.cc", "#include <uv.h>\n")), IsEmpty());
}

TEST(Rules, FilesAndLinesStaySmall) {
  std::string text;
  for (int i = 0; i < 399; ++i) text += "\n";
  EXPECT_THAT(check_sizes(file("src/base/a.h", text)), IsEmpty());
  EXPECT_THAT(check_sizes(file("src/base/a.h", text + "\n")),
              ElementsAre(HasSubstr("src/base/a.h:400:")));
  EXPECT_THAT(check_sizes(file("dev", std::string(100, 'x'))), IsEmpty());
  EXPECT_THAT(check_sizes(file("dev", std::string(101, 'x'))), SizeIs(1));
  const std::string sample = "R\"(" + std::string(100, 'x') + ")\"";
  EXPECT_THAT(check_sizes(file("tests/base/a_test.cc", sample)), IsEmpty());
  EXPECT_THAT(check_sizes(file("src/base/a.cc", sample)), SizeIs(1));
  std::string wide;
  for (int i = 0; i < 100; ++i) wide += "é";
  EXPECT_THAT(check_sizes(file("dev", wide)), IsEmpty());
  EXPECT_THAT(check_sizes(file("dev", "a\tb\nc \nd\r\n")), SizeIs(3));
}

TEST(Rules, HeadersAreReadOnce) {
  EXPECT_THAT(check_pragma(file("src/base/a.h", "#pragma once\n")), IsEmpty());
  EXPECT_THAT(check_pragma(file("src/base/a.h", "// a\n#pragma once\n")), SizeIs(1));
  EXPECT_THAT(check_pragma(file("src/base/a.h", "")), SizeIs(1));
  EXPECT_THAT(check_pragma(file("src/base/a.cc", "")), IsEmpty());
}

TEST(Rules, WordsWeDoNotUse) {
  EXPECT_THAT(check_words(file("dev",
                               "# TO"
                               "DO later\n")),
              SizeIs(1));
  EXPECT_THAT(check_words(file("bench/a.cc",
                               "int x;  // FIX"
                               "ME\n")),
              SizeIs(1));
  EXPECT_THAT(check_words(file("src/net/a.h",
                               "int down"
                               "stream;\n")),
              SizeIs(1));
  EXPECT_THAT(check_words(file("src/net/string_util.h", "")), SizeIs(1));
  EXPECT_THAT(check_words(file("src/net/a.cc", "  throw 1;\n")), SizeIs(1));
  EXPECT_THAT(check_words(file("src/net/a.cc", "// may throw\nf(\"throw\");\n")), IsEmpty());
}

TEST(Rules, ClassesHaveCards) {
  EXPECT_THAT(check_cards(file("src/net/a.h", "// A: does a.\n// Owner: b.\nclass A {\n")),
              IsEmpty());
  EXPECT_THAT(check_cards(file("src/net/a.h", "// A: does a.\ntemplate <typename T>\nclass A {")),
              IsEmpty());
  EXPECT_THAT(check_cards(file("src/net/a.h", "\nclass A final : public B {\n")),
              ElementsAre(HasSubstr("src/net/a.h:2: class A has no card")));
  EXPECT_THAT(check_cards(file("src/net/a.h", "// Does a.\nclass A {\n")), SizeIs(1));
  EXPECT_THAT(check_cards(file("src/net/a.h", "class A;\n")), IsEmpty());
}

}  // namespace
}  // namespace reprise::style
