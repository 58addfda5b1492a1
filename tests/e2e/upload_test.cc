// Bodies of uncached routes stream through, both ways at once, in bounded memory.
#include <gtest/gtest.h>

#include <array>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr size_t kMiB = 1024 * 1024;

TEST(Upload, EachPieceReachesTheEndpointAtOnce) {
  std::array<Latch, 2> first_seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    const Request head = connection.read_head();
    std::string body;
    while (body.size() < 5) body += connection.read_some();
    EXPECT_EQ(body, "first");
    first_seen[head.framing == Framing::kChunked].release();
    for (std::string more = connection.read_some(); !more.empty(); more = connection.read_some()) {
      body += more;
    }
    connection.send(json_response(body));
  });
  Proxy proxy(upstream);
  for (const bool chunked : {false, true}) {
    RawClient client = proxy.connect();
    client.send(std::string("POST /v1/files HTTP/1.1\r\nHost: x\r\n") +
                (chunked ? "Transfer-Encoding: chunked" : "Content-Length: 11") + "\r\n\r\n");
    client.send(chunked ? chunk("first") : "first");
    first_seen[chunked].wait();
    client.send(chunked ? chunk("second") + std::string(kLastChunk) : "second");
    EXPECT_EQ(client.read_response().body, "firstsecond") << chunked;
  }
}

TEST(Upload, TheHeadGoesOutBeforeTheBodyComes) {
  Latch head_seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_head();
    head_seen.release();
    while (!connection.read_some().empty()) {
    }
    connection.send(json_response("{}"));
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
  head_seen.wait();
  client.send("abc");
  EXPECT_EQ(client.read_response().status, 200);
}

TEST(Upload, AnAnswerMayComeBeforeTheBodyIsSent) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_head();
    connection.send(error_response(401, "Connection: close\r\n"));
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc");
  EXPECT_EQ(client.read_response().status, 401);
}

TEST(Upload, StreamsBothWaysAtOnce) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_head();
    connection.send(stream_head());
    for (std::string piece = connection.read_some(); !piece.empty();
         piece = connection.read_some()) {
      connection.send(chunk(piece));
    }
    connection.send(kLastChunk);
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.read_head();
  for (const char* word : {"one", "two", "three"}) {
    client.send(chunk(word));
    client.read_until(word);
  }
  client.send(kLastChunk);
  EXPECT_EQ(client.read_rest().body, "onetwothree");
}

TEST(Upload, AHundredMebibytesPassInBoundedMemory) {
  constexpr size_t kSize = 100 * kMiB;
  Latch stalled;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_head();
    connection.wait(stalled);
    size_t got = 0;
    for (std::string piece = connection.read_some(); !piece.empty();
         piece = connection.read_some()) {
      got += piece.size();
    }
    connection.send(json_response(std::to_string(got)));
  });
  Proxy proxy(upstream);
  const size_t before = proxy.process().resident_bytes();
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(kSize) +
              "\r\n\r\n");
  // While the endpoint does not read, a proxy in bounded memory stops reading as well.
  const std::string block(64 * 1024, 'u');
  size_t sent = 0;
  while (sent < kSize && client.connection().send(block, std::chrono::milliseconds(400))) {
    sent += block.size();
  }
  EXPECT_LT(sent, kSize);
  EXPECT_LT(proxy.process().resident_bytes(), before + 32 * kMiB);
  stalled.release();
  // The part of the last block that went before the send gave up is not known to `sent`.
  const size_t left =
      kSize - client.connection().bytes_sent() +
      std::string_view("POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n").size() +
      std::to_string(kSize).size();
  client.send(std::string(left, 'u'));
  EXPECT_EQ(client.read_response().body, std::to_string(kSize));
  EXPECT_LT(proxy.process().resident_bytes(), before + 32 * kMiB);
}

TEST(Upload, ALargeBodyOnACacheableRouteStreamsThroughUnkeyed) {
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_head();
    size_t got = connection.read_some().size();
    seen.release();
    for (std::string piece = connection.read_some(); !piece.empty();
         piece = connection.read_some()) {
      got += piece.size();
    }
    connection.send(json_response(std::to_string(got)));
  });
  Proxy proxy(upstream, {"--max-body", "1MiB"});
  const std::string request = chat_request({.prompt = std::string(2 * kMiB, 'p')});
  RawClient client = proxy.connect();
  client.send(request.substr(0, request.size() - 1));
  seen.wait();
  client.send(request.substr(request.size() - 1));
  const Response response = client.read_response();
  expect_cache(response, "BYPASS");
  EXPECT_EQ(response.body,
            std::to_string(chat_body({.prompt = std::string(2 * kMiB, 'p')}).size()));
}

TEST(Upload, ALargeChunkedBodyOnACacheableRouteStreamsThroughUnkeyed) {
  ScriptedUpstream upstream(each_request(
      [](const Request& request) { return json_response(std::to_string(request.body.size())); }));
  Proxy proxy(upstream, {"--max-body", "100KiB"});
  const std::string body = chat_body({.prompt = std::string(kMiB, 'p')});
  RawClient client = proxy.connect();
  client.send(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n");
  for (size_t at = 0; at < body.size(); at += 50000) client.send(chunk(body.substr(at, 50000)));
  client.send(kLastChunk);
  const Response response = client.read_response();
  expect_cache(response, "BYPASS");
  EXPECT_EQ(response.body, std::to_string(body.size()));
}

TEST(Upload, AChunkedQuestionIsTheSameQuestion) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request()).x_cache(), "MISS");
  const std::string body = chat_body({});
  const Response hit = proxy.ask(
      "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Authorization: Bearer sk-alice\r\nTransfer-Encoding: chunked\r\n\r\n" +
      chunk(body.substr(0, 7)) + chunk(body.substr(7)) + std::string(kLastChunk));
  EXPECT_EQ(hit.x_cache(), "HIT");
}

TEST(Upload, AHugeAnswerPassesWhole) {
  constexpr size_t kSize = 64 * kMiB;
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    std::string block(kMiB, '\0');
    for (size_t i = 0; i < kSize / kMiB; ++i) {
      std::fill(block.begin(), block.end(), static_cast<char>('A' + i));
      connection.send(block);
    }
  });
  Proxy proxy(upstream);
  const Response response = proxy.ask(get("/v1/files/x/content"), "GET");
  ASSERT_TRUE(response.whole);
  ASSERT_EQ(response.body.size(), kSize);
  for (size_t i = 0; i < kSize; i += kMiB / 2) {
    ASSERT_EQ(response.body[i], static_cast<char>('A' + i / kMiB));
  }
}

}  // namespace
}  // namespace reprise::e2e
