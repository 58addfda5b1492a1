// Every wait ends, every size has a bound, and the error says which it was.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <deque>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

// A port of loopback. With `backlog` it listens, but nobody ever accepts.
class BoundPort {
 public:
  explicit BoundPort(bool listens) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(fd_, name, size), 0);
    EXPECT_EQ(getsockname(fd_, name, &size), 0);
    if (listens) {
      EXPECT_EQ(listen(fd_, 0), 0);
    }
    port_ = ntohs(address.sin_port);
  }
  ~BoundPort() { close(fd_); }
  BoundPort(const BoundPort&) = delete;
  BoundPort& operator=(const BoundPort&) = delete;

  uint16_t port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  uint16_t port_ = 0;
};

TEST(Limits, ATooLongTargetIsA414) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--max-uri", "1KiB"});
  EXPECT_EQ(proxy.ask(get("/v1/models?" + std::string(900, 'x')), "GET").status, 200);
  RawClient client = proxy.connect();
  client.send(get("/v1/models?" + std::string(1100, 'x')));
  expect_error(client.read_response("GET"), 414, "uri_too_long");
  client.read_to_end();
  EXPECT_EQ(upstream.requests(), 1U);
}

TEST(Limits, ATooLargeHeadIsA431) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--max-head", "4KiB", "--max-uri", "1KiB"});
  EXPECT_EQ(proxy.ask(get("/v1/models", "X-A: " + std::string(3000, 'a') + "\r\n"), "GET").status,
            200);
  RawClient client = proxy.connect();
  client.send(get("/v1/models", "X-A: " + std::string(5000, 'a') + "\r\n"));
  expect_error(client.read_response("GET"), 431, "headers_too_large");
  client.read_to_end();
  EXPECT_EQ(upstream.requests(), 1U);
}

std::string many_fields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  return fields;
}

TEST(Limits, TooManyFieldsAreA431) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  EXPECT_EQ(proxy.ask(get("/v1/models", many_fields(190)), "GET").status, 200);
  expect_error(proxy.ask(get("/v1/models", many_fields(201)), "GET"), 431, "headers_too_large");
}

TEST(Limits, AnEndlessHeadIsA431BeforeItEnds) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-A: ");
  for (int i = 0; i < 10; ++i) {
    if (!client.connection().send(std::string(16 * 1024, 'a'))) break;
  }
  EXPECT_EQ(client.read_response("GET").status, 431);
}

TEST(Limits, ATooLargeHeadOfTheEndpointIsA502) {
  ScriptedUpstream upstream(each_request([](const Request& request) {
    return json_response("{}", request.target == "/fields"
                                   ? many_fields(201)
                                   : "X-A: " + std::string(70 * 1024, 'a') + "\r\n");
  }));
  Proxy proxy(upstream);
  expect_error(proxy.ask(get("/size"), "GET"), 502, "upstream_protocol");
  expect_error(proxy.ask(get("/fields"), "GET"), 502, "upstream_protocol");
}

TEST(Timeouts, AHeadThatDoesNotEndIsA408) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--header-timeout", "200ms"});
  RawClient client = proxy.connect();
  client.send("GET /v1/models HTTP/1.1\r\nHos");
  const Response response = client.read_response("GET");
  expect_error(response, 408, "request_timeout");
  EXPECT_TRUE(same_name(response.get("Connection"), "close"));
  client.read_to_end();
}

TEST(Timeouts, ABodyThatStopsIsA408) {
  ScriptedUpstream upstream(always(json_response(chat_answer("x"))));
  Proxy proxy(upstream, {"--body-timeout", "200ms"});
  for (const char* path : {"/v1/chat/completions", "/v1/files"}) {
    RawClient client = proxy.connect();
    client.send(post(path, chat_body({})).substr(0, 150));
    expect_error(client.read_response(), 408, "request_timeout");
    client.read_to_end();
  }
  EXPECT_EQ(upstream.requests(), 0U);
}

TEST(Timeouts, AnIdleConnectionIsClosedWithoutAWord) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--keepalive-timeout", "200ms", "--header-timeout", "400ms"});
  RawClient used = proxy.connect();
  used.send(get("/v1/models"));
  used.read_response("GET");
  std::string rest;
  EXPECT_EQ(used.read_to_end(&rest), Arrival::kClosed);
  EXPECT_EQ(rest, "");
}

TEST(Timeouts, AClientThatNeverSpeaksIsClosed) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--keepalive-timeout", "200ms", "--header-timeout", "200ms"});
  proxy.connect().read_to_end();
}

TEST(Timeouts, SilenceInsideAnAnswerCutsIt) {
  Latch closed;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk(chat_event("one")));
    connection.wait_closed();
    closed.release();
  });
  Proxy proxy(upstream, {"--idle-timeout", "200ms"});
  const Response response = proxy.ask(chat_request({.stream = true}));
  EXPECT_EQ(response.body, chat_event("one"));
  EXPECT_FALSE(response.whole);
  closed.wait();
}

TEST(Timeouts, NoAnswerIsA504) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    const Request request = connection.read_request();
    if (request.method == "GET") connection.send("HTTP/1.1 200 OK\r\nContent-Le");
    connection.wait_closed();
  });
  Proxy proxy(upstream, {"--first-byte-timeout", "200ms"});
  expect_error(proxy.ask(chat_request()), 504, "upstream_timeout");
  // The whole head has to come in time, not its first byte.
  expect_error(proxy.ask(get("/v1/models"), "GET"), 504, "upstream_timeout");
  upstream.wait_for_open_connections(0);
}

TEST(Timeouts, AnInterimAnswerIsNoAnswer) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 102 Processing\r\n\r\n");
    connection.wait_closed();
  });
  Proxy proxy(upstream, {"--first-byte-timeout", "200ms"});
  expect_error(proxy.ask(get("/v1/models"), "GET"), 504, "upstream_timeout");
}

TEST(Unreachable, AClosedPortIsA502) {
  const BoundPort closed(false);
  Proxy proxy(closed.url(), {});
  expect_error(proxy.ask(chat_request()), 502, "upstream_unreachable");
  expect_error(proxy.ask(get("/v1/models"), "GET"), 502, "upstream_unreachable");
}

TEST(Unreachable, APortThatNeverAcceptsIsA504) {
  const BoundPort full(true);
  // Its queue takes one; from then on the kernel drops what knocks.
  std::deque<Connection> queued;
  for (int i = 0; i < 3; ++i) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(full.port());
    connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
    queued.emplace_back(fd);
  }
  Proxy proxy(full.url(), {{"--connect-timeout", "300ms"}, {}, 0});
  expect_error(proxy.ask(chat_request()), 504, "upstream_timeout");
}

TEST(Limits, ConnectionsBeyondTheLimitAreToldSo) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--max-connections", "4"});
  std::deque<RawClient> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(proxy.connect());
    clients.back().send(get("/v1/models"));
    EXPECT_EQ(clients.back().read_response("GET").status, 200);
  }
  const Response refused = proxy.ask(get("/v1/models"), "GET");
  expect_error(refused, 503, "overloaded");
  EXPECT_TRUE(refused.has("Retry-After"));
  clients.clear();
  eventually("there is room again",
             [&] { return proxy.ask(get("/v1/models"), "GET").status == 200; });
}

TEST(Errors, LeaveTheConnectionUsableWhereNothingIsAmbiguous) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(chat_request({.headers = "Cache-Control: only-if-cached\r\n"}));
  expect_error(client.read_response(), 504, "not_cached");
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").status, 200);
}

TEST(Errors, HeadGetsNoBody) {
  const BoundPort closed(false);
  Proxy proxy(closed.url(), {});
  RawClient client = proxy.connect();
  client.send("HEAD /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_response("HEAD").status, 502);
  std::string rest;
  client.read_to_end(&rest);
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace reprise::e2e
