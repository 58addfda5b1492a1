// An asker sees each byte of an answer as soon as the endpoint has sent it, and exactly it.
#include <gtest/gtest.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

// Sends `head`, then each piece only when the one before was seen by the client.
class PieceByPiece {
 public:
  PieceByPiece(std::string head, std::vector<std::string> pieces)
      : head_(std::move(head)), pieces_(std::move(pieces)), seen_(pieces_.size() + 1) {}

  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      connection.read_request();
      connection.send(head_);
      connection.wait(seen_[0]);
      for (size_t i = 0; i < pieces_.size(); ++i) {
        connection.send(chunked_ ? chunk(pieces_[i]) : pieces_[i]);
        connection.wait(seen_[i + 1]);
      }
      if (chunked_) connection.send(kLastChunk);
      connection.wait_closed();
    };
  }

  // Reads each piece and releases the next.
  void follow(RawClient& client, std::string_view method = "POST") {
    client.read_head(method);
    seen_[0].release();
    std::string expected;
    for (size_t i = 0; i < pieces_.size(); ++i) {
      expected += pieces_[i];
      EXPECT_EQ(client.read_until(expected), expected);
      seen_[i + 1].release();
    }
  }

  void not_chunked() { chunked_ = false; }

 private:
  std::string head_;
  std::vector<std::string> pieces_;
  std::deque<Latch> seen_;
  bool chunked_ = true;
};

TEST(Streaming, HeadGoesOutBeforeTheFirstBodyByte) {
  Latch head_seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head());
    connection.wait(head_seen);
    connection.send(chunk(chat_stream({"hi"})) + std::string(kLastChunk));
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  EXPECT_EQ(client.read_head().second, "200");
  head_seen.release();
  EXPECT_EQ(client.read_rest().body, chat_stream({"hi"}));
}

TEST(Streaming, EachEventArrivesAtOnce) {
  PieceByPiece pieces(stream_head(),
                      {chat_event("one"), chat_event("two"), chat_finish(), "data: [DONE]\n\n"});
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  pieces.follow(client);
  EXPECT_TRUE(client.read_rest().whole);
}

TEST(Streaming, AFortyByteEventBeforeALongSilenceArrivesAtOnce) {
  const std::string event = "data: {\"choices\":[],\"pad\":\"0123456\"}\n\n";
  ASSERT_LE(event.size(), 40U);
  PieceByPiece pieces(stream_head(), {event});
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  pieces.follow(client);
}

TEST(Streaming, PiecesOfAnEventArriveAtOnce) {
  PieceByPiece pieces(stream_head(), {"d", "ata: {\"choices\":[{\"delta\":{\"content\":\"\xc3",
                                      "\xa9\"}}]}\r", "\n", "\r\n", ":", " comment\n\n"});
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  pieces.follow(client);
}

TEST(Streaming, PiecesOfAJsonAnswerArriveAtOnce) {
  const std::string answer = chat_answer("hello");
  PieceByPiece pieces("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                          std::to_string(answer.size()) + "\r\n\r\n",
                      {answer.substr(0, 1), answer.substr(1, 20), answer.substr(21)});
  pieces.not_chunked();
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request());
  pieces.follow(client);
  EXPECT_TRUE(client.read_rest().whole);
}

TEST(Streaming, PiecesOnUncachedRoutesArriveAtOnce) {
  PieceByPiece pieces(stream_head(), {"a", "bc", "def"});
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/models"));
  pieces.follow(client, "GET");
  EXPECT_TRUE(client.read_rest().whole);
}

TEST(Streaming, PiecesOfACloseDelimitedAnswerArriveAtOnce) {
  PieceByPiece pieces("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n",
                      {chat_event("one"), chat_event("two")});
  pieces.not_chunked();
  ScriptedUpstream upstream(pieces.script());
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.stream = true}));
  pieces.follow(client);
}

TEST(Streaming, AMebibyteTheLastChunkAndFinAtOnceArriveWhole) {
  const std::string text(1024 * 1024, 'm');
  const std::string body = chat_stream({text});
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_response(body));
  });
  Proxy proxy(upstream);
  for (int i = 0; i < 8; ++i) {
    const Response response = proxy.ask(chat_request({.prompt = unique_prompt(), .stream = true}));
    ASSERT_TRUE(response.whole);
    ASSERT_TRUE(response.body == body);
  }
}

// Line ends of every kind, text beyond ASCII, and comments.
std::string unusual_stream() {
  return ": hi\r\n\r\n" + chat_event("na\xc3\xafve \xf0\x9f\x90\x98 \xe2\x82\xac") + "\r\r" +
         chat_finish() + "data: [DONE]\r\n\r\n";
}

TEST(Streaming, EverySplitPointKeepsTheBody) {
  const std::string body = unusual_stream();
  const std::string answer = stream_head() + chunk(body.substr(0, 30)) +
                             chunk(body.substr(30, 45)) + chunk(body.substr(75)) +
                             std::string(kLastChunk);
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (size_t cut = 1;; ++cut) {
      connection.read_request();
      connection.send_pieces({answer.substr(0, cut), answer.substr(cut)});
    }
  });
  // One worker and no cache, so that one connection sees all the cuts.
  Proxy proxy(upstream, {"--workers", "1", "--mode", "off"});
  RawClient client = proxy.connect();
  for (size_t cut = 1; cut < answer.size(); ++cut) {
    client.send(chat_request({.stream = true}));
    const Response response = client.read_response();
    ASSERT_TRUE(response.whole) << cut;
    ASSERT_EQ(response.body, body) << cut;
  }
  EXPECT_EQ(upstream.connections(), 1U);
}

TEST(Streaming, EachByteInASendOfItsOwnKeepsTheBodyAndTheRecording) {
  const std::string body = unusual_stream();
  const std::string answer = stream_response(body);
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    for (const char byte : answer) connection.send(std::string_view(&byte, 1));
  });
  Proxy proxy(upstream);
  const Response recorded = proxy.ask(chat_request({.stream = true}));
  EXPECT_EQ(recorded.body, body);
  const Response replayed = proxy.ask(chat_request({.stream = true}));
  EXPECT_EQ(replayed.x_cache(), "HIT");
  EXPECT_EQ(replayed.body, body);
}

TEST(Streaming, EachByteOfTheRequestInASendOfItsOwnIsTheSameRequest) {
  ScriptedUpstream upstream(always(json_response(chat_answer("yes"))));
  Proxy proxy(upstream);
  const std::string request = chat_request();
  RawClient client = proxy.connect();
  for (const char byte : request) client.send(std::string_view(&byte, 1));
  EXPECT_EQ(client.read_response().x_cache(), "MISS");
  EXPECT_EQ(upstream.request(0).body, chat_body({}));
  EXPECT_EQ(proxy.ask(request).x_cache(), "HIT");
}

TEST(Streaming, AnAnswerMayOutliveEveryTimeout) {
  // Events come well within the idle timeout, and the whole lasts longer than it.
  constexpr std::chrono::milliseconds kPause{400};
  Latch never;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head());
    for (int i = 0; i < 8; ++i) {
      connection.connection().wait_readable(never.fd(), kPause);
      connection.send(chunk(chat_event("tick")));
    }
    connection.send(chunk(chat_finish() + std::string(kDoneEvent)) + std::string(kLastChunk));
  });
  Proxy proxy(upstream,
              {"--idle-timeout", "2s", "--first-byte-timeout", "2s", "--send-timeout", "2s",
               "--body-timeout", "2s", "--keepalive-timeout", "2s", "--header-timeout", "2s"});
  const Response response = proxy.ask(chat_request({.stream = true}));
  EXPECT_TRUE(response.whole);
  EXPECT_TRUE(contains(response.body, "[DONE]"));
}

TEST(Streaming, ALastEventWithoutItsBlankLineIsPassedOnByteForByte) {
  const std::string body = chat_event("hi") + chat_finish() + "data: [DONE]";
  ScriptedUpstream upstream(always(stream_response(body)));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(chat_request({.stream = true})).body, body);
  const Response replayed = proxy.ask(chat_request({.stream = true}));
  EXPECT_EQ(replayed.x_cache(), "HIT");
  EXPECT_EQ(replayed.body, body);
  EXPECT_TRUE(replayed.whole);
}

}  // namespace
}  // namespace reprise::e2e
