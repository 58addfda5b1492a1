#include "proxy/connect_request.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

#include "net/net_test.h"

namespace reprise::proxy {
namespace {

constexpr size_t kHeadMax = 1024;

Upstream upstream(const std::string& address) {
  Upstream made;
  made.address = address;
  return made;
}

// How the proxy ends its direction after an answer.
enum class After : uint8_t { kNothing, kEnd, kReset };

// What became of one request: "tunnel" and what is behind the proxy's head, or why there is none.
class ConnectRequestTest : public net::NetTest {
 protected:
  // The proxy's answer comes in pieces of `step` bytes, each in a turn of its own.
  std::string outcome(std::string_view answer, size_t step, After after = After::kNothing) {
    net::Ends ends = connect();
    std::optional<base::Result<void>> done;
    ConnectRequest request(upstream("h.example:443"), proxy_, kHeadMax);
    request.start(*ends.client, [&](base::Result<void> result) {
      EXPECT_FALSE(done) << "called twice";
      done = std::move(result);
    });
    EXPECT_FALSE(done);
    while (!answer.empty()) {
      net::write(*ends.server, answer.substr(0, step));
      answer.remove_prefix(std::min(step, answer.size()));
      run_turns();
    }
    if (after == After::kEnd) ends.server->finish();
    if (after == After::kReset) {
      ends.server->reset_on_close();
      ends.server.reset();
    }
    run_turns();
    if (!done) return "nothing";
    if (!*done) return done->error().detail;
    return "tunnel " + read_on(ends);
  }
  std::string outcome(std::string_view answer) {
    const std::string whole = outcome(answer, answer.size());
    EXPECT_EQ(outcome(answer, 1), whole) << answer;
    EXPECT_EQ(outcome(answer, 7), whole) << answer;
    return whole;
  }

  // What the tunnel's owner reads.
  std::string read_on(net::Ends& ends) {
    net::Reader reader;
    ends.client->set_handler(&reader);
    ends.client->resume_reading();
    run_turns();
    ends.client->set_handler(nullptr);
    return reader.bytes;
  }

  // What the proxy is sent.
  std::string asked(const Upstream& to) {
    net::Ends ends = connect();
    ConnectRequest request(to, proxy_, kHeadMax);
    request.start(*ends.client, [](const base::Result<void>&) {});
    net::Reader reader;
    ends.server->set_handler(&reader);
    ends.server->resume_reading();
    run_until([&] { return reader.bytes.ends_with("\r\n\r\n"); });
    return reader.bytes;
  }

  UpstreamProxy proxy_;
};

TEST_F(ConnectRequestTest, NamesHostAndPort) {
  EXPECT_EQ(asked(upstream("h.example:443")),
            "CONNECT h.example:443 HTTP/1.1\r\nHost: h.example:443\r\n\r\n");
  proxy_.authorization = "Basic dTpw";
  EXPECT_EQ(asked(upstream("h:1")),
            "CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_F(ConnectRequestTest, TakesA2xxForATunnel) {
  for (const std::string head :
       {"HTTP/1.1 200 Connection established\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 299 Other\r\nServer: x\r\nVia: 1.1 y\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"}) {
    EXPECT_EQ(outcome(head), "tunnel ") << head;
    EXPECT_EQ(outcome(head + "5\r\nbytes of the upstream's"), "tunnel 5\r\nbytes of the upstream's")
        << head;
  }
}

TEST_F(ConnectRequestTest, TellsWhatTheProxySaidInstead) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"HTTP/1.1 403 Filtered\r\nContent-Length: 2\r\n\r\nno", "the proxy answered 403 Filtered"},
      {"HTTP/1.0 500 Unable to connect\r\n\r\n<html>", "the proxy answered 500 Unable to connect"},
      {"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n", "the proxy answered 302 Found"},
      {"HTTP/1.1 504 \r\nTransfer-Encoding: chunked\r\n\r\n", "the proxy answered 504"},
      {"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
       "the proxy answered 101 Switching"},
      {"HTTP/1.1 502 " + std::string(300, 'x') + "\r\n\r\n",
       "the proxy answered 502 " + std::string(80, 'x')}};
  for (const auto& [answer, told] : cases) EXPECT_EQ(outcome(answer), told);
}

TEST_F(ConnectRequestTest, TellsWhetherCredentialsAreMissingOrWrong) {
  const std::string answer =
      "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n";
  EXPECT_EQ(outcome(answer), "the proxy wants credentials: 407 Proxy Authentication Required");
  proxy_.authorization = "Basic dTpw";
  EXPECT_EQ(outcome(answer),
            "the proxy does not take the credentials: 407 Proxy Authentication Required");
}

TEST_F(ConnectRequestTest, TellsThatAnAnswerIsMalformed) {
  const std::vector<std::string> answers = {
      "SSH-2.0-OpenSSH_9.2\r\n",
      "\x16\x03\x01 TLS",
      "HTTP/1.1 200 OK\n\n",
      "HTTP/2 200\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX : y\r\n\r\n",
      "HTTP/1.1 200 OK\r\n folded\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
      "HTTP/1.1 403 No\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX: " + std::string(kHeadMax, 'x') + "\r\n\r\n",
      "\r\nHTTP/1.1 200 OK\r\n\r\n"};
  for (const std::string& answer : answers) {
    EXPECT_EQ(outcome(answer).find("the proxy's answer is malformed: "), 0U) << answer;
  }
  std::string waiting;
  for (int i = 0; i < 17; ++i) waiting += "HTTP/1.1 102 Wait\r\n\r\n";
  EXPECT_EQ(outcome(waiting), "the proxy's answer is malformed: too many interim responses");
}

TEST_F(ConnectRequestTest, TellsThatTheProxyLeft) {
  for (const std::string part :
       {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nX: y\r\n", "HTTP/1.1 100 Go\r\n\r\n"}) {
    EXPECT_EQ(outcome(part, 64), "nothing") << part;
    EXPECT_EQ(outcome(part, 64, After::kEnd), "the proxy closed the connection before its answer")
        << part;
    EXPECT_EQ(outcome(part, 64, After::kReset),
              "the proxy did not answer: connection reset by peer")
        << part;
  }
  // Whatever follows a refusal changes nothing about it; what follows a tunnel is the tunnel's.
  EXPECT_EQ(outcome("HTTP/1.1 403 No\r\n\r\n", 64, After::kEnd), "the proxy answered 403 No");
  EXPECT_EQ(outcome("HTTP/1.1 200 OK\r\n\r\n", 64, After::kEnd), "tunnel ");
}

TEST_F(ConnectRequestTest, MayGoBeforeTheAnswer) {
  net::Ends ends = connect();
  auto request =
      std::make_unique<ConnectRequest>(upstream("h:1"), UpstreamProxy{}, size_t{kHeadMax});
  request->start(*ends.client, [](const base::Result<void>&) { FAIL(); });
  run_turns();
  ends.client.reset();
  request.reset();
  net::write(*ends.server, "HTTP/1.1 200 OK\r\n\r\n");
  run_turns();
}

}  // namespace
}  // namespace reprise::proxy
