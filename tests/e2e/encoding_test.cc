// Content codings: the asker gets the endpoint's bytes, later askers what they can read.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "fakes/codings.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

using fakes::gzip;

std::string asking(const std::string& accept_encoding) {
  return chat_request({.headers = "Accept-Encoding: " + accept_encoding + "\r\n"});
}

const std::string kPlain = chat_answer("text that is coded, coded, coded, coded, coded");

TEST(Coding, TheAskerGetsTheEndpointsBytes) {
  const std::string coded = gzip(kPlain);
  ScriptedUpstream upstream(always(json_response(coded, "Content-Encoding: gzip\r\n")));
  Proxy proxy(upstream);
  const Response miss = proxy.ask(asking("gzip"));
  expect_cache(miss, "MISS");
  EXPECT_EQ(miss.get("Content-Encoding"), "gzip");
  EXPECT_EQ(miss.body, coded);
}

TEST(Coding, AHitIsCodedForThoseWhoAcceptItAndPlainForOthers) {
  const std::string coded = gzip(kPlain);
  ScriptedUpstream upstream(always(json_response(coded, "Content-Encoding: gzip\r\n")));
  Proxy proxy(upstream);
  proxy.ask(asking("gzip"));
  const Response same = proxy.ask(asking("br, gzip"));
  expect_cache(same, "HIT");
  EXPECT_EQ(same.get("Content-Encoding"), "gzip");
  EXPECT_EQ(same.body, coded);
  for (const std::string& request :
       {asking("identity"), asking("gzip;q=0"), asking("br"), chat_request()}) {
    const Response plain = proxy.ask(request);
    expect_cache(plain, "HIT");
    EXPECT_FALSE(plain.has("Content-Encoding"));
    EXPECT_EQ(plain.body, kPlain);
    EXPECT_TRUE(plain.whole);
  }
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Coding, NothingIsCodedThatWasNot) {
  ScriptedUpstream upstream(always(json_response(kPlain)));
  Proxy proxy(upstream);
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(asking("gzip, br, zstd"));
    EXPECT_FALSE(response.has("Content-Encoding"));
    EXPECT_EQ(response.body, kPlain);
  }
}

TEST(Coding, JoinersGetWhatTheyCanRead) {
  const std::string coded = gzip(kPlain);
  const std::string answer = json_response(coded, "Content-Encoding: gzip\r\n");
  const size_t cut = answer.size() - coded.size() / 2;
  Latch joined;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(answer.substr(0, cut));
    connection.wait(joined);
    connection.send(answer.substr(cut));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  RawClient leader = proxy.connect();
  leader.send(asking("gzip"));
  leader.read_head();
  RawClient plain = proxy.connect();
  plain.send(chat_request());
  RawClient same = proxy.connect();
  same.send(asking("gzip"));
  same.read_head();
  joined.release();
  EXPECT_EQ(leader.read_rest().body, coded);
  EXPECT_EQ(same.read_rest().body, coded);
  const Response decoded = plain.read_response();
  EXPECT_FALSE(decoded.has("Content-Encoding"));
  EXPECT_EQ(decoded.body, kPlain);
  EXPECT_TRUE(decoded.whole);
}

TEST(Coding, ABombIsNotStored) {
  const std::string bomb = gzip(chat_answer(std::string(4 << 20, 'b')));
  ScriptedUpstream upstream(always(json_response(bomb, "Content-Encoding: gzip\r\n")));
  Proxy proxy(upstream, {"--max-object", "1MiB"});
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(asking("gzip"));
    expect_cache(response, "MISS");
    EXPECT_EQ(response.body, bomb);
  }
}

TEST(Coding, ABrokenOneIsPassedOnAndNotStored) {
  std::string broken = gzip(kPlain);
  broken[broken.size() / 2] ^= 0x55;
  broken[broken.size() - 1] ^= 0x55;
  ScriptedUpstream upstream(always(json_response(broken, "Content-Encoding: gzip\r\n")));
  Proxy proxy(upstream);
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(asking("gzip"));
    expect_cache(response, "MISS");
    EXPECT_EQ(response.body, broken);
    EXPECT_TRUE(response.whole);
  }
}

TEST(Coding, AnUnknownOneIsPassedOnAndNotStored) {
  ScriptedUpstream upstream(always(json_response("?!", "Content-Encoding: x-own\r\n")));
  Proxy proxy(upstream);
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(asking("x-own"));
    expect_cache(response, "MISS");
    EXPECT_EQ(response.get("Content-Encoding"), "x-own");
    EXPECT_EQ(response.body, "?!");
  }
}

TEST(Coding, AStreamsPiecesArriveAtOnce) {
  const std::string coded = gzip(chat_stream({"one", "two"}));
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head("Content-Encoding: gzip\r\n") + chunk(coded.substr(0, 10)));
    connection.wait(seen);
    connection.send(chunk(coded.substr(10)) + std::string(kLastChunk));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true, .headers = "Accept-Encoding: gzip\r\n"}));
  client.read_head();
  EXPECT_EQ(client.read_until(coded.substr(0, 10)), coded.substr(0, 10));
  seen.release();
  EXPECT_EQ(client.read_rest().body, coded);
  const Response hit = proxy.ask(chat_request({.stream = true}));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, chat_stream({"one", "two"}));
}

class EveryCoding : public testing::TestWithParam<fakes::Coded> {};

TEST_P(EveryCoding, OfAWholeAnswerPassesAndIsGivenCodedPlainAndInEveryForm) {
  const auto& [coding, bytes] = GetParam();
  ScriptedUpstream upstream(always(json_response(bytes, "Content-Encoding: " + coding + "\r\n")));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request()).body, bytes);
  const Response coded = proxy.ask(asking(coding));
  expect_cache(coded, "HIT");
  EXPECT_EQ(coded.get("Content-Encoding"), coding);
  EXPECT_EQ(coded.body, bytes);
  const Response plain = proxy.ask(chat_request());
  expect_cache(plain, "HIT");
  EXPECT_EQ(plain.body, kPlain);
  const Response stream =
      proxy.ask(chat_request({.stream = true, .headers = "Accept-Encoding: " + coding + "\r\n"}));
  expect_cache(stream, "HIT");
  EXPECT_FALSE(stream.has("Content-Encoding"));
  EXPECT_TRUE(stream.body.ends_with(kDoneEvent));
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Whole, EveryCoding, testing::ValuesIn(fakes::every_coding_of(kPlain)));

const std::string kEvents = chat_stream({"one", " two"});

class EveryCodingOfAStream : public testing::TestWithParam<fakes::Coded> {};

TEST_P(EveryCodingOfAStream, PassesAndIsGivenCodedPlainAndInEveryForm) {
  const auto& [coding, bytes] = GetParam();
  const std::string accepting = "Accept-Encoding: " + coding + "\r\n";
  ScriptedUpstream upstream(always(stream_response(bytes, "Content-Encoding: " + coding + "\r\n")));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request({.stream = true})).body, bytes);
  const Response coded = proxy.ask(chat_request({.stream = true, .headers = accepting}));
  expect_cache(coded, "HIT");
  EXPECT_EQ(coded.body, bytes);
  EXPECT_EQ(proxy.ask(chat_request({.stream = true})).body, kEvents);
  const Response whole = proxy.ask(chat_request({.headers = accepting}));
  expect_cache(whole, "HIT");
  EXPECT_EQ(json_at(whole.body, "/choices/0/message/content"), "one two");
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Streams, EveryCodingOfAStream,
                         testing::ValuesIn(fakes::every_coding_of(kEvents)));

}  // namespace
}  // namespace reprise::e2e
