// With --heartbeat silences inside event streams are filled, and nothing else is changed.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"
#include "fakes/gzip.h"

namespace reprise::e2e {
namespace {

using fakes::gzip;

constexpr std::string_view kPing = ": ping\n\n";
const Proxy::Args kOften{"--heartbeat", "20ms"};
const std::string kStream = chat_request({.stream = true});
const std::string kBody = chat_stream({"one", "two"});

std::string without_pings(std::string body) {
  for (size_t at = 0; (at = body.find(kPing)) != std::string::npos;) body.erase(at, kPing.size());
  return body;
}

// Sends the pieces of an answer, each once the one before was released.
class Halting {
 public:
  explicit Halting(std::vector<std::string> pieces) : pieces_(std::move(pieces)) {}
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      connection.read_request();
      connection.send(pieces_[0]);
      connection.wait(rest);
      connection.send(pieces_[1]);
      connection.wait_closed();
    };
  }
  Latch rest;

 private:
  std::vector<std::string> pieces_;
};

// So many comments have come to another stream meanwhile.
void let_time_pass(const Proxy::Args& options) {
  Halting other({stream_head() + chunk(chat_event("x")), std::string(kLastChunk)});
  ScriptedUpstream upstream(other.script());
  Proxy proxy(upstream, options);
  RawClient client = proxy.connect();
  client.send(kStream);
  client.read_head();
  client.read_until(std::string(kPing) + std::string(kPing) + std::string(kPing));
  other.rest.release();
}

TEST(Heartbeat, FillsASilenceBetweenTwoEventsForLeaderAndJoiner) {
  Halting answer({stream_head() + chunk(chat_event("one")),
                  chunk(kBody.substr(chat_event("one").size())) + std::string(kLastChunk)});
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream, kOften);
  RawClient leader = proxy.connect();
  leader.send(kStream);
  leader.read_head();
  RawClient joiner = proxy.connect();
  joiner.send(kStream);
  EXPECT_EQ(joiner.read_head().fields.get("X-Cache"), "COALESCED");
  for (RawClient* client : {&leader, &joiner}) {
    client->read_until(chat_event("one") + std::string(kPing) + std::string(kPing));
  }
  answer.rest.release();
  for (RawClient* client : {&leader, &joiner}) {
    const Response response = client->read_rest();
    EXPECT_EQ(without_pings(response.body), kBody);
    EXPECT_TRUE(response.whole);
  }
  // What is recorded is what upstream sent.
  EXPECT_EQ(proxy.ask(kStream).body, kBody);
}

TEST(Heartbeat, ComesBeforeTheFirstEventToo) {
  Halting answer({stream_head(), chunk(kBody) + std::string(kLastChunk)});
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream, kOften);
  RawClient client = proxy.connect();
  client.send(kStream);
  client.read_head();
  client.read_until(std::string(kPing));
  answer.rest.release();
  EXPECT_EQ(without_pings(client.read_rest().body), kBody);
}

// Streams into which nothing may be put, wherever they halt.
class NoHeartbeat : public testing::TestWithParam<std::vector<std::string>> {};

TEST_P(NoHeartbeat, NothingIsPutIn) {
  Halting answer(GetParam());
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream, kOften);
  RawClient client = proxy.connect();
  client.send(kStream);
  client.read_head();
  let_time_pass(kOften);
  answer.rest.release();
  const Response response = client.read_rest();
  EXPECT_TRUE(response.whole);
  EXPECT_FALSE(contains(response.body, "ping"));
}

std::vector<std::string> halved(const std::string& body, size_t at) {
  return {stream_head() + chunk(body.substr(0, at)),
          chunk(body.substr(at)) + std::string(kLastChunk)};
}

std::vector<std::string> with_length(const std::string& body) {
  return {"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + chat_event("one"),
          body.substr(chat_event("one").size())};
}

std::vector<std::string> coded() {
  const std::string body = gzip(kBody);
  return {stream_head("Content-Encoding: gzip\r\n") + chunk(body.substr(0, 20)),
          chunk(body.substr(20)) + std::string(kLastChunk)};
}

INSTANTIATE_TEST_SUITE_P(Streams, NoHeartbeat,
                         testing::Values(halved(kBody, 10),  // inside a line
                                         halved(kBody, chat_event("one").size() -
                                                           1),  // before a blank line
                                         halved("id: 1\n" + kBody, chat_event("one").size() + 6),
                                         with_length(kBody), coded()));

TEST(Heartbeat, OtherAnswersAreLeftAlone) {
  const std::string body = chat_answer("x");
  Halting answer(
      {"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
       "Transfer-Encoding: chunked\r\n\r\n" +
           chunk(body.substr(0, 5)),
       chunk(body.substr(5)) + std::string(kLastChunk)});
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream, kOften);
  RawClient client = proxy.connect();
  client.send(chat_request());
  client.read_head();
  let_time_pass(kOften);
  answer.rest.release();
  EXPECT_EQ(client.read_rest().body, body);
}

}  // namespace
}  // namespace reprise::e2e
