#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "cache/entry_wire.h"
#include "cache/entry_wire_scene.h"

// Entries made by somebody who knows the format, checksum and all, and means harm.
namespace reprise::cache {
namespace {

class EntryForgeryTest : public EntryWireTest {};

TEST_F(EntryForgeryTest, RefusesTimesThatNobodyMeasured) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const std::vector<std::pair<int64_t Entry::*, int64_t>> bounds = {
      {&Entry::asked_at_us, EntryCodec::kTimeMaxUs},
      {&Entry::recorded_at_us, EntryCodec::kTimeMaxUs},
      {&Entry::duration_ms, base::kDurationMaxMs},
      {&Entry::ttl_ms, base::kDurationMaxMs}};
  for (const auto& [time, max] : bounds) {
    Entry entry = *sample("q");
    entry.*time = max;
    EXPECT_EQ(fate(entry), "taken");
    for (const int64_t wrong : {int64_t{-1}, max + 1, kHuge, std::numeric_limits<int64_t>::min()}) {
      entry.*time = wrong;
      EXPECT_EQ(fate(entry), "corrupt") << wrong;
    }
  }
}

TEST_F(EntryForgeryTest, RefusesARouteThatIsNone) {
  Entry entry = *sample("q");
  entry.route = static_cast<openai::Route>(openai::kRouteCount);
  EXPECT_EQ(fate(entry), "corrupt");
}

TEST_F(EntryForgeryTest, RefusesAnUnknownTrait) {
  Entry entry = *sample("q");
  const std::string packed = packed_form(codec_.encode(entry));
  entry.usage.present = true;
  const std::string other = packed_form(codec_.encode(entry));
  const auto differs = std::ranges::mismatch(packed, other).in1;
  std::string wrong = packed;
  wrong[static_cast<size_t>(differs - packed.begin())] |= '\x80';
  EXPECT_EQ(fate_of_value(forged(wrong)), "corrupt");
}

TEST_F(EntryForgeryTest, RefusesAnAnswerThatNoBodyFollows) {
  for (const int status : {100, 101, 204, 304}) {
    Entry entry = *sample("q");
    http::ResponseHead head = entry.answer->head();
    head.status = status;
    entry.answer = std::make_shared<const recording::Record>(head, entry.answer->body(),
                                                             std::vector<recording::Mark>());
    entry.replay_head =
        base::Bytes::copy_of("HTTP/1.1 " + std::to_string(status) + " OK\r\nA: b\r\n");
    EXPECT_EQ(fate(entry), "corrupt") << status;
  }
}

TEST_F(EntryForgeryTest, TakesTheHeadsThatReplaysHave) {
  EXPECT_EQ(fate_of_replay_head(kStatusLine), "taken");
  EXPECT_EQ(fate_of_replay_head("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX-Empty:\r\n"
                                "Access-Control-Allow-Origin: *\r\nX-Reprise-Model: m\r\n"),
            "taken");
}

TEST_F(EntryForgeryTest, RefusesAReplayHeadThatCouldEndItselfOrAnotherResponse) {
  const std::string status(kStatusLine);
  const std::vector<std::string> wrong = {
      "",
      "HTTP/1.1 200 OK",
      "HTTP/1.0 200 OK\r\n",
      "HTTP/1.1 201 OK\r\n",  // not what was recorded
      "HTTP/1.1 200 Fine\r\n",
      "HTTP/1.1 200\r\n",
      "HTTP/1.1 +20 OK\r\n",
      "HTTP/1.1 2000 OK\r\n",
      " " + status,
      status + "\r\n",
      status + "A: b",
      status + "A: b\r",
      status + "A: b\n",
      status + "A: b\r\n\r\n",
      status + "\r\nA: b\r\n",
      status + "A: b\nC: d\r\n",
      status + "A: b\rC: d\r\n",
      status + "A: b\r\r\n",
      status + std::string("A: b\0c\r\n", 8),
      status + "A: b\r\n folded\r\n",
      status + "A : b\r\n",
      status + ": b\r\n",
      status + "no colon\r\n",
      status + "Content-Length: 1\r\n",
      status + "content-length:1\r\n",
      status + "Transfer-Encoding: chunked\r\n",
      status + "A: b\r\nConnection: upgrade\r\n",
      status + "Upgrade: websocket\r\n",
      status + "Trailer: A\r\n",
  };
  for (const std::string& head : wrong) EXPECT_EQ(fate_of_replay_head(head), "corrupt") << head;
}

TEST_F(EntryForgeryTest, RefusesABombBeforeAnythingIsAllocatedForIt) {
  // One frame in a single segment that says 2^60 bytes, and a run-length block (RFC 8878 §3.1.1).
  const std::string bomb = std::string("\x28\xB5\x2F\xFD\xE0", 5) +
                           std::string("\0\0\0\0\0\0\0\x10", 8) + std::string("\x03\xFF\xFF\0", 4);
  EXPECT_EQ(fate_of_value(forged(bomb, WireCoding::kZstd)), "too_large");
  const std::string value = codec_.encode(entry_with_body(std::string(kBytesMax - 2000, 'x')));
  ASSERT_FALSE(value.empty());
  EntryCodec small(models_, size_t{1} << 20);
  const auto refused = small.decode(value);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ValueFault::kTooLarge);
}

TEST_F(EntryForgeryTest, TakesOneWholeFrameOfKnownSizeOnly) {
  const std::string value = codec_.encode(entry_with_body(std::string(5000, 'x')));
  ASSERT_EQ(value[4], static_cast<char>(WireCoding::kZstd));
  const std::string frame = packed_form(value);
  EXPECT_EQ(fate_of_value(forged(frame, WireCoding::kZstd)), "taken");
  EXPECT_EQ(fate_of_value(forged(frame + "x", WireCoding::kZstd)), "corrupt");
  // A frame that may be skipped, and one of nothing, say nothing but are there.
  const std::string skippable("\x50\x2A\x4D\x18\0\0\0\0", 8);
  const std::string nothing("\x28\xB5\x2F\xFD\x20\0\x01\0\0", 9);
  for (const std::string& more : {skippable, nothing}) {
    EXPECT_EQ(fate_of_value(forged(frame + more, WireCoding::kZstd)), "corrupt");
    EXPECT_EQ(fate_of_value(forged(more + frame, WireCoding::kZstd)), "corrupt");
    EXPECT_EQ(fate_of_value(forged(more, WireCoding::kZstd)), "corrupt");
  }
  // Without a size: a window byte and an empty last block.
  EXPECT_EQ(
      fate_of_value(forged(std::string("\x28\xB5\x2F\xFD\0\x58\x01\0\0", 9), WireCoding::kZstd)),
      "corrupt");
  // A size that is not that of what comes out.
  std::string wrong_size = frame;
  wrong_size[5] = static_cast<char>(wrong_size[5] + 1);
  EXPECT_EQ(fate_of_value(forged(wrong_size, WireCoding::kZstd)), "corrupt");
}

TEST_F(EntryForgeryTest, AFrameThatFailsShowsNothingOfTheOneBefore) {
  const std::string value = codec_.encode(entry_with_body(std::string(5000, 'x')));
  // The same size again, and one compressed block that is none.
  constexpr size_t kFrameHeadBytes = 7;
  const std::string broken =
      packed_form(value).substr(0, kFrameHeadBytes) + std::string("\x0D\0\0x", 4);
  EXPECT_EQ(fate_of_value(value), "taken");
  EXPECT_EQ(fate_of_value(forged(broken, WireCoding::kZstd)), "corrupt");
}

TEST_F(EntryForgeryTest, RefusesTheFormatsBeforeTheStandardOne) {
  const std::string packed = packed_form(codec_.encode(*sample("q")));
  ASSERT_LT(packed.size(), 256u);
  // zstd 0.7: a size, one raw block and the end.
  const std::string start("\x27\xB5\x2F\xFD\x20", 5);
  const char size = static_cast<char>(packed.size());
  const std::string old =
      start + size + std::string("\x40\0", 2) + size + packed + std::string("\xC0\0\0", 3);
  EXPECT_EQ(fate_of_value(forged(old, WireCoding::kZstd)), "corrupt");
}

TEST_F(EntryForgeryTest, GoesOnAfterAnyFailure) {
  const std::string value = codec_.encode(entry_with_body(std::string(5000, 'x')));
  for (size_t size = 0; size < packed_form(value).size(); ++size) {
    EXPECT_NE(fate_of_value(forged(packed_form(value).substr(0, size), WireCoding::kZstd)),
              "taken");
    EXPECT_EQ(fate_of_value(value), "taken");
  }
}

}  // namespace
}  // namespace reprise::cache
