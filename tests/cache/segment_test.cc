#include "cache/segment.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "cache/same_entry.h"

namespace reprise::cache {
namespace {

using End = Segment::End;
using recording::Failure;

std::shared_ptr<const http::ResponseHead> sample_head() {
  auto head = std::make_shared<http::ResponseHead>();
  head->status = 429;
  head->reason = "Too Many Requests";
  head->fields.add("Content-Type", "text/event-stream");
  head->fields.add("x-request-id", "abc");
  head->framing = http::Framing::kChunked;
  return head;
}

Segment sample_segment(bool with_head, End end) {
  Segment segment;
  if (with_head) segment.head = sample_head();
  segment.body = base::Bytes::copy_of(std::string_view("data: {}\n\n\0\r\n", 13));
  segment.end = end;
  if (end == End::kFailed) segment.failure = {Failure::kTruncated, "ended inside the answer"};
  if (end == End::kComplete) segment.trailers.add("X-Sum", "17");
  return segment;
}

std::vector<Segment> samples() {
  std::vector<Segment> all;
  for (const bool with_head : {true, false}) {
    for (const End end : {End::kNone, End::kComplete, End::kFailed}) {
      all.push_back(sample_segment(with_head, end));
      all.push_back(all.back());
      all.back().body = base::Bytes();
      all.back().trailers = {};
    }
  }
  return all;
}

void expect_same(const Segment& one, const Segment& other) {
  ASSERT_EQ(one.head == nullptr, other.head == nullptr);
  if (one.head != nullptr) {
    EXPECT_TRUE(same_record({*one.head, {}, {}}, {*other.head, {}, {}}));
  }
  EXPECT_EQ(one.body.view(), other.body.view());
  EXPECT_EQ(one.end, other.end);
  EXPECT_TRUE(same_fields(one.trailers, other.trailers));
  if (one.end != End::kFailed) return;
  EXPECT_EQ(one.failure.failure, other.failure.failure);
  EXPECT_EQ(one.failure.detail, other.failure.detail);
}

TEST(Segment, ComesBack) {
  for (const Segment& segment : samples()) {
    const auto back = unpack_segment(pack_segment(segment));
    ASSERT_TRUE(back.has_value());
    expect_same(segment, *back);
  }
}

TEST(Segment, EveryFailureComesBack) {
  for (int failure = 0; failure < static_cast<int>(Failure::kHeld); ++failure) {
    Segment segment = sample_segment(false, End::kFailed);
    segment.failure.failure = static_cast<Failure>(failure);
    const auto back = unpack_segment(pack_segment(segment));
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->failure.failure, segment.failure.failure);
  }
}

TEST(Segment, AFailuresDetailIsBounded) {
  Segment segment = sample_segment(false, End::kFailed);
  segment.failure.detail = std::string(100'000, 'x');
  const auto back = unpack_segment(pack_segment(segment));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->failure.detail, std::string(1024, 'x'));
}

TEST(Segment, TheLargestComesBack) {
  Segment segment = sample_segment(true, End::kComplete);
  segment.body = base::Bytes::copy_of(std::string(Segment::kBodyBytesMax, 'x'));
  const auto back = unpack_segment(pack_segment(segment));
  ASSERT_TRUE(back.has_value());
  expect_same(segment, *back);
}

// The head that is found lives as long as whoever holds it, its segment or not.
TEST(Segment, AHeadOutlivesItsSegment) {
  std::shared_ptr<const http::ResponseHead> head;
  {
    auto back = unpack_segment(pack_segment(sample_segment(true, End::kNone)));
    ASSERT_TRUE(back.has_value());
    head = back->head;
  }
  EXPECT_EQ(head->status, 429);
  EXPECT_EQ(head->reason, "Too Many Requests");
}

TEST(Segment, EveryTruncationAndEveryAdditionIsRefused) {
  for (const Segment& segment : samples()) {
    const std::string packed = pack_segment(segment);
    for (size_t size = 0; size < packed.size(); ++size) {
      EXPECT_FALSE(unpack_segment(std::string_view(packed).substr(0, size)).has_value()) << size;
    }
    EXPECT_FALSE(unpack_segment(packed + '\0').has_value());
  }
}

TEST(Segment, AnEndThatIsNoneIsRefused) {
  std::string packed = pack_segment(sample_segment(false, End::kNone));
  for (int flags = 0; flags < 256; ++flags) {
    packed[0] = static_cast<char>(flags);
    EXPECT_EQ(unpack_segment(packed).has_value(), flags == 0 || flags == 4) << flags;
  }
}

TEST(Segment, AFailureThatIsNoneIsRefused) {
  Segment segment = sample_segment(false, End::kFailed);
  segment.body = base::Bytes();
  std::string packed = pack_segment(segment);
  constexpr size_t kFailureAt = 2;  // behind the flags and an empty body
  ASSERT_EQ(packed[kFailureAt], static_cast<char>(Failure::kTruncated));
  packed[kFailureAt] = static_cast<char>(Failure::kHeld);
  EXPECT_FALSE(unpack_segment(packed).has_value());
}

// Whoever can write to the server must not be able to write lines into a response.
TEST(Segment, AHeadThatNobodyCouldHaveSentIsRefused) {
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"X-Any", "a\r\nSet-Cookie: b"},
                                                        {"X-Any", std::string("a\0b", 3)},
                                                        {"X Any", "a"},
                                                        {"X-Any:", "a"},
                                                        {"", "a"},
                                                        {"X-Any\r\n", "a"}}) {
    auto head = std::make_shared<http::ResponseHead>(*sample_head());
    head->fields.add(name, value);
    Segment segment = sample_segment(false, End::kNone);
    segment.head = head;
    EXPECT_FALSE(unpack_segment(pack_segment(segment)).has_value()) << name;
    segment = sample_segment(false, End::kComplete);
    segment.trailers.add(name, value);
    EXPECT_FALSE(unpack_segment(pack_segment(segment)).has_value()) << name;
  }
  for (const int status : {0, 99, 600, -1}) {
    auto head = std::make_shared<http::ResponseHead>(*sample_head());
    head->status = status;
    Segment segment = sample_segment(false, End::kNone);
    segment.head = head;
    EXPECT_FALSE(unpack_segment(pack_segment(segment)).has_value()) << status;
  }
  auto head = std::make_shared<http::ResponseHead>(*sample_head());
  head->reason = "OK\r\nX-Any: a";
  Segment segment = sample_segment(false, End::kNone);
  segment.head = head;
  EXPECT_FALSE(unpack_segment(pack_segment(segment)).has_value());
}

// A damaged one is refused or is another one; never anything that cannot be packed.
TEST(Segment, AnyBitMayFlip) {
  for (const Segment& segment : samples()) {
    const std::string packed = pack_segment(segment);
    for (size_t bit = 0; bit < packed.size() * 8; ++bit) {
      std::string damaged = packed;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
      const auto back = unpack_segment(damaged);
      if (!back) continue;
      const auto again = unpack_segment(pack_segment(*back));
      ASSERT_TRUE(again.has_value());
      expect_same(*back, *again);
    }
  }
}

}  // namespace
}  // namespace reprise::cache
