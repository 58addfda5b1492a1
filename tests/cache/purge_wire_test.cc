#include "cache/purge_wire.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::cache {
namespace {

constexpr size_t kRoomy = size_t{1} << 20;
constexpr int64_t kStart = 1'700'000'000'000'000;

PurgeTime line(uint64_t number, int64_t at_us) { return {{number, ~number}, at_us}; }

// Later numbers are later times.
PurgeTimes many(size_t scopes, size_t removals) {
  PurgeTimes times{kStart, {}, {}};
  for (size_t i = 1; i <= scopes; ++i) {
    times.scopes.push_back(line(i, kStart + static_cast<int64_t>(2 * i)));
  }
  for (size_t i = 1; i <= removals; ++i) {
    times.removals.push_back(line(i, kStart + static_cast<int64_t>(2 * i + 1)));
  }
  return times;
}

PurgeTimes back(const PurgeTimes& times, size_t bytes_max = kRoomy) {
  const std::string value = encode_purge_times(times, bytes_max);
  EXPECT_LE(value.size(), bytes_max);
  const auto decoded = decode_purge_times(value);
  EXPECT_TRUE(decoded.has_value());
  return decoded.value_or(PurgeTimes{-1, {}, {}});
}

std::string_view fate(const PurgeTimes& times) {
  const auto decoded = decode_purge_times(encode_purge_times(times, kRoomy));
  return decoded ? "taken" : value_fault_name(decoded.error());
}

// Until when what is called `what` is gone.
int64_t gone_until(const PurgeTimes& times, const std::vector<PurgeTime>& lines,
                   const base::Digest128& what) {
  int64_t until_us = times.all_us;
  for (const PurgeTime& time : lines) {
    if (time.what == what) until_us = std::max(until_us, time.at_us);
  }
  return until_us;
}

TEST(PurgeWire, BringsTimesBack) {
  EXPECT_EQ(back({}), PurgeTimes{});
  EXPECT_EQ(back(many(0, 1)), many(0, 1));
  EXPECT_EQ(back(many(20, 30)), many(20, 30));
  const PurgeTimes most = many(PurgeRecord::kScopesMax, PurgeRecord::kRemovalsMax);
  EXPECT_EQ(back(most), most);
  const PurgeTimes last{std::numeric_limits<int64_t>::max(), {}, {}};
  EXPECT_EQ(back(last), last);
}

TEST(PurgeWire, WhatDoesNotFitForgetsMoreNeverLess) {
  const PurgeTimes times = many(50, 70);
  const size_t whole = encode_purge_times(times, kRoomy).size();
  for (size_t bytes_max = kPurgeWireBytesMin; bytes_max < whole + 40; bytes_max += 13) {
    const PurgeTimes told = back(times, bytes_max);
    EXPECT_GE(told.all_us, times.all_us);
    for (const PurgeTime& time : times.scopes) {
      EXPECT_GE(gone_until(told, told.scopes, time.what), time.at_us);
    }
    for (const PurgeTime& time : times.removals) {
      EXPECT_GE(gone_until(told, told.removals, time.what), time.at_us);
    }
  }
}

TEST(PurgeWire, FoldsTheOldestOnly) {
  const PurgeTimes times = many(50, 70);
  const PurgeTimes told = back(times, encode_purge_times(times, kRoomy).size() / 2);
  EXPECT_GT(told.all_us, times.all_us);
  EXPECT_LT(told.all_us, times.removals.back().at_us);
  EXPECT_EQ(told.removals.back(), times.removals.back());
  EXPECT_GT(told.scopes.size() + told.removals.size(), 50u);
  for (const auto* lines : {&told.scopes, &told.removals}) {
    for (const PurgeTime& time : *lines) EXPECT_GT(time.at_us, told.all_us);
  }
}

TEST(PurgeWire, TimesThatAreEqualAreFoldedTogether) {
  PurgeTimes times;
  for (uint64_t i = 1; i <= 50; ++i) times.scopes.push_back(line(i, kStart));
  EXPECT_EQ(back(times, 200), (PurgeTimes{kStart, {}, {}}));
}

TEST(PurgeWire, FoldsWhatNoRecordHolds) {
  const PurgeTimes scopes = back(many(PurgeRecord::kScopesMax + 1, 0));
  EXPECT_EQ(scopes.scopes.size(), PurgeRecord::kScopesMax);
  EXPECT_EQ(scopes.all_us, kStart + 2);
  const PurgeTimes removals = back(many(0, PurgeRecord::kRemovalsMax + 1));
  EXPECT_EQ(removals.removals.size(), PurgeRecord::kRemovalsMax);
}

TEST(PurgeWire, RefusesTimesOutOfOrder) {
  PurgeTimes twice = many(2, 0);
  twice.scopes[1].what = twice.scopes[0].what;
  EXPECT_EQ(fate(twice), "corrupt");
  PurgeTimes reversed = many(0, 2);
  std::ranges::reverse(reversed.removals);
  EXPECT_EQ(fate(reversed), "corrupt");
}

TEST(PurgeWire, RefusesDamageCutsAndAdditions) {
  const std::string value = encode_purge_times(many(2, 3), kRoomy);
  for (size_t i = 0; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(decode_purge_times(damaged).has_value()) << i;
    EXPECT_FALSE(decode_purge_times(std::string_view(value).substr(0, i)).has_value()) << i;
  }
  EXPECT_FALSE(decode_purge_times(value + "x").has_value());
}

TEST(PurgeWire, RefusesForgedPayloads) {
  const auto forged = [](std::string_view payload, WireCoding coding = WireCoding::kPlain) {
    return decode_purge_times(WireFrame{WireKind::kPurges, coding, payload}.encode()).has_value();
  };
  const std::string nothing("\0\0\0", 3);
  EXPECT_TRUE(forged(nothing));
  EXPECT_FALSE(forged(nothing, WireCoding::kZstd));
  EXPECT_FALSE(forged(nothing + "x"));
  EXPECT_FALSE(forged(""));
  const std::string huge(9, '\xFF');
  EXPECT_FALSE(forged(std::string(1, '\0') + huge + "\x01" + std::string(1, '\0')));
  // A time that no signed number holds.
  EXPECT_FALSE(forged(huge + "\x01" + std::string(2, '\0')));
}

TEST(PurgeWire, TellsItsFaults) {
  EXPECT_EQ(decode_purge_times("").error(), ValueFault::kForeign);
  std::string value = encode_purge_times({}, kRoomy);
  value[3] = static_cast<char>(value[3] + 1);
  EXPECT_EQ(decode_purge_times(value).error(), ValueFault::kVersion);
}

}  // namespace
}  // namespace reprise::cache
