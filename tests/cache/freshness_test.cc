#include "cache/freshness.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace reprise::cache {
namespace {

constexpr int64_t kRecorded = 1'700'000'000'000'000;
constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kTtlS = 100;
constexpr int64_t kExpiry = kRecorded + kTtlS * kSecond;
constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

Entry recorded() {
  Entry entry;
  entry.asked_at_us = kRecorded - 5 * kSecond;
  entry.recorded_at_us = kRecorded;
  entry.ttl_ms = kTtlS * 1000;
  return entry;
}

struct Case {
  std::string what;
  int64_t now_us;
  Terms terms;
  Lenience lenience;
  Judgement judgement;
  bool replaces_failure;
};

Terms max_age(int64_t seconds) { return {.max_age_s = seconds}; }
Terms any_stale() { return {.max_stale = true}; }
Terms max_stale(int64_t seconds) { return {.max_stale = true, .max_stale_s = seconds}; }
Terms if_error(int64_t seconds) { return {.stale_if_error_s = seconds}; }
Terms no_cache() { return {.no_cache = true}; }
Terms with_if_error(Terms terms, int64_t seconds) {
  terms.stale_if_error_s = seconds;
  return terms;
}
Terms with_max_age(Terms terms, int64_t seconds) {
  terms.max_age_s = seconds;
  return terms;
}

constexpr Lenience kStrict{};
constexpr Lenience kMinute{.stale_ms = 60'000};
constexpr Lenience kOffline{.stale_ms = 0, .contact = Contact::kNever};

void expect_all(const std::vector<Case>& cases) {
  const Entry entry = recorded();
  for (const Case& c : cases) {
    EXPECT_EQ(judge(entry, c.now_us, c.terms, c.lenience), c.judgement) << c.what;
    EXPECT_EQ(may_replace_failure(entry, c.now_us, c.terms, c.lenience), c.replaces_failure)
        << c.what;
  }
}

TEST(Freshness, WithoutTerms) {
  using enum Judgement;
  const Terms none;
  expect_all({
      {"new", kRecorded, none, kStrict, kFresh, true},
      {"last moment", kExpiry, none, kStrict, kFresh, true},
      {"a moment late", kExpiry + 1, none, kStrict, kExpired, false},
      {"a moment late, lenient", kExpiry + 1, none, kMinute, kStale, true},
      {"at the end of lenience", kExpiry + 60 * kSecond, none, kMinute, kStale, true},
      {"past lenience", kExpiry + 60 * kSecond + 1, none, kMinute, kExpired, false},
      {"recorded ahead of our clock", kRecorded - 9 * kSecond, none, kStrict, kFresh, true},
  });
}

TEST(Freshness, NoCacheRefusesWhateverThereIs) {
  using enum Judgement;
  expect_all({
      {"fresh", kRecorded, no_cache(), kStrict, kRefused, false},
      {"stale", kExpiry + 1, no_cache(), kMinute, kRefused, false},
      {"its failure is passed on", kExpiry + 1, with_max_age(no_cache(), 500), kMinute, kRefused,
       false},
      {"unless told otherwise", kExpiry + kSecond, with_if_error(no_cache(), 1), kStrict, kRefused,
       true},
      {"but not older", kExpiry + kSecond + 1, with_if_error(no_cache(), 1), kMinute, kRefused,
       false},
      {"a fresh one too", kRecorded, with_if_error(no_cache(), 0), kStrict, kRefused, true},
      {"even with max-stale",
       kExpiry + 1,
       {.no_cache = true, .max_stale = true},
       kMinute,
       kRefused,
       false},
  });
}

TEST(Freshness, MaxAgeZeroIsNoCache) {
  using enum Judgement;
  expect_all({
      {"fresh", kRecorded, max_age(0), kStrict, kRefused, false},
      {"stale", kExpiry + 1, max_age(0), kMinute, kRefused, false},
      {"with max-stale", kExpiry + 1, with_max_age(any_stale(), 0), kMinute, kRefused, false},
      {"on failure", kExpiry + 1, with_if_error(max_age(0), 60), kStrict, kRefused, true},
  });
}

TEST(Freshness, MaxAgeExcludesTheOldAndTheStale) {
  using enum Judgement;
  const int64_t ten_s = kRecorded + 10 * kSecond;
  const int64_t stale = kExpiry + 5 * kSecond;  // 105 seconds old
  expect_all({
      {"young enough", ten_s, max_age(10), kStrict, kFresh, true},
      {"too old", ten_s + 1, max_age(10), kStrict, kRefused, false},
      {"too old, lenient", ten_s + 1, max_age(10), kMinute, kRefused, false},
      {"too old, on failure", ten_s + 1, with_if_error(max_age(10), 0), kStrict, kRefused, true},
      {"stale", stale, max_age(1000), kMinute, kExpired, false},
      {"stale, max-stale too", stale, with_max_age(any_stale(), 1000), kStrict, kMaxStale, false},
      {"stale, max-stale and lenient", stale, with_max_age(any_stale(), 1000), kMinute, kStale,
       true},
      {"stale and too old all the same", stale, with_max_age(any_stale(), 104), kMinute, kExpired,
       false},
      {"stale, on failure", stale, with_if_error(max_age(1000), 5), kStrict, kExpired, true},
      {"stale, on failure, too stale", stale, with_if_error(max_age(1000), 4), kMinute, kExpired,
       false},
      {"max-age beyond all numbers", ten_s, max_age(kHuge), kStrict, kFresh, true},
  });
}

TEST(Freshness, MaxStaleAcceptsOlderOnes) {
  using enum Judgement;
  const int64_t stale = kExpiry + 90 * kSecond;
  expect_all({
      {"fresh", kRecorded, any_stale(), kStrict, kFresh, true},
      {"any", stale, any_stale(), kStrict, kMaxStale, false},
      {"years later", kExpiry + (int64_t{1} << 60), any_stale(), kStrict, kMaxStale, false},
      {"enough", stale, max_stale(90), kStrict, kMaxStale, false},
      {"not enough", stale + 1, max_stale(90), kStrict, kExpired, false},
      {"none", kExpiry + 1, max_stale(0), kStrict, kExpired, false},
      {"beyond all numbers", stale, max_stale(kHuge), kStrict, kMaxStale, false},
      {"lenience comes first", kExpiry + 30 * kSecond, any_stale(), kMinute, kStale, true},
      {"does not tighten lenience", kExpiry + 30 * kSecond, max_stale(5), kMinute, kStale, true},
      {"beyond lenience", stale, max_stale(90), kMinute, kMaxStale, false},
  });
}

TEST(Freshness, StaleIfErrorOnlyCountsInPlaceOfAFailure) {
  using enum Judgement;
  const int64_t stale = kExpiry + 90 * kSecond;
  expect_all({
      {"enough", stale, if_error(90), kStrict, kExpired, true},
      {"not enough", stale + 1, if_error(90), kStrict, kExpired, false},
      {"beyond all numbers", stale, if_error(kHuge), kStrict, kExpired, true},
      {"does not tighten lenience", kExpiry + 30 * kSecond, if_error(5), kMinute, kStale, true},
  });
}

TEST(Freshness, OfflineServesWhateverThereIs) {
  using enum Judgement;
  const Entry entry = recorded();
  for (const int64_t now_us : {kRecorded, kExpiry + 1, kExpiry + 1'000'000 * kSecond}) {
    for (const Terms& terms : {Terms{}, no_cache(), max_age(0), max_age(1), max_stale(0)}) {
      EXPECT_EQ(judge(entry, now_us, terms, kOffline), kFresh);
    }
  }
}

// The rules once more, as sentences, over every combination.
TEST(Freshness, EveryCombinationKeepsTheRules) {
  const Entry entry = recorded();
  const std::vector<std::optional<int64_t>> numbers = {std::nullopt, 0, 50, 110, 1000};
  const std::vector<int64_t> ages_s = {0, 40, 100, 105, 130, 500};
  for (const int64_t age : ages_s) {
    const int64_t now_us = kRecorded + age * kSecond;
    const int64_t stale_s = age - kTtlS;
    for (int bits = 0; bits < 8; ++bits) {
      for (const auto& age_max : numbers) {
        for (const auto& stale_max : numbers) {
          for (const auto& error_max : numbers) {
            const Terms terms{.no_cache = (bits & 1) != 0,
                              .max_age_s = age_max,
                              .max_stale = (bits & 2) != 0,
                              .max_stale_s = (bits & 2) != 0 ? stale_max : std::nullopt,
                              .stale_if_error_s = error_max};
            const Lenience lenience{.stale_ms = (bits & 4) != 0 ? 20'000 : 0};
            const Judgement judged = judge(entry, now_us, terms, lenience);
            const bool served = judged == Judgement::kFresh || judged == Judgement::kStale ||
                                judged == Judgement::kMaxStale;
            const bool insists = terms.no_cache || age_max == 0;
            const bool too_old = age_max && age > *age_max;
            const bool lenient = stale_s * 1000 <= lenience.stale_ms;
            const bool accepted =
                terms.max_stale && (!terms.max_stale_s || stale_s <= *terms.max_stale_s);
            const bool excluded =
                insists || too_old || (stale_s > 0 && age_max && !terms.max_stale);
            EXPECT_EQ(served, !excluded && (stale_s <= 0 || lenient || accepted));
            EXPECT_EQ(judged == Judgement::kExpired, !served && !insists && stale_s > 0);
            EXPECT_EQ(judged == Judgement::kStale, served && stale_s > 0 && lenient);
            EXPECT_EQ(may_replace_failure(entry, now_us, terms, lenience),
                      (error_max && stale_s <= *error_max) ||
                          (!insists && !too_old && (!age_max || terms.max_stale || stale_s <= 0) &&
                           lenient));
            EXPECT_EQ(judged == Judgement::kStale || judged == Judgement::kMaxStale,
                      served && ttl_left_s(entry, now_us) < 0);
          }
        }
      }
    }
  }
}

TEST(Freshness, TtlIsRoundedDown) {
  const Entry entry = recorded();
  EXPECT_EQ(ttl_left_s(entry, kRecorded), kTtlS);
  EXPECT_EQ(ttl_left_s(entry, kRecorded + 1), kTtlS - 1);
  EXPECT_EQ(ttl_left_s(entry, kExpiry - 1), 0);
  EXPECT_EQ(ttl_left_s(entry, kExpiry), 0);
  EXPECT_EQ(ttl_left_s(entry, kExpiry + 1), -1);
  EXPECT_EQ(ttl_left_s(entry, kExpiry + kSecond), -1);
  EXPECT_EQ(ttl_left_s(entry, kExpiry + kSecond + 1), -2);
}

TEST(Freshness, AgeIsWholeSecondsAndNeverNegative) {
  const Entry entry = recorded();
  EXPECT_EQ(age_s(entry, kRecorded), 0);
  EXPECT_EQ(age_s(entry, kRecorded + kSecond - 1), 0);
  EXPECT_EQ(age_s(entry, kRecorded + kSecond), 1);
  EXPECT_EQ(age_s(entry, kRecorded - kSecond), 0);
}

TEST(Freshness, HostileNumbersDoNotWrap) {
  Entry entry = recorded();
  entry.ttl_ms = kHuge;
  EXPECT_EQ(judge(entry, kExpiry, {}, kStrict), Judgement::kFresh);
  EXPECT_GT(ttl_left_s(entry, kExpiry), 0);
  entry.ttl_ms = -kHuge;
  EXPECT_EQ(judge(entry, kExpiry, {}, kStrict), Judgement::kExpired);
  EXPECT_LT(ttl_left_s(entry, kExpiry), 0);
  entry.recorded_at_us = -kHuge;
  EXPECT_GT(age_s(entry, kExpiry), 0);
}

TEST(Freshness, NamesWhatIsServedStale) {
  EXPECT_EQ(detail(Judgement::kStale), "stale");
  EXPECT_EQ(detail(Judgement::kMaxStale), "max-stale");
  EXPECT_EQ(detail(Judgement::kFresh), "");
}

}  // namespace
}  // namespace reprise::cache
