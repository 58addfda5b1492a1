#include "cache/envelope.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace reprise::cache {
namespace {

constexpr std::string_view kSecret = "a secret of this fleet";
constexpr base::Digest128 kKey = {0x0123456789abcdef, 0xfedcba9876543210};
const std::string kPayload = R"({"role":"assistant","content":"Nobody else should read this."})";

Envelope plain() { return Envelope(nullptr); }
Envelope sealed(std::string_view secret = kSecret) {
  return Envelope(std::make_unique<const base::Sealer>(secret));
}

// Labels that differ from one another in one thing each.
std::vector<ValueLabel> labels() {
  constexpr base::Digest128 kOther = {0x0123456789abcdef, 0xfedcba9876543211};
  constexpr base::Digest128 kSwapped = {kKey.low, kKey.high};
  using enum ValueKind;
  std::vector<ValueLabel> all;
  for (const ValueKind kind : {kEntry, kPart, kLease, kMarker, kSegment, kPurges}) {
    for (const auto& subject : {kKey, kOther, kSwapped, base::Digest128{}}) {
      all.push_back({kind, subject, {}, 0});
    }
  }
  for (const uint32_t number : {1u, 2u, 256u, 1u << 24, UINT32_MAX}) {
    for (const ValueKind kind : {kPart, kLease, kSegment}) all.push_back({kind, kKey, {}, number});
  }
  all.push_back({kPart, kKey, kOther, 0});
  all.push_back({kPart, kKey, kOther, 1});
  all.push_back({kPart, kOther, kKey, 1});
  return all;
}

ValueFault fault_of(const Envelope& envelope, const ValueLabel& label, std::string_view value) {
  std::string scratch;
  const auto opened = envelope.open(label, value, &scratch);
  if (opened) {
    ADD_FAILURE() << "opened";
    return ValueFault::kTooLarge;
  }
  return opened.error();
}

// The longest run of bytes of `needle` that is in `hay`.
size_t longest_common_run(std::string_view hay, std::string_view needle) {
  size_t longest = 0;
  for (size_t from = 0; from < needle.size(); ++from) {
    while (from + longest < needle.size() &&
           hay.find(needle.substr(from, longest + 1)) != std::string_view::npos) {
      ++longest;
    }
  }
  return longest;
}

// InMode: what holds plain and sealed alike.
class InMode : public testing::TestWithParam<bool> {
 protected:
  const Envelope envelope_ = GetParam() ? sealed() : plain();
};

INSTANTIATE_TEST_SUITE_P(Envelope, InMode, testing::Bool(),
                         [](const auto& tested) { return tested.param ? "Sealed" : "Plain"; });

TEST_P(InMode, OpensWhatItClosed) {
  for (const ValueLabel& label : labels()) {
    for (const std::string& payload : {std::string(), kPayload, std::string(100'000, '\0')}) {
      const std::string value = envelope_.close(label, payload);
      EXPECT_EQ(value.size(), payload.size() + envelope_.overhead_bytes());
      std::string scratch = "left over";
      const auto opened = envelope_.open(label, value, &scratch);
      ASSERT_TRUE(opened.has_value());
      EXPECT_EQ(*opened, payload);
    }
  }
}

TEST_P(InMode, EveryLabelHasANameOfItsOwn) {
  std::set<std::string> names;
  for (const ValueLabel& label : labels()) {
    const std::string name = envelope_.name(label);
    EXPECT_EQ(name, envelope_.name(label));
    EXPECT_TRUE(name.starts_with("r1:")) << name;
    EXPECT_LE(name.size(), Envelope::kNameBytesMax);
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; }));
    names.insert(name);
  }
  EXPECT_EQ(names.size(), labels().size());
}

TEST_P(InMode, AValueUnderAnothersNameIsRefused) {
  const auto all = labels();
  for (const ValueLabel& mine : all) {
    const std::string value = envelope_.close(mine, kPayload);
    for (const ValueLabel& other : all) {
      if (other == mine) continue;
      EXPECT_EQ(fault_of(envelope_, other, value), ValueFault::kCorrupt);
    }
  }
}

TEST_P(InMode, NoBitCanBeChanged) {
  for (const std::string& payload : {std::string(), kPayload}) {
    std::string value = envelope_.close({}, payload);
    for (size_t bit = 0; bit < value.size() * 8; ++bit) {
      const char flip = static_cast<char>(1 << (bit % 8));
      value[bit / 8] = static_cast<char>(value[bit / 8] ^ flip);
      const ValueFault expected = bit < 16   ? ValueFault::kForeign
                                  : bit < 24 ? ValueFault::kVersion
                                             : ValueFault::kCorrupt;
      EXPECT_EQ(fault_of(envelope_, {}, value), expected) << "bit " << bit;
      value[bit / 8] = static_cast<char>(value[bit / 8] ^ flip);
    }
  }
}

TEST_P(InMode, NothingCanBeCutOffOrAdded) {
  const std::string value = envelope_.close({}, kPayload);
  for (size_t size = 0; size < value.size(); ++size) {
    const ValueFault expected = size < 4 ? ValueFault::kForeign : ValueFault::kCorrupt;
    EXPECT_EQ(fault_of(envelope_, {}, value.substr(0, size)), expected) << size;
    EXPECT_NE(fault_of(envelope_, {}, value.substr(value.size() - size)), ValueFault::kTooLarge);
  }
  EXPECT_EQ(fault_of(envelope_, {}, value + '\0'), ValueFault::kCorrupt);
  EXPECT_EQ(fault_of(envelope_, {}, value + value), ValueFault::kCorrupt);
}

TEST_P(InMode, WhatOthersStoredIsForeign) {
  for (const char* value : {"", "r", "rP", "1", "OK", "<html></html>", "{\"r\":1}"}) {
    EXPECT_EQ(fault_of(envelope_, {}, value), ValueFault::kForeign) << value;
  }
}

TEST(Envelope, PlainNamesCanBeReadByPeople) {
  const Envelope envelope = plain();
  const std::string key = "r1:0123456789abcdeffedcba9876543210";
  const base::Digest128 generation = {1, 0xab};
  using enum ValueKind;
  EXPECT_EQ(envelope.name({kEntry, kKey}), key);
  EXPECT_EQ(envelope.name({kPart, kKey, generation, 7}),
            key + ":p:000000000000000100000000000000ab:7");
  EXPECT_EQ(envelope.name({kLease, kKey, {}, 3}), key + ":l3");
  EXPECT_EQ(envelope.name({kMarker, kKey}), key + ":m");
  EXPECT_EQ(envelope.name({kSegment, kKey, {}, 12}), key + ":s12");
  EXPECT_EQ(envelope.name({kPurges, kKey}), key + ":purges");
}

// Other builds find and read what this one stored only while this is so.
TEST(Envelope, TheFormatIsStable) {
  EXPECT_EQ(plain().close({ValueKind::kPart, kKey, {1, 2}, 3}, "forty-two"),
            std::string("rP\x01\x02", 4) +
                "\xa6"
                "\xd7"
                "\xae"
                "\x71"
                "\x5e"
                "\x1e"
                "\x6e"
                "\xeb" +
                "forty-two");
  EXPECT_EQ(sealed().name({ValueKind::kPart, kKey, {1, 2}, 3}),
            "r1:df690fae5fc0f495990ee625662347d1");
}

TEST(Envelope, APlainPayloadIsNotCopied) {
  const std::string value = plain().close({}, kPayload);
  std::string scratch;
  const auto opened = plain().open({}, value, &scratch);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->data(), value.data() + plain().overhead_bytes());
  EXPECT_TRUE(scratch.empty());
}

TEST(Envelope, NeitherModeOpensTheOthers) {
  EXPECT_EQ(fault_of(plain(), {}, sealed().close({}, kPayload)), ValueFault::kForeign);
  EXPECT_EQ(fault_of(sealed(), {}, plain().close({}, kPayload)), ValueFault::kForeign);
}

TEST(Envelope, AnothersSecretOpensNothing) {
  const Envelope other = sealed("a secret of that fleet");
  const std::string value = sealed().close({}, kPayload);
  EXPECT_EQ(fault_of(other, {}, value), ValueFault::kCorrupt);
  for (const ValueLabel& label : labels()) EXPECT_NE(other.name(label), sealed().name(label));
}

TEST(Envelope, ASealedValueShowsNothing) {
  const Envelope envelope = sealed();
  std::string key_bytes;
  for (const uint64_t half : {kKey.high, kKey.low}) {
    for (int shift = 56; shift >= 0; shift -= 8) key_bytes += static_cast<char>(half >> shift);
  }
  std::string key_backwards(key_bytes.rbegin(), key_bytes.rend());
  for (const ValueLabel& label : labels()) {
    const std::string name = envelope.name(label);
    EXPECT_EQ(name.size(), 3 + 32u);
    const std::string shown = name + envelope.close(label, kPayload);
    for (const std::string& hidden :
         {kPayload, label.subject.hex(), key_bytes, key_backwards, std::string(kSecret)}) {
      EXPECT_LT(longest_common_run(shown, hidden), 8u);
    }
  }
}

}  // namespace
}  // namespace reprise::cache
