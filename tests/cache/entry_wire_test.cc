#include "cache/entry_wire.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/entry_wire_scene.h"
#include "cache/purge_wire.h"

namespace reprise::cache {
namespace {

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
  const std::string packed = packed_form(codec_.encode(*sample("q")));
  EXPECT_EQ(fate_of_value(forged(packed, static_cast<WireCoding>(2))), "corrupt");
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

}  // namespace
}  // namespace reprise::cache
