// An entry from Memcached answers whatever one from memory answers: other forms, codings, sizes.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/fleet.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

constexpr size_t kMiB = 1024 * 1024;

using fakes::gzip;

TEST(MemcachedForms, AMissForWantOfAFormRecordsAnewForAll) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    const bool usage = contains(request.body, "include_usage");
    return stream_response(chat_event("x") + chat_finish() + (usage ? chat_usage() : "") +
                           std::string(kDoneEvent));
  }));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  const Ask with_usage{.stream = true, .members = R"(,"stream_options":{"include_usage":true})"};
  const std::string key = fleet.record(first, chat_request({.stream = true})).get("X-Reprise-Key");
  const std::string old = fleet.server().get(entry_name(key)).value_or("");
  expect_cache(second.ask(chat_request(with_usage)), "MISS");
  eventually("the new recording replaces the old one",
             [&] { return fleet.server().get(entry_name(key)).value_or(old) != old; });
  const Response hit = fleet.add().ask(chat_request(with_usage));
  expect_hit(hit, "memcached");
  EXPECT_TRUE(contains(hit.body, "total_tokens"));
}

TEST(MemcachedForms, ACodedAnswerIsGivenCodedAndPlain) {
  const std::string text = chat_answer("text that is coded, coded, coded, coded");
  const std::string coded = gzip(text);
  ScriptedUpstream upstream(always(json_response(coded, "Content-Encoding: gzip\r\n")));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add({"--memory", "0"});
  fleet.record(first, chat_request({.headers = "Accept-Encoding: gzip\r\n"}));
  const Response same = second.ask(chat_request({.headers = "Accept-Encoding: gzip\r\n"}));
  expect_hit(same, "memcached");
  EXPECT_EQ(same.get("Content-Encoding"), "gzip");
  EXPECT_EQ(same.body, coded);
  const Response decoded = second.ask(chat_request());
  expect_hit(decoded, "memcached");
  EXPECT_FALSE(decoded.has("Content-Encoding"));
  EXPECT_EQ(decoded.body, text);
}

TEST(MemcachedForms, KeepsTheHeadersOfTheAnswer) {
  ScriptedUpstream upstream(always(json_response(
      chat_answer("x"), "openai-version: 2020-10-01\r\nSet-Cookie: a=b\r\nOpenAI-Model: m\r\n")));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  fleet.record(first, chat_request());
  const Response hit = second.ask(chat_request());
  expect_hit(hit, "memcached");
  EXPECT_TRUE(contains(hit.raw_head, "\r\nopenai-version: 2020-10-01\r\n")) << hit.raw_head;
  EXPECT_TRUE(contains(hit.raw_head, "\r\nOpenAI-Model: m\r\n")) << hit.raw_head;
  EXPECT_FALSE(hit.has("Set-Cookie"));
}

struct Limit {
  std::vector<std::string> server_args;
  size_t answer_bytes;
  size_t parts_min;
};

void PrintTo(const Limit& limit, std::ostream* out) { *out << limit.answer_bytes; }

// Answers beyond what one item of the server may hold.
class LargeAnswer : public testing::TestWithParam<Limit> {};

TEST_P(LargeAnswer, ComesBackWhole) {
  const std::string answer = chat_answer(noise(GetParam().answer_bytes));
  ScriptedUpstream upstream(always(json_response(answer)));
  Fleet fleet(upstream, 1, GetParam().server_args);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add({"--memory", "0"});
  EXPECT_TRUE(first.ask(chat_request()).body == answer);
  eventually("it is shared", [&] { return is_cached(second); });
  eventually("its parts are listed", [&] { return fleet.names().size() >= GetParam().parts_min; });
  const Response hit = second.ask(chat_request());
  expect_hit(hit, "memcached");
  EXPECT_TRUE(hit.body == answer);
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST_P(LargeAnswer, WithoutOneOfItsPartsIsAMiss) {
  const std::string answer = chat_answer(noise(GetParam().answer_bytes));
  ScriptedUpstream upstream(always(json_response(answer)));
  Fleet fleet(upstream, 1, GetParam().server_args);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add({"--memory", "0"});
  const Response recorded = first.ask(chat_request());
  eventually("it is shared", [&] { return is_cached(second); });
  const std::string head = entry_name(recorded.get("X-Reprise-Key"));
  const std::string biggest = fleet.biggest();
  for (const std::string& lost : {biggest, head}) {
    const std::string value = fleet.server().get(lost).value_or("");
    fleet.server().remove(lost);
    EXPECT_FALSE(is_cached(second)) << lost;
    fleet.server().set(lost, value);
    EXPECT_TRUE(is_cached(second)) << lost;
    fleet.server().set(lost, value.substr(0, value.size() / 2));
    EXPECT_FALSE(is_cached(second)) << lost;
    fleet.server().set(lost, value);
  }
  fleet.server().remove(biggest);
  const Response anew = second.ask(chat_request());
  expect_cache(anew, "MISS");
  EXPECT_TRUE(anew.body == answer);
  eventually("it is shared again", [&] { return is_cached(second); });
}

INSTANTIATE_TEST_SUITE_P(
    Memcached, LargeAnswer,
    testing::Values(Limit{{}, 5 * kMiB, 4}, Limit{{}, kMiB + kMiB / 2, 2},
                    Limit{{"-I", "16k", "-o", "slab_chunk_max=8192"}, 100 * 1024, 5}));

TEST(MemcachedForms, AnswersAroundTheItemLimitComeBackWhole) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    const size_t at = request.body.find("size ");
    return json_response(chat_answer(noise(std::stoul(request.body.substr(at + 5)))));
  }));
  Fleet fleet(upstream);
  Proxy& first = fleet.add();
  Proxy& second = fleet.add();
  // Six bits of each letter are news.
  constexpr size_t kFull = kMiB / 6 * 8;
  for (size_t size = kFull - 8000; size <= kFull + 8000; size += 1000) {
    const Ask ask{.prompt = "size " + std::to_string(size)};
    const Response recorded = first.ask(chat_request(ask));
    expect_cache(recorded, "MISS");
    eventually("it is shared: " + ask.prompt, [&] { return is_cached(second, ask); });
    EXPECT_TRUE(second.ask(chat_request(ask)).body == recorded.body) << size;
  }
}

}  // namespace
}  // namespace reprise::e2e
