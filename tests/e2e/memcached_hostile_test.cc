// Whatever stands in Memcached, nobody is given anything but the right answer.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"

namespace reprise::e2e {
namespace {

// With a secret, or without.
class HostileValue : public testing::TestWithParam<bool> {
 protected:
  Proxy::Args options(Proxy::Args more = {}) const {
    if (GetParam()) more.insert(more.end(), {"--memcached-secret", secret_});
    return more;
  }

  // Records an answer; returns the name under which its entry stands. Of all values it is the
  // largest.
  std::string record(const std::string& prompt, const std::string& text) {
    fleet_.server().flush();
    text_ = text;
    const Ask ask{.prompt = prompt};
    EXPECT_EQ(first_.ask(chat_request(ask)).x_cache(), "MISS");
    eventually("it is shared", [&] { return is_cached(reader_, ask); });
    return fleet_.biggest();
  }

  // That the reader answers with what the endpoint says now, and remembers nothing of it.
  void expect_miss(const Ask& question) {
    Ask ask = question;
    ask.headers = "X-Reprise-TTL: 0s\r\n";
    text_ = "right";
    const Response response = reader_.ask(chat_request(ask));
    EXPECT_EQ(response.status, 200);
    expect_cache(response, "MISS");
    EXPECT_EQ(content_of(response), "right");
  }

  double refused() const { return reader_.metric("reprise_memcached_refused_values_total"); }

  const std::string secret_ = file_with("a secret that is at least thirty-two letters long");
  std::string text_;
  ScriptedUpstream upstream_{
      each_request([this](const Request&) { return json_response(chat_answer(text_)); })};
  Fleet fleet_{upstream_};
  Proxy& first_ = fleet_.add(options());
  Proxy& reader_ = fleet_.add(options({"--memory", "0"}));
};

TEST_P(HostileValue, WithOneByteChangedIsAMiss) {
  const std::string name = record("p", "once");
  const std::string value = fleet_.server().get(name).value();
  const double before = refused();
  for (const char flip : {'\x01', '\x80', '\xff'}) {
    for (size_t i = 0; i < value.size(); ++i) {
      std::string changed = value;
      changed[i] = static_cast<char>(changed[i] ^ flip);
      fleet_.server().set(name, changed);
      ASSERT_FALSE(is_cached(reader_, {.prompt = "p"})) << "byte " << i << " of " << value.size();
      if (i % 32 == 0) expect_miss({.prompt = "p"});
    }
  }
  EXPECT_GE(refused() - before, 3 * static_cast<double>(value.size()));
  fleet_.server().set(name, value);
  EXPECT_TRUE(is_cached(reader_, {.prompt = "p"}));
  EXPECT_EQ(reader_.ask_admin(get("/readyz"), "GET").status, 200);
}

TEST_P(HostileValue, CutAnywhereIsAMiss) {
  const std::string name = record("p", "once");
  const std::string value = fleet_.server().get(name).value();
  for (size_t size = 0; size < value.size(); ++size) {
    fleet_.server().set(name, value.substr(0, size));
    ASSERT_FALSE(is_cached(reader_, {.prompt = "p"})) << "of " << value.size() << ": " << size;
    if (size % 32 == 0) expect_miss({.prompt = "p"});
  }
  for (const std::string& more : {std::string(1, '\0'), value, std::string(200'000, 'x')}) {
    fleet_.server().set(name, value + more);
    EXPECT_FALSE(is_cached(reader_, {.prompt = "p"}));
  }
}

TEST_P(HostileValue, OfSomebodyElseIsAMiss) {
  const std::string name = record("p", "once");
  const double before = refused();
  const std::vector<std::string> strange = {"hello",
                                            "",
                                            std::string(1, '\0'),
                                            std::string(1'000'000, '\xff'),
                                            chat_answer("wrong"),
                                            R"({"version":1,"body":"wrong"})",
                                            "HTTP/1.1 200 OK\r\n\r\nwrong",
                                            "END\r\n"};
  for (const std::string& value : strange) {
    fleet_.server().set(name, value);
    EXPECT_FALSE(is_cached(reader_, {.prompt = "p"})) << value.substr(0, 40);
    expect_miss({.prompt = "p"});
  }
  EXPECT_GE(refused() - before, static_cast<double>(strange.size()));
}

TEST_P(HostileValue, OfAnotherQuestionIsAMiss) {
  const std::string one = record("one", "first answer");
  const std::string of_one = fleet_.server().get(one).value();
  const std::string other = record("other", "second answer");
  const std::string of_other = fleet_.server().get(other).value();
  ASSERT_NE(one, other);
  fleet_.server().set(one, of_other);
  fleet_.server().set(other, of_one);
  for (const char* prompt : {"one", "other"}) {
    EXPECT_FALSE(is_cached(reader_, {.prompt = prompt}));
    expect_miss({.prompt = prompt});
  }
  fleet_.server().set(one, of_one);
  fleet_.server().set(other, of_other);
  EXPECT_EQ(content_of(reader_.ask(chat_request({.prompt = "one"}))), "first answer");
  EXPECT_EQ(content_of(reader_.ask(chat_request({.prompt = "other"}))), "second answer");
}

TEST_P(HostileValue, IsMendedByTheNextRecording) {
  const std::string name = record("p", "once");
  fleet_.server().set(name, "hello");
  text_ = "again";
  expect_cache(reader_.ask(chat_request({.prompt = "p"})), "MISS");
  eventually("it is mended", [&] { return is_cached(reader_, {.prompt = "p"}); });
  EXPECT_EQ(content_of(reader_.ask(chat_request({.prompt = "p"}))), "again");
}

TEST_P(HostileValue, InEveryPlaceHarmsNobody) {
  const std::string entry = record("p", "once");
  std::set<std::string> names = fleet_.names();
  names.insert(entry);
  for (const std::string& name : names) fleet_.server().set(name, "hello");
  expect_miss({.prompt = "p"});
  text_ = "another";
  EXPECT_EQ(content_of(first_.ask(chat_request({.prompt = "q"}))), "another");
  EXPECT_EQ(reader_.ask_admin(post("/purge", R"({"all":true})")).status, 200);
  expect_miss({.prompt = "p"});
}

INSTANTIATE_TEST_SUITE_P(Memcached, HostileValue, testing::Bool());

TEST(HostileParts, ChangedOrExchangedAreAMiss) {
  const std::string answer = chat_answer(noise(60'000));
  ScriptedUpstream upstream(always(json_response(answer)));
  Fleet fleet(upstream, 1, {"-I", "16k", "-o", "slab_chunk_max=8192"});
  Proxy& first = fleet.add();
  Proxy& reader = fleet.add({"--memory", "0"});
  const std::string key = first.ask(chat_request()).get("X-Reprise-Key");
  eventually("it is shared, and listed",
             [&] { return is_cached(reader) && fleet.names().size() > 3; });
  std::vector<std::string> parts;
  std::vector<std::string> values;
  for (const std::string& name : fleet.names()) {
    const std::string value = fleet.server().get(name).value_or("");
    if (name == entry_name(key) || value.size() < 1000) continue;
    parts.push_back(name);
    values.push_back(value);
  }
  ASSERT_GE(parts.size(), 2U);
  for (size_t i = 0; i < parts.size(); ++i) {
    for (size_t at = 0; at < values[i].size(); at += 501) {
      std::string changed = values[i];
      changed[at] = static_cast<char>(changed[at] ^ 0x20);
      fleet.server().set(parts[i], changed);
      ASSERT_FALSE(is_cached(reader)) << parts[i] << " at " << at;
    }
    fleet.server().set(parts[i], values[(i + 1) % parts.size()]);
    EXPECT_FALSE(is_cached(reader)) << parts[i];
    fleet.server().set(parts[i], values[i]);
    EXPECT_TRUE(is_cached(reader)) << parts[i];
  }
  EXPECT_TRUE(reader.ask(chat_request()).body == answer);
  EXPECT_EQ(upstream.requests(), 1U);
}

}  // namespace
}  // namespace reprise::e2e
