#include "base/seal.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace reprise::base {
namespace {

const std::string kSecret = "sixteen bytes, 1";
const std::string kPlain = "What is the answer to everything? Forty-two.";

std::string unhex(std::string_view digits) {
  std::string bytes;
  for (size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::string text_of(const Key256& key) { return {key.begin(), key.end()}; }

// `count` bytes that follow one another, from `first` on.
std::string run(int first, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(first + i);
  return bytes;
}

std::string seal(const Sealer& sealer, std::string_view associated, std::string_view plain) {
  std::string sealed;
  sealer.seal(associated, plain, &sealed);
  return sealed;
}

bool opens(const Sealer& sealer, std::string_view associated, std::string_view sealed) {
  std::string plain = "left over";
  const bool opened = sealer.open(associated, sealed, &plain);
  EXPECT_TRUE(opened || plain.empty()) << "what was not authenticated was handed out";
  return opened;
}

// RFC 5869, appendix A.1 to A.3; a longer output begins with the same bytes.
TEST(Hkdf, GivesWhatTheRfcSays) {
  EXPECT_EQ(text_of(hkdf_sha256(std::string(22, '\x0b'), run(0, 13), run(0xf0, 10))),
            unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
  EXPECT_EQ(text_of(hkdf_sha256(run(0, 80), run(0x60, 80), run(0xb0, 80))),
            unhex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"));
  EXPECT_EQ(text_of(hkdf_sha256(std::string(22, '\x0b'), {}, {})),
            unhex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"));
}

TEST(Wipe, LeavesNothingBehind) {
  std::string secret(100, 's');
  const char* const place = secret.data();
  wipe(&secret);
  EXPECT_TRUE(secret.empty());
  ASSERT_EQ(place, secret.data());
  for (size_t i = 0; i < 100; ++i) EXPECT_EQ(place[i], '\0') << i;  // still the string's memory
}

TEST(Sealer, OpensWhatItSealed) {
  const Sealer sealer(kSecret);
  for (const size_t size : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{1000000}}) {
    const std::string plain(size, 'x');
    const std::string sealed = seal(sealer, "label", plain);
    EXPECT_EQ(sealed.size(), size + Sealer::kOverheadBytes);
    std::string opened = "left over";
    EXPECT_TRUE(sealer.open("label", sealed, &opened));
    EXPECT_EQ(opened, plain);
  }
}

TEST(Sealer, AppendsBehindWhatIsThere) {
  const Sealer sealer(kSecret);
  std::string out = "header";
  sealer.seal("", kPlain, &out);
  ASSERT_TRUE(out.starts_with("header"));
  EXPECT_TRUE(opens(sealer, "", std::string_view(out).substr(6)));
}

// What other processes of other builds have stored must stay readable.
TEST(Sealer, OpensWhatWasSealedLongAgo) {
  const Sealer sealer(kSecret);
  const std::string sealed = unhex(
      "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
      "65af923906efb9a258b3bf1e1727e7e8959cd404ccf4ad9a50");
  std::string plain;
  ASSERT_TRUE(sealer.open("label", sealed, &plain));
  EXPECT_EQ(plain, "forty-two");
}

TEST(Sealer, NoBitCanBeChanged) {
  const Sealer sealer(kSecret);
  std::string sealed = seal(sealer, "label", kPlain);
  for (size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    const char flip = static_cast<char>(1 << (bit % 8));
    sealed[bit / 8] = static_cast<char>(sealed[bit / 8] ^ flip);
    EXPECT_FALSE(opens(sealer, "label", sealed)) << "bit " << bit;
    sealed[bit / 8] = static_cast<char>(sealed[bit / 8] ^ flip);
  }
  EXPECT_TRUE(opens(sealer, "label", sealed));
}

TEST(Sealer, NothingCanBeCutOffOrAdded) {
  const Sealer sealer(kSecret);
  const std::string sealed = seal(sealer, "label", kPlain);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(opens(sealer, "label", sealed.substr(0, size))) << size;
    EXPECT_FALSE(opens(sealer, "label", sealed.substr(sealed.size() - size))) << size;
  }
  EXPECT_FALSE(opens(sealer, "label", sealed + '\0'));
  EXPECT_FALSE(opens(sealer, "label", '\0' + sealed));
}

TEST(Sealer, NeedsTheSameAssociatedBytes) {
  const Sealer sealer(kSecret);
  const std::string sealed = seal(sealer, "label", kPlain);
  for (const char* other : {"", "labe", "labels", "Label", "label "}) {
    EXPECT_FALSE(opens(sealer, other, sealed)) << other;
  }
  // Nor may a byte change sides.
  EXPECT_FALSE(opens(sealer, "labelW", sealed));
  EXPECT_TRUE(opens(sealer, "label", sealed));
}

TEST(Sealer, NeedsTheSameSecret) {
  const std::string sealed = seal(Sealer(kSecret), "label", kPlain);
  for (const std::string& other :
       {std::string("sixteen bytes, 2"), kSecret + " ", kSecret + '\0'}) {
    EXPECT_FALSE(opens(Sealer(other), "label", sealed));
    EXPECT_NE(Sealer(other).name("what"), Sealer(kSecret).name("what"));
  }
  EXPECT_TRUE(opens(Sealer(kSecret), "label", sealed));
}

TEST(Sealer, NeverSealsTheSameWay) {
  const Sealer sealer(kSecret);
  std::set<std::string> salts;
  std::set<std::string> hidden;
  for (int i = 0; i < 100; ++i) {
    const std::string sealed = seal(sealer, "label", kPlain);
    EXPECT_EQ(sealed.find("answer"), std::string::npos);
    salts.insert(sealed.substr(0, Sealer::kSaltBytes));
    hidden.insert(sealed.substr(Sealer::kSaltBytes));
  }
  EXPECT_EQ(salts.size(), 100u);
  EXPECT_EQ(hidden.size(), 100u);
}

TEST(Sealer, ManyThreadsMayUseOne) {
  const Sealer sealer(kSecret);
  const Digest128 name = sealer.name("what");
  const std::string from_here = seal(sealer, "label", kPlain);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&sealer, &from_here, name] {
      for (int round = 0; round < 200; ++round) {
        EXPECT_EQ(sealer.name("what"), name);
        EXPECT_TRUE(opens(sealer, "label", from_here));
        EXPECT_TRUE(opens(sealer, "label", seal(sealer, "label", kPlain)));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Sealer, NamesAreStableAndDistinct) {
  const Sealer sealer(kSecret);
  EXPECT_EQ(sealer.name("what").hex(), "0e941f3485f56bd5d9af5d96e1e9ba5d");
  std::set<std::string> names;
  for (int i = 0; i < 1000; ++i) names.insert(sealer.name(std::to_string(i)).hex());
  names.insert(sealer.name("").hex());
  EXPECT_EQ(names.size(), 1001u);
}

}  // namespace
}  // namespace reprise::base
