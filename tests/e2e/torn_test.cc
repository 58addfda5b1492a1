// An answer that breaks off is seen to break off, and is never stored.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

enum class Break { kClose, kReset };

struct Case {
  std::string name;
  std::string answer;
  Break by = Break::kClose;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class TornAnswer : public testing::TestWithParam<Case> {};

// Sends the answer to the first request and breaks; later ones get a good answer.
TEST_P(TornAnswer, EndsUncleanAndIsNotStored) {
  const std::string body = chat_stream({"good"});
  Latch client_has_all;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    if (connection.number() > 0) {
      connection.send(stream_response(body));
      return;
    }
    connection.send(GetParam().answer);
    connection.wait(client_has_all);
    if (GetParam().by == Break::kReset) connection.connection().reset();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  client.read_until("alpha");
  client_has_all.release();
  const Response torn = client.read_rest();
  EXPECT_FALSE(torn.whole);
  EXPECT_NE(torn.end, Arrival::kBytes);
  const Response second = proxy.ask(chat_request({.stream = true}));
  expect_cache(second, "MISS");
  EXPECT_EQ(second.body, body);
  EXPECT_EQ(proxy.ask(chat_request({.stream = true})).x_cache(), "HIT");
}

std::string sized(const std::string& body, size_t missing) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
         std::to_string(body.size() + missing) + "\r\n\r\n" + body;
}

std::string unended(const std::string& body) { return stream_head() + chunk(body); }

std::string inside_chunk() {
  const std::string whole = chunk(chat_event("alpha") + chat_event("beta"));
  return stream_head() + whole.substr(0, whole.size() - 20);
}

const std::string kNoDone = chat_event("alpha") + chat_finish();

INSTANTIATE_TEST_SUITE_P(
    Torn, TornAnswer,
    testing::Values(Case{"ShortOfContentLength", sized(chat_event("alpha"), 100)},
                    Case{"ShortOfContentLengthByOne", sized(kNoDone, 1)},
                    Case{"ShortOfContentLengthByReset", sized(kNoDone, 5), Break::kReset},
                    Case{"InsideAChunk", inside_chunk()},
                    Case{"InsideAChunkByReset", inside_chunk(), Break::kReset},
                    Case{"BetweenChunks", unended(chat_event("alpha"))},
                    Case{"BetweenChunksByReset", unended(chat_event("alpha")), Break::kReset},
                    Case{"BehindTheFinish", unended(kNoDone)},
                    Case{"BeforeTheLastChunksEnd", unended(kNoDone) + "0\r\n"},
                    Case{"WithABadChunkSize", unended(kNoDone) + "zz\r\n"},
                    Case{"WithABadLastChunk", unended(kNoDone) + "0\r\nX"}),
    name_of);

TEST(Torn, AJsonAnswerIsNotStoredEither) {
  const std::string body = chat_answer("hello");
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    std::string answer = json_response(body);
    if (connection.number() == 0) answer.pop_back();
    connection.send(answer);
  });
  Proxy proxy(upstream);
  EXPECT_FALSE(proxy.ask(chat_request()).whole);
  expect_cache(proxy.ask(chat_request()), "MISS");
  expect_cache(proxy.ask(chat_request()), "HIT");
}

TEST(Torn, ACloseDelimitedAnswerIsPassedOnAndNeverStored) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" +
                    chat_stream({"alpha"}));
  });
  Proxy proxy(upstream);
  for (int i = 0; i < 2; ++i) {
    const Response response = proxy.ask(chat_request({.stream = true}));
    EXPECT_EQ(response.status, 200);
    expect_cache(response, "MISS");
    EXPECT_EQ(response.body, chat_stream({"alpha"}));
    EXPECT_TRUE(response.whole);
  }
  EXPECT_EQ(upstream.requests(), 2U);
}

TEST(Torn, AResetIsNoEndOfACloseDelimitedAnswer) {
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" +
                    chat_event("alpha"));
    connection.wait(seen);
    connection.connection().reset();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  client.read_until("alpha");
  seen.release();
  EXPECT_FALSE(client.read_rest().whole);
}

TEST(Torn, OneThatIsCutBehindDoneIsStored) {
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_stream({"alpha"})));
    connection.wait(seen);
    connection.connection().reset();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  client.read_head();
  EXPECT_EQ(client.read_until("[DONE]\n\n"), chat_stream({"alpha"}));
  seen.release();
  client.read_rest();
  const Response hit = proxy.ask(chat_request({.stream = true}));
  expect_cache(hit, "HIT");
  EXPECT_EQ(hit.body, chat_stream({"alpha"}));
  EXPECT_TRUE(hit.whole);
}

TEST(Torn, OnUncachedRoutesToo) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  });
  Proxy proxy(upstream);
  const Response torn = proxy.ask(get("/v1/models"), "GET");
  EXPECT_EQ(torn.body, "half");
  EXPECT_FALSE(torn.whole);
}

TEST(Torn, BeforeTheHeadIsWholeItIsA502) {
  for (const char* head : {"", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    ScriptedUpstream upstream([&](UpstreamConnection& connection) {
      connection.read_request();
      connection.send(head);
    });
    Proxy proxy(upstream);
    expect_error(proxy.ask(chat_request()), 502, "upstream_protocol");
    expect_error(proxy.ask(get("/v1/models"), "GET"), 502, "upstream_protocol");
  }
}

}  // namespace
}  // namespace reprise::e2e
