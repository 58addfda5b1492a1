#include "cache/entry_wire.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "cache/entries.h"
#include "cache/purge_wire.h"
#include "cache/same_entry.h"

namespace reprise::cache {
namespace {

constexpr size_t kBytesMax = size_t{8} << 20;
constexpr std::string_view kStatusLine = "HTTP/1.1 200 OK\r\n";

// Makes an entry of which everything may be anything that an entry can be.
class RandomEntry {
 public:
  explicit RandomEntry(uint64_t seed) : random_(seed) {}

  std::shared_ptr<Entry> make() {
    auto entry = std::make_shared<Entry>();
    entry->key = {random_(), random_()};
    for (uint8_t& byte : entry->proof) byte = static_cast<uint8_t>(random_());
    entry->asked_at_us = number(EntryCodec::kTimeMaxUs);
    entry->recorded_at_us = number(EntryCodec::kTimeMaxUs);
    entry->duration_ms = number(base::kDurationMaxMs);
    entry->ttl_ms = number(base::kDurationMaxMs);
    entry->route = static_cast<openai::Route>(below(openai::kRouteCount));
    entry->form = form();
    entry->asked_form = form();
    entry->name_space = text(20);
    entry->model_asked = text(200);
    entry->model_answered = text(200);
    entry->finish_reason = text(10);
    entry->usage = {below(2) == 0, random_(), below(1000), random_()};
    for (size_t i = below(30); i > 0; --i) entry->members.push_back({text(40), random_()});
    entry->answer = record();
    std::string head(kStatusLine);
    for (size_t i = below(6); i > 0; --i) head.append("X-Any: " + std::to_string(i) + "\r\n");
    entry->replay_head = base::Bytes::copy_of(head);
    return entry;
  }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }
  int64_t number(int64_t max) {
    return below(4) == 0 ? max : static_cast<int64_t>(below(static_cast<uint64_t>(max)));
  }
  openai::Form form() { return {below(2) == 0, below(2) == 0, below(2) == 0}; }
  // Any bytes at all.
  std::string text(size_t size_max) {
    std::string text(below(size_max + 1), '\0');
    for (char& byte : text) byte = static_cast<char>(random_());
    return text;
  }
  std::string body() {
    constexpr std::string_view kEvent = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
    std::string body = text(3000);
    if (below(2) == 0) body.clear();
    for (size_t i = below(200); i > 0; --i) body.append(kEvent);
    return body;
  }
  std::shared_ptr<const recording::Record> record() {
    http::ResponseHead head;
    head.status = 200;
    head.reason = "OK";
    head.framing = static_cast<http::Framing>(below(4));
    head.version = static_cast<http::Version>(below(2));
    head.keep_alive = below(2) == 0;
    head.content_length = random_();
    for (size_t i = below(200); i > 0; --i) head.fields.add("X-" + std::to_string(i), "value");
    const std::string bytes = body();
    std::vector<recording::Mark> marks;
    uint32_t offset_ms = 0;
    for (uint64_t end = 0; end < bytes.size() && bytes.size() % 3 != 0;) {
      end = std::min<uint64_t>(end + 1 + below(300), bytes.size());
      marks.push_back({end, offset_ms += static_cast<uint32_t>(below(1000))});
    }
    return std::make_shared<const recording::Record>(std::move(head), base::Bytes::copy_of(bytes),
                                                     std::move(marks));
  }

  std::mt19937_64 random_;
};

class EntryWireTest : public testing::Test {
 protected:
  // Entries come back with the id of their model in this process.
  void expect_round_trip(const std::shared_ptr<Entry>& entry) {
    entry->model_id = models_.intern(entry->model_answered);
    const std::string value = codec_.encode(*entry);
    const auto back = codec_.decode(value);
    ASSERT_TRUE(back.has_value()) << value_fault_name(back.error());
    EXPECT_TRUE(same_entry(*entry, **back));
  }

  // What becomes of `entry` on its way out and back; "taken" if it comes back.
  std::string_view fate(const Entry& entry) { return fate_of_value(codec_.encode(entry)); }
  std::string_view fate_of_value(std::string_view value) {
    const auto back = codec_.decode(value);
    return back ? "taken" : value_fault_name(back.error());
  }
  std::string_view fate_of_replay_head(std::string_view head) {
    Entry entry = *sample("q");
    entry.replay_head = base::Bytes::copy_of(head);
    return fate(entry);
  }

  base::ModelTable models_;
  EntryCodec codec_{models_, kBytesMax};
};

std::string packed_form(std::string_view value) {
  return std::string(value.substr(WireFrame::kHeadBytes, value.size() - WireFrame::kOverheadBytes));
}

// As a forger would: a checksum stops nobody.
std::string forged(std::string_view payload, WireCoding coding = WireCoding::kPlain) {
  return WireFrame{WireKind::kEntry, coding, payload}.encode();
}

Entry entry_with_body(std::string body) {
  SampleEntry sample_entry("q");
  sample_entry.body = std::move(body);
  return *std::move(sample_entry).make();
}

TEST_F(EntryWireTest, BringsAnyEntryBack) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(seed);
    expect_round_trip(RandomEntry(seed).make());
  }
}

TEST_F(EntryWireTest, BringsAnEmptyAndALargeBodyBack) {
  Entry empty = *sample("q");
  empty.answer = std::make_shared<const recording::Record>(empty.answer->head(), base::Bytes(),
                                                           std::vector<recording::Mark>());
  expect_round_trip(std::make_shared<Entry>(empty));
  std::mt19937_64 random(3);
  std::string noise(kBytesMax - 2000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  expect_round_trip(std::make_shared<Entry>(entry_with_body(noise)));
  expect_round_trip(std::make_shared<Entry>(entry_with_body(std::string(kBytesMax - 2000, 'x'))));
}

TEST_F(EntryWireTest, NamesTheModelInThisProcess) {
  const std::string value = codec_.encode(*sample("q"));
  base::ModelTable others;
  others.intern("another");
  EntryCodec reader(others, kBytesMax);
  const auto entry = reader.decode(value);
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ((*entry)->model_id, others.intern("gpt-4o-2024-08-06"));
  EXPECT_EQ(others.names().size(), 2u);
}

TEST_F(EntryWireTest, ARefusedValueNamesNoModel) {
  Entry entry = *sample("q");
  entry.replay_head = base::Bytes::copy_of("no head");
  EXPECT_EQ(fate(entry), "corrupt");
  EXPECT_TRUE(models_.names().empty());
}

TEST_F(EntryWireTest, CompressesWhatShrinks) {
  const std::string text(20'000, 'x');
  EXPECT_LT(codec_.encode(entry_with_body(text)).size(), 1000u);
  std::mt19937_64 random(3);
  std::string noise(20'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  EXPECT_EQ(codec_.encode(entry_with_body(noise))[4], static_cast<char>(WireCoding::kPlain));
  EXPECT_EQ(codec_.encode(entry_with_body("short"))[4], static_cast<char>(WireCoding::kPlain));
}

// The packed form may only change together with its version, or processes of two releases that
// share a store would take each other's entries for damaged ones.
TEST_F(EntryWireTest, ThePackedFormIsThatOfItsVersion) {
  ASSERT_EQ(WireFrame::kVersion, 1);
  EXPECT_EQ(base::xxh3_128(codec_.encode(*sample("q"))).hex(), "11a2b0599cbc8864ddc78c13c911178e");
}

TEST_F(EntryWireTest, RefusesEveryDamagedByte) {
  const std::string body = "data: {\"choices\":[]}\n\n";
  std::string many;
  for (int i = 0; i < 100; ++i) many.append(body);
  for (const Entry& entry : {entry_with_body(body), entry_with_body(many)}) {
    const std::string value = codec_.encode(entry);
    for (size_t i = 0; i < value.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string damaged = value;
        damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
        ASSERT_NE(fate_of_value(damaged), "taken") << i << ":" << bit;
      }
    }
  }
}

TEST_F(EntryWireTest, RefusesEveryCutAndEveryAddition) {
  const std::string value = codec_.encode(*sample("q"));
  for (size_t size = 0; size < value.size(); ++size) {
    ASSERT_NE(fate_of_value(std::string_view(value).substr(0, size)), "taken") << size;
  }
  EXPECT_EQ(fate_of_value(value + "x"), "corrupt");
  // With a right checksum too: a cut or an addition leaves no other entry.
  const std::string packed = packed_form(value);
  EXPECT_EQ(fate_of_value(forged(packed)), "taken");
  for (size_t size = 0; size < packed.size(); ++size) {
    ASSERT_EQ(fate_of_value(forged(std::string_view(packed).substr(0, size))), "corrupt") << size;
  }
  EXPECT_EQ(fate_of_value(forged(packed + std::string(1, '\0'))), "corrupt");
}

TEST_F(EntryWireTest, TellsWhatIsNotOursFromWhatIsOfAnotherVersion) {
  std::string value = codec_.encode(*sample("q"));
  EXPECT_EQ(fate_of_value(""), "foreign");
  EXPECT_EQ(fate_of_value("{\"json\": true}"), "foreign");
  EXPECT_EQ(fate_of_value(encode_purge_times({}, 100)), "foreign");
  EXPECT_EQ(fate_of_value("rpE"), "corrupt");
  for (int version = 0; version < 256; ++version) {
    value[3] = static_cast<char>(version);
    EXPECT_EQ(fate_of_value(value), version == WireFrame::kVersion ? "taken" : "version");
  }
}

TEST_F(EntryWireTest, RefusesNoise) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(random() % 300, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    EXPECT_NE(fate_of_value(noise), "taken");
    EXPECT_EQ(fate_of_value(forged(noise)), "corrupt");
    EXPECT_EQ(fate_of_value(forged(noise, WireCoding::kZstd)), "corrupt");
  }
  EXPECT_EQ(fate_of_value(forged("", static_cast<WireCoding>(2))), "corrupt");
}

TEST_F(EntryWireTest, KeepsToItsBound) {
  const Entry entry = entry_with_body(std::string(5000, 'x'));
  const std::string value = codec_.encode(entry);
  EntryCodec small(models_, 5000);
  EXPECT_EQ(small.encode(entry), "");
  const auto refused = small.decode(value);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ValueFault::kTooLarge);
  const auto plain = small.decode(forged(std::string(5001, 'x')));
  ASSERT_FALSE(plain.has_value());
  EXPECT_EQ(plain.error(), ValueFault::kTooLarge);
}

TEST_F(EntryWireTest, WritesNothingThatItWouldNotTakeBack) {
  Entry entry = *sample("q");
  entry.model_asked.assign(EntryCodec::kTextBytesMax, 'm');
  EXPECT_EQ(fate(entry), "taken");
  entry.model_asked.push_back('m');
  EXPECT_EQ(codec_.encode(entry), "");
  Entry members = *sample("q");
  members.members.assign(EntryCodec::kMembersMax, {"n", 1});
  EXPECT_EQ(fate(members), "taken");
  members.members.push_back({"n", 1});
  EXPECT_EQ(codec_.encode(members), "");
}

// --- forged parts -----------------------------------------------------------------------------

TEST_F(EntryWireTest, RefusesTimesThatNobodyMeasured) {
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

TEST_F(EntryWireTest, RefusesARouteThatIsNone) {
  Entry entry = *sample("q");
  entry.route = static_cast<openai::Route>(openai::kRouteCount);
  EXPECT_EQ(fate(entry), "corrupt");
}

TEST_F(EntryWireTest, RefusesAnUnknownTrait) {
  Entry entry = *sample("q");
  const std::string packed = packed_form(codec_.encode(entry));
  entry.usage.present = true;
  const std::string other = packed_form(codec_.encode(entry));
  const auto differs = std::ranges::mismatch(packed, other).in1;
  std::string wrong = packed;
  wrong[static_cast<size_t>(differs - packed.begin())] |= '\x80';
  EXPECT_EQ(fate_of_value(forged(wrong)), "corrupt");
}

TEST_F(EntryWireTest, RefusesAnAnswerThatNoBodyFollows) {
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

TEST_F(EntryWireTest, TakesTheHeadsThatReplaysHave) {
  EXPECT_EQ(fate_of_replay_head(kStatusLine), "taken");
  EXPECT_EQ(fate_of_replay_head("HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nX-Empty:\r\n"
                                "Access-Control-Allow-Origin: *\r\nX-Reprise-Model: m\r\n"),
            "taken");
}

TEST_F(EntryWireTest, RefusesAReplayHeadThatCouldEndItselfOrAnotherResponse) {
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

// --- compression ------------------------------------------------------------------------------

TEST_F(EntryWireTest, RefusesABombBeforeAnythingIsAllocatedForIt) {
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

TEST_F(EntryWireTest, TakesOneWholeFrameOfKnownSizeOnly) {
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

TEST_F(EntryWireTest, GoesOnAfterAnyFailure) {
  const std::string value = codec_.encode(entry_with_body(std::string(5000, 'x')));
  for (size_t size = 0; size < packed_form(value).size(); ++size) {
    EXPECT_NE(fate_of_value(forged(packed_form(value).substr(0, size), WireCoding::kZstd)),
              "taken");
    EXPECT_EQ(fate_of_value(value), "taken");
  }
}

}  // namespace
}  // namespace reprise::cache
