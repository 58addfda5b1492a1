#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "openai/asking.h"

namespace reprise::openai {
namespace {

// RandomBody: seeded bodies, as members that can be shuffled, respelt and changed.
class RandomBody {
 public:
  explicit RandomBody(uint32_t seed) : random_(seed) {
    const size_t count = 1 + pick(40);
    for (size_t i = 0; i < count; ++i) {
      members_.push_back({"m" + std::to_string(i) + std::string(pick(12), 'x'), value(0)});
    }
  }

  size_t pick(size_t below) { return std::uniform_int_distribution<size_t>(0, below - 1)(random_); }
  void shuffle() { std::shuffle(members_.begin(), members_.end(), random_); }
  void change() { members_[pick(members_.size())].second += "0"; }  // numbers only, see value()
  void rename() { members_[pick(members_.size())].first += "y"; }

  std::string text() {
    std::string text = space() + "{";
    for (const auto& [name, content] : members_) {
      if (&name != &members_.front().first) text += "," + space();
      text += string(name) + space() + ":" + space() + respell(content) + space();
    }
    return text + "}" + space();
  }

 private:
  // Ends in a digit's place if at the top: so that one more digit is another value.
  std::string value(size_t depth) {
    if (depth == 0) return "[" + value(1) + ",\"\\u0061b\"],1";
    switch (pick(depth > 4 ? 3 : 5)) {
      case 0:
        return std::to_string(static_cast<int>(pick(2000)) - 1000);
      case 1:
        return "\"caf\\u00e9\"";
      case 2:
        return "null";
      case 3:
        return "[" + value(depth + 1) + "," + value(depth + 1) + "]";
      default:
        return "{\"z\":" + value(depth + 1) + ",\"a\":" + value(depth + 1) + "}";
    }
  }

  std::string string(std::string_view name) {
    std::string text = "\"";
    for (const char c : name) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      text += pick(4) == 0 ? std::string(escape) : std::string(1, c);
    }
    return text + "\"";
  }

  // The same value, in one of its spellings.
  std::string respell(std::string content) {
    const std::string inner = "[" + content + "]";
    std::string text;
    for (size_t i = 0; i < inner.size(); ++i) {
      if (inner.compare(i, 6, "\\u00e9") == 0 && pick(2) == 0) {
        text += "é";
        i += 5;
      } else {
        text += inner[i];
        if (inner[i] == ',' || inner[i] == '[') text += space();
      }
    }
    return text;
  }

  std::string space() { return std::string(pick(3), " \n\t\r"[pick(4)]); }

  std::mt19937 random_;
  std::vector<std::pair<std::string, std::string>> members_;
};

TEST(CanonicalProperty, SpellingAndTopLevelOrderNeverChangeTheKey) {
  const Asking asking;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    RandomBody body(seed);
    const std::string first = body.text();
    const std::string key = asking.key(first);
    ASSERT_EQ(key.size(), 32u) << key << " " << first;
    body.shuffle();
    ASSERT_EQ(asking.key(body.text()), key) << first;
  }
}

TEST(CanonicalProperty, AnyChangeOfAValueOrNameChangesTheKey) {
  const Asking asking;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    RandomBody body(seed);
    const std::string key = asking.key(body.text());
    body.change();
    const std::string changed = asking.key(body.text());
    ASSERT_EQ(changed.size(), 32u);
    ASSERT_NE(changed, key) << seed;
    body.rename();
    ASSERT_NE(asking.key(body.text()), changed) << seed;
  }
}

TEST(CanonicalProperty, CanonicalTextIsItsOwnCanonicalText) {
  const Asking asking;
  for (uint32_t seed = 0; seed < 300; ++seed) {
    RandomBody body(seed);
    const std::string text = body.text();
    const std::string once = asking.details(text).canonical;
    ASSERT_EQ(asking.details(once).canonical, once);
    ASSERT_EQ(asking.key(once), asking.key(text));
  }
}

TEST(CanonicalProperty, AnyDamagedByteIsAnotherQuestionOrNone) {
  const Asking asking;
  const std::string body = R"({"model":"m","x":[1,{"a":"b\n"}],"t":0.5,"ok":true})";
  const std::string key = asking.key(body);
  for (size_t at = 0; at < body.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged = body;
      damaged[at] = static_cast<char>(byte);
      if (damaged != body) {
        ASSERT_NE(asking.key(damaged), key) << damaged;
      }
    }
  }
}

// Hostile shapes: each is linear in its size but for sorting, so that even under a sanitizer the
// whole test is a matter of seconds. A quadratic pass would run into the test's own timeout.
TEST(CanonicalProperty, HostileBodiesStayCheap) {
  const Asking asking;
  std::string names = "{";
  std::string nested = "{\"a\":{";
  for (int i = 0; i < 200'000; ++i) {
    const std::string member = "\"the same eight " + std::to_string(i) + "\":0,";
    if (i < 65'535) names += member;
    nested += member;
  }
  EXPECT_EQ(asking.bypass(names + "\"z\":0}"), "");
  EXPECT_EQ(asking.bypass(names + "\"y\":0,\"z\":0}"), "too_many_members");
  EXPECT_EQ(asking.bypass(nested + "\"z\":0}}"), "");
  EXPECT_EQ(asking.bypass(names + "\"the same eight 0\":0}"), "duplicate_member");
  EXPECT_EQ(asking.bypass(nested + "\"the same eight 0\":0}}"), "duplicate_member");
  std::string capitals = names;
  std::replace(capitals.begin(), capitals.end(), 't', 'T');
  EXPECT_EQ(asking.bypass(capitals + "\"z\":0}"), "");
  EXPECT_EQ(asking.bypass(capitals + "\"the same eight 0\":0}"), "name_case");
  EXPECT_EQ(asking.bypass("{\"a\":" + std::string(4 << 20, '[')), "depth");
  const Asking responses = openai::asking(Route::kResponses);
  std::string escapes;
  for (int i = 0; i < 1 << 20; ++i) escapes += "\\n\\\"";
  EXPECT_EQ(responses.bypass("{\"input\":[{\"role\":\"" + escapes + "\"}]}"), "");
  std::string files;
  for (int i = 0; i < 1 << 18; ++i) files += "{\"role\":1,\"file_id\":null},";
  EXPECT_EQ(responses.bypass("{\"input\":[" + files + "{\"role\":1}]}"), "");
}

}  // namespace
}  // namespace reprise::openai
