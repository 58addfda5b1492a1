#include "proxy/pace_schedule.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace reprise::proxy {
namespace {

constexpr size_t kAll = size_t{1} << 20;
constexpr openai::Pace kRecorded{openai::Pace::Kind::kRecorded, 0};

openai::Pace rate(uint32_t events_per_second) {
  return {openai::Pace::Kind::kRate, events_per_second};
}

recording::Record record(const std::string& body, std::vector<recording::Mark> marks = {}) {
  return {{}, base::Bytes::copy_of(body), std::move(marks)};
}

TEST(PaceSchedule, RecordedPiecesAreDueWhenTheyCame) {
  const recording::Record answer = record("aabbbc", {{2, 10}, {5, 300}, {6, 300}});
  PaceSchedule schedule(answer, kRecorded);
  EXPECT_EQ(schedule.due_bytes(0, kAll), 0U);
  EXPECT_EQ(schedule.next_due_us(), 10'000);
  EXPECT_EQ(schedule.due_bytes(9'999, kAll), 0U);
  EXPECT_EQ(schedule.due_bytes(10'000, kAll), 2U);
  EXPECT_EQ(schedule.next_due_us(), 300'000);
  EXPECT_EQ(schedule.due_bytes(299'999, kAll), 2U);
  EXPECT_EQ(schedule.due_bytes(300'000, kAll), 6U);
}

TEST(PaceSchedule, WhoIsLateGetsAllThatIsDue) {
  const recording::Record answer = record("aabbbc", {{2, 10}, {5, 300}, {6, 900}});
  PaceSchedule schedule(answer, kRecorded);
  EXPECT_EQ(schedule.due_bytes(899'000, kAll), 5U);
  EXPECT_EQ(schedule.due_bytes(1'000'000, kAll), 6U);
}

TEST(PaceSchedule, WithoutMarksAllIsDueAtOnce) {
  const recording::Record bare = record("abc");
  EXPECT_EQ(PaceSchedule(bare, kRecorded).due_bytes(0, kAll), 3U);
  const recording::Record half = record("abc", {{1, 5}});
  PaceSchedule schedule(half, kRecorded);
  EXPECT_EQ(schedule.due_bytes(5'000, kAll), 3U);
}

// The ends of all events, found by asking for one after the other.
std::vector<size_t> ends_of(const std::string& body) {
  const recording::Record answer = record(body);
  PaceSchedule schedule(answer, rate(10));
  std::vector<size_t> ends;
  for (int64_t tenths = 0; ends.empty() || ends.back() < body.size(); ++tenths) {
    ends.push_back(schedule.due_bytes(tenths * 100'000, kAll));
    if (ends.back() < body.size()) {
      EXPECT_EQ(schedule.next_due_us(), (tenths + 1) * 100'000);
    }
  }
  return ends;
}

TEST(PaceSchedule, EventsAreDueOneAfterTheOther) {
  EXPECT_EQ(ends_of("data: a\n\ndata: b\n\n"), (std::vector<size_t>{9, 18}));
  EXPECT_EQ(ends_of("event: x\r\ndata: a\r\n\r\ndata: b\r\n\r\n"), (std::vector<size_t>{21, 32}));
  EXPECT_EQ(ends_of("data: a\r\rdata: b\r\r"), (std::vector<size_t>{9, 18}));
}

TEST(PaceSchedule, CommentsAndEmptyLinesGoWithTheEventBehindThem) {
  EXPECT_EQ(ends_of(": hi\n\ndata: a\n\n\n\n: ping\n\ndata: b\n\n: bye\n\n"),
            (std::vector<size_t>{15, 34, 41}));
}

TEST(PaceSchedule, WhatIsNotEndedEndsWithTheBody) {
  EXPECT_EQ(ends_of("data: a\n\ndata: b"), (std::vector<size_t>{9, 16}));
  EXPECT_EQ(ends_of("data: a\n\ndata: b\n"), (std::vector<size_t>{9, 17}));
  EXPECT_EQ(ends_of("x"), (std::vector<size_t>{1}));
}

TEST(PaceSchedule, LooksNoFurtherThanItIsTold) {
  std::string body;
  for (int i = 0; i < 1000; ++i) body += "data: a\n\n";
  const recording::Record answer = record(body);
  PaceSchedule schedule(answer, rate(1'000'000));
  EXPECT_EQ(schedule.due_bytes(10'000'000, 100), 108U);
  EXPECT_EQ(schedule.due_bytes(10'000'000, 1), 117U);
  EXPECT_LE(schedule.next_due_us(), 10'000'000);
  EXPECT_EQ(schedule.due_bytes(10'000'000, kAll), body.size());
}

}  // namespace
}  // namespace reprise::proxy
