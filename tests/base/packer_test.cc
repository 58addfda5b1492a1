#include "base/packer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace reprise::base {
namespace {

constexpr uint64_t kUint64Max = std::numeric_limits<uint64_t>::max();

std::string varint_of(uint64_t value) {
  ByteWriter writer;
  writer.varint(value);
  return std::move(writer).take();
}

// Bytes given as numbers: a literal cannot hold zeros easily.
std::string raw(std::vector<int> values) { return {values.begin(), values.end()}; }

TEST(Packer, ReadsBackWhatWasWritten) {
  ByteWriter writer;
  writer.u8(200);
  writer.u64(0x0123456789abcdef);
  writer.varint(300);
  writer.signed_varint(-300);
  writer.text("a\0b");
  writer.bytes("rest");
  EXPECT_EQ(writer.size(), writer.view().size());
  const std::string packed = std::move(writer).take();

  ByteReader reader(packed);
  EXPECT_EQ(reader.u8(), 200);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdefu);
  EXPECT_EQ(reader.varint(), 300u);
  EXPECT_EQ(reader.signed_varint(), -300);
  EXPECT_EQ(reader.text(), "a\0b");
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(reader.bytes(4), "rest");
  EXPECT_TRUE(reader.at_end());
}

TEST(Packer, WritesTheLowestByteFirst) {
  ByteWriter writer;
  writer.u64(0x0807060504030201);
  EXPECT_EQ(writer.view(), raw({1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(varint_of(300), raw({0xAC, 2}));
}

TEST(Packer, TakesEveryNumber) {
  std::vector<uint64_t> numbers = {0, 1, kUint64Max, kUint64Max - 1};
  for (int bit = 0; bit < 64; ++bit) {
    for (const int64_t beside : {-1, 0, 1}) numbers.push_back((uint64_t{1} << bit) + beside);
  }
  for (const uint64_t number : numbers) {
    ByteWriter writer;
    writer.varint(number);
    writer.signed_varint(static_cast<int64_t>(number));
    ByteReader reader(writer.view());
    EXPECT_EQ(reader.varint(), number);
    EXPECT_EQ(reader.signed_varint(), static_cast<int64_t>(number));
    EXPECT_TRUE(reader.at_end()) << number;
  }
}

TEST(Packer, SmallNumbersAreShortWhateverTheirSign) {
  EXPECT_EQ(varint_of(127).size(), 1u);
  EXPECT_EQ(varint_of(128).size(), 2u);
  EXPECT_EQ(varint_of(kUint64Max).size(), 10u);
  ByteWriter writer;
  writer.signed_varint(-64);
  EXPECT_EQ(writer.size(), 1u);
}

TEST(Packer, RefusesNumbersSpelledTooLong) {
  const std::vector<std::string> wrong = {
      raw({0x80, 0}),
      raw({0xFF, 0x80, 0}),
      std::string(9, '\x80') + raw({2}),  // a 65th bit
      std::string(10, '\x80') + raw({1}),
      std::string(20, '\xFF'),
  };
  for (const std::string& packed : wrong) {
    ByteReader reader(packed);
    EXPECT_EQ(reader.varint(), 0u);
    EXPECT_FALSE(reader.ok());
  }
}

TEST(Packer, RefusesNumbersAboveTheBound) {
  ByteReader within(std::string_view("\x07"));
  EXPECT_EQ(within.varint(7), 7u);
  EXPECT_TRUE(within.ok());
  ByteReader above(std::string_view("\x07"));
  EXPECT_EQ(above.varint(6), 0u);
  EXPECT_FALSE(above.ok());
}

TEST(Packer, RefusesATextThatIsNotThere) {
  ByteReader cut(
      std::string_view("\x05"
                       "four"));
  EXPECT_EQ(cut.text(), "");
  EXPECT_FALSE(cut.ok());
  const std::string hostile = varint_of(kUint64Max) + "four";
  ByteReader huge(hostile);
  EXPECT_EQ(huge.text(), "");
  EXPECT_FALSE(huge.ok());
  ByteReader bounded(
      std::string_view("\x04"
                       "four"));
  EXPECT_EQ(bounded.text(3), "");
  EXPECT_FALSE(bounded.ok());
}

TEST(Packer, AfterAFailureThereIsNothing) {
  const std::string packed = "abcdefgh" + varint_of(3) + "def";
  ByteReader reader(packed);
  EXPECT_EQ(reader.bytes(packed.size() + 1), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_FALSE(reader.at_end());
  EXPECT_EQ(reader.remaining(), 0u);
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_EQ(reader.u64(), 0u);
  EXPECT_EQ(reader.varint(), 0u);
  EXPECT_EQ(reader.signed_varint(), 0);
  EXPECT_EQ(reader.text(), "");
  EXPECT_EQ(reader.bytes(0), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Packer, EveryCutIsAFailure) {
  ByteWriter writer;
  writer.u64(7);
  writer.varint(kUint64Max);
  writer.text("text");
  for (size_t size = 0; size < writer.size(); ++size) {
    ByteReader reader(writer.view().substr(0, size));
    reader.u64();
    reader.varint();
    reader.text();
    EXPECT_FALSE(reader.ok()) << size;
  }
}

TEST(Packer, ACallerCanRefuseToo) {
  ByteReader reader(std::string_view("abc"));
  reader.fail();
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Packer, NoBytesLeadOutOfTheText) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string noise(random() % 40, '\0');
    for (char& byte : noise) byte = static_cast<char>(random());
    ByteReader reader(noise);
    while (reader.ok() && reader.remaining() > 0) {
      const std::string_view text = reader.text();
      ASSERT_TRUE(text.empty() || (text.data() >= noise.data() &&
                                   text.data() + text.size() <= noise.data() + noise.size()));
    }
  }
}

TEST(Packer, KeepsMemoryUpToABound) {
  ByteWriter writer;
  writer.bytes(std::string(1000, 'x'));
  const char* const before = writer.view().data();
  writer.clear(100'000);
  EXPECT_EQ(writer.size(), 0u);
  EXPECT_EQ(writer.view().data(), before);
  writer.clear(10);
  EXPECT_NE(writer.view().data(), before);
}

}  // namespace
}  // namespace reprise::base
