// A client that does not read costs a bounded window, however long the answer is.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

constexpr uint64_t kGiB = uint64_t{1} << 30;
constexpr size_t kWindowMax = 48 << 20;

// Announces a GiB, sends it for as long as anybody takes it, then waits for the end.
class EndlessAnswer {
 public:
  ScriptedUpstream::Script script() {
    return [this](UpstreamConnection& connection) {
      connection.read_request();
      connection.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                      std::to_string(kGiB) + "\r\n\r\n");
      was_blocked = connection.send_until_blocked(kGiB);
      blocked.release();
      connection.wait_closed();
      closed.release();
    };
  }

  bool was_blocked = false;
  Latch blocked;
  Latch closed;
};

class StalledReader : public testing::TestWithParam<std::string> {};

TEST_P(StalledReader, CostsABoundedWindow) {
  EndlessAnswer answer;
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream);
  proxy.ask_admin(get("/healthz"), "GET");
  const size_t before = proxy.process().resident_bytes();
  RawClient client = proxy.connect();
  client.connection().shrink_receive_buffer(4096);
  client.send(GetParam());
  client.read_head();
  answer.blocked.wait();
  EXPECT_TRUE(answer.was_blocked);
  if (kMemoryTells) {
    EXPECT_LT(proxy.process().resident_bytes(), before + kWindowMax);
  }
  client.connection().reset();
  answer.closed.wait();
}

INSTANTIATE_TEST_SUITE_P(Gigabyte, StalledReader,
                         testing::Values(get("/v1/files/f/content"), chat_request(),
                                         chat_request({.members = R"(,"store":true)"})));

TEST(SlowClient, StalledReadersDoNotSlowOthersDown) {
  EndlessAnswer answer;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    if (connection.number() == 0) {
      answer.script()(connection);
    } else {
      always(json_response("{}"))(connection);
    }
  });
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.connection().shrink_receive_buffer(4096);
  client.send(get("/v1/files/f/content"));
  client.read_head("GET");
  answer.blocked.wait();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "{}");
}

TEST(SlowClient, ResumesWhereItStopped) {
  constexpr size_t kSize = 24 << 20;
  std::string body(kSize, '\0');
  for (size_t i = 0; i < kSize; ++i) body[i] = static_cast<char>(i * 31 + i / 65536);
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kSize) + "\r\n\r\n");
    connection.send(body);
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/files/f/content"));
  client.read_head("GET");
  // The proxy works on this while the first client does not read.
  RawClient other = proxy.connect();
  other.send(get("/v1/files/f/content"));
  EXPECT_TRUE(other.read_response("GET").body == body);
  EXPECT_TRUE(client.read_rest().body == body);
}

TEST(SlowClient, OneThatReadsNothingAtAllIsCut) {
  EndlessAnswer answer;
  ScriptedUpstream upstream(answer.script());
  Proxy proxy(upstream, {"--send-timeout", "300ms"});
  RawClient client = proxy.connect();
  client.send(get("/v1/files/f/content"));
  client.read_head("GET");
  answer.blocked.wait();
  answer.closed.wait();
  EXPECT_FALSE(client.read_rest().whole);
}

TEST(SlowClient, OneThatDoesNotReadItsHitsCostsABoundedWindow) {
  const std::string body = chat_answer(std::string(4 << 20, 'h'));
  ScriptedUpstream upstream(always(json_response(body)));
  Proxy proxy(upstream);
  proxy.ask(chat_request());
  const size_t before = proxy.process().resident_bytes();
  RawClient client = proxy.connect();
  client.connection().shrink_receive_buffer(4096);
  // Pipelined: what would be 400 MiB of answers.
  for (int i = 0; i < 100; ++i) {
    if (!client.connection().send(chat_request(), std::chrono::milliseconds(300))) break;
  }
  expect_cache(proxy.ask(chat_request()), "HIT");
  if (kMemoryTells) {
    EXPECT_LT(proxy.process().resident_bytes(), before + kWindowMax);
  }
}

}  // namespace
}  // namespace reprise::e2e
