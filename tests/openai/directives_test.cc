#include "openai/directives.h"

#include <gtest/gtest.h>

#include <string>

namespace reprise::openai {
namespace {

using Pairs = std::initializer_list<http::Fields::Field>;

http::Fields fields_of(Pairs pairs) {
  http::Fields fields;
  for (const http::Fields::Field& pair : pairs) fields.add(pair.name, pair.value);
  return fields;
}

base::Result<Directives> parse(Pairs pairs) { return parse_directives(fields_of(pairs)); }
base::Result<Directives> cache_control(std::string_view value) {
  return parse({{"Cache-Control", value}});
}

TEST(Directives, NothingAskedIsNothingSet) {
  const Directives directives = parse({{"Accept", "*/*"}, {"Pragma", "no-cache"}}).value();
  EXPECT_FALSE(directives.no_cache || directives.no_store || directives.only_if_cached);
  EXPECT_FALSE(directives.max_age_s || directives.max_stale_s || directives.stale_if_error_s);
  EXPECT_FALSE(directives.ttl_ms || directives.pace);
  EXPECT_TRUE(directives.key.empty() && directives.name_space.empty());
}

TEST(Directives, ReadsEveryCacheControlDirective) {
  EXPECT_TRUE(cache_control("no-cache")->no_cache);
  EXPECT_TRUE(cache_control("NO-STORE")->no_store);
  EXPECT_TRUE(cache_control("only-if-cached")->only_if_cached);
  EXPECT_EQ(cache_control("max-age=60")->max_age_s, 60);
  EXPECT_EQ(cache_control("max-stale=5")->max_stale_s, 5);
  EXPECT_EQ(cache_control("max-stale")->max_stale_s, kDeltaSecondsMax);
  EXPECT_EQ(cache_control("stale-if-error=7")->stale_if_error_s, 7);
  EXPECT_EQ(cache_control("Max-Age=\"60\"")->max_age_s, 60);
  const Directives many =
      cache_control("no-transform, ,max-age=1,foo=\"a, no-store\", only-if-cached , min-fresh=x")
          .value();
  EXPECT_TRUE(many.only_if_cached);
  EXPECT_FALSE(many.no_store);
  EXPECT_EQ(many.max_age_s, 1);
}

TEST(Directives, ReadsEveryFieldLine) {
  const Directives both =
      parse({{"Cache-Control", "no-store"}, {"cache-control", "max-age=3"}}).value();
  EXPECT_TRUE(both.no_store);
  EXPECT_EQ(both.max_age_s, 3);
}

TEST(Directives, ZeroMaxAgeIsNoCache) {
  EXPECT_TRUE(cache_control("max-age=0")->no_cache);
  EXPECT_TRUE(cache_control("max-age=000")->no_cache);
  EXPECT_FALSE(cache_control("max-age=1")->no_cache);
}

TEST(Directives, HugeNumbersSaturate) {
  EXPECT_EQ(cache_control("max-age=2147483647")->max_age_s, 2147483647);
  EXPECT_EQ(cache_control("max-age=99999999999")->max_age_s, kDeltaSecondsMax);
  EXPECT_EQ(cache_control("stale-if-error=" + std::string(500, '9'))->stale_if_error_s,
            kDeltaSecondsMax);
}

TEST(Directives, OfRepeatedOnesTheTighterCounts) {
  EXPECT_EQ(cache_control("max-age=9, max-age=5, max-age=7")->max_age_s, 5);
  EXPECT_EQ(cache_control("max-stale, max-stale=5")->max_stale_s, 5);
  EXPECT_EQ(cache_control("max-stale=5, max-stale")->max_stale_s, 5);
}

TEST(Directives, MalformedKnownOnesAreNamed) {
  for (const char* value :
       {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=1s", "max-age=x", "max-age= 1",
        "max-age =1", "max-age=\"1", "max-age=\"\"", "max-age=+1", "max-age=1 2", "max-age=0x1",
        "max-age=\"1\"2", "MAX-AGE=a", "no-store, max-age=a", "max-age=a, no-store"}) {
    const auto result = cache_control(value);
    ASSERT_FALSE(result) << value;
    EXPECT_NE(result.error().detail.find("max-age"), std::string::npos) << value;
  }
  for (const char* value : {"max-stale=", "max-stale=x", "stale-if-error", "stale-if-error=-1",
                            "no-cache=1", "no-cache=\"a\"", "no-store=", "only-if-cached=yes"}) {
    const std::string_view name =
        std::string_view(value).substr(0, std::string_view(value).find('='));
    const auto result = cache_control(value);
    ASSERT_FALSE(result) << value;
    EXPECT_NE(result.error().detail.find(name), std::string::npos) << value;
  }
}

TEST(Directives, ReadsOurOwnFields) {
  const Directives directives = parse({{"X-Reprise-TTL", "90s"},
                                       {"x-reprise-namespace", "team.a:b_c-1"},
                                       {"X-REPRISE-KEY", "question-1"},
                                       {"X-Reprise-Pace", "25/s"},
                                       {"X-Reprise-Unknown", "?"}})
                                    .value();
  EXPECT_EQ(directives.ttl_ms, 90'000);
  EXPECT_EQ(directives.name_space, "team.a:b_c-1");
  EXPECT_EQ(directives.key, "question-1");
  EXPECT_EQ(directives.pace, (Pace{Pace::Kind::kRate, 25}));
  EXPECT_EQ(parse({{"X-Reprise-TTL", "0s"}})->ttl_ms, 0);
}

TEST(Directives, OurOwnMalformedFieldsAreNamed) {
  const std::string longest(128, 'k');
  EXPECT_TRUE(parse({{"X-Reprise-Key", longest}}));
  EXPECT_FALSE(parse({{"X-Reprise-Key", longest + "k"}}));
  for (const char* name : {"X-Reprise-Key", "X-Reprise-Namespace"}) {
    for (const char* value : {"", "a b", "a/b", "a,b", "é", "a\t", "\"a\"", "a;b", "*"}) {
      const auto result = parse({{name, value}});
      ASSERT_FALSE(result) << name << " " << value;
      EXPECT_NE(result.error().detail.find(name), std::string::npos);
    }
  }
  for (const char* value : {"", "90", "s", "-1s", "1.5h", "1w", "forever"}) {
    const auto result = parse({{"X-Reprise-TTL", value}});
    ASSERT_FALSE(result) << value;
    EXPECT_NE(result.error().detail.find("X-Reprise-TTL"), std::string::npos);
  }
  const auto pace = parse({{"X-Reprise-Pace", "fast"}});
  ASSERT_FALSE(pace);
  EXPECT_NE(pace.error().detail.find("X-Reprise-Pace"), std::string::npos);
}

TEST(Directives, OurOwnFieldsComeOnce) {
  for (const char* name : {"X-Reprise-TTL", "X-Reprise-Namespace", "X-Reprise-Key"}) {
    const auto result = parse({{name, "1s"}, {name, "1s"}});
    ASSERT_FALSE(result) << name;
    EXPECT_NE(result.error().detail.find(name), std::string::npos);
  }
  EXPECT_FALSE(parse({{"X-Reprise-Pace", "instant"}, {"x-reprise-pace", "instant"}}));
}

TEST(Directives, StripsWhatIsMeantForUs) {
  const auto names_after = [](Route route) {
    http::Fields fields = fields_of({{"X-Reprise-TTL", "1s"},
                                     {"Cache-Control", "no-cache"},
                                     {"Accept", "*/*"},
                                     {"x-reprise-key", "k"},
                                     {"cache-control", "max-age=1"},
                                     {"X-Reprise-Anything", "1"},
                                     {"X-Reprise", "kept"},
                                     {"Pragma", "no-cache"}});
    strip_control_fields(route, {}, &fields);
    std::string names;
    for (size_t i = 0; i < fields.size(); ++i) names.append(fields[i].name).append(" ");
    return names;
  };
  EXPECT_EQ(names_after(Route::kChatCompletions), "Accept X-Reprise Pragma ");
  EXPECT_EQ(names_after(Route::kOther), "Cache-Control Accept cache-control X-Reprise Pragma ");
}

TEST(Namespace, NestsWithoutOverlap) {
  EXPECT_EQ(nest_namespace("", ""), "");
  EXPECT_EQ(nest_namespace("a", ""), "a");
  EXPECT_EQ(nest_namespace("a", "b"), "a/b");
  EXPECT_NE(nest_namespace("", "a"), nest_namespace("a", ""));
}

TEST(Pace, ReadsAndFormats) {
  for (const char* text : {"instant", "recorded", "1/s", "50/s", "1000000/s"}) {
    EXPECT_EQ(format_pace(parse_pace(text).value()), text);
  }
  for (const char* text : {"", "Instant", "0/s", "1000001/s", "-1/s", "+1/s", " 1/s", "1 /s", "1/m",
                           "1", "/s", "1.5/s", "99999999999999999999/s", "instant "}) {
    EXPECT_FALSE(parse_pace(text)) << text;
  }
}

}  // namespace
}  // namespace reprise::openai
