#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/request_cases.h"

namespace reprise::http {
namespace {

TEST(RequestParser, ReportsHeadBodyAndEnd) {
  EXPECT_EQ(
      requests("POST /v1/x?y=1 HTTP/1.1\r\nHost: a:80\r\ncontent-LENGTH: 5\r\nX-a:  b c \t\r\n"
               "Empty:\r\nBlank: \t \r\nX-a: \xc3\xa9\r\n\r\nhello"),
      "head POST /v1/x?y=1 1.1 length:5 keep [Host=a:80][content-LENGTH=5][X-a=b c][Empty=]"
      "[Blank=][X-a=\xc3\xa9]\nbody hello\nend \nat end\nidle\n");
}

TEST(RequestParser, FindsTheNextRequestAtTheRightByte) {
  const std::vector<std::string> firsts = {
      get("Host: a\r\n"),
      get("Host: a\r\nConnection: close\r\n"),
      get("Host: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"),
      "\r\n\r\n" + get("Host: a\r\n"),
      "HEAD / HTTP/1.0\r\n\r\n",
      post("Content-Length: 0\r\n", ""),
      post("Content-Length: 5\r\n", "GET /"),
      post("Content-Length: 5\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", "hello"),
      chunked("0\r\n\r\n"),
      chunked("3\r\nabc\r\n0\r\n\r\n"),
      chunked("3\r\nabc\r\nA;x\r\n0123456789\r\n0\r\nX: y\r\n\r\n"),
      post("Transfer-Encoding: chunked\r\nConnection: upgrade\r\nUpgrade: websocket\r\n",
           "1\r\na\r\n0\r\n\r\n"),
  };
  for (const std::string& first : firsts) {
    const std::string log = requests(first + kNext);
    EXPECT_NE(log.find("at " + std::to_string(first.size()) + "\n" + kNextHead), std::string::npos)
        << first << log;
  }
}

TEST(RequestParser, ConsumesNothingAfterTheEnd) {
  RequestLog log;
  RequestParser parser(HeadLimits{}, log);
  const std::string first = get("Host: a\r\n");
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.feed(first + kNext), first.size());
  EXPECT_EQ(parser.state(), RequestParser::State::kEnded);
  EXPECT_EQ(parser.feed(kNext), 0U);
  EXPECT_EQ(parser.head().target, "/");
  parser.next();
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.head().target, "");
}

TEST(RequestParser, IsIdleUntilTheFirstByteOfAHead) {
  RequestLog log;
  RequestParser parser(HeadLimits{}, log);
  EXPECT_EQ(parser.feed("\r\n\r"), 3U);
  EXPECT_TRUE(parser.idle());
  EXPECT_EQ(parser.feed("\nG"), 2U);
  EXPECT_FALSE(parser.idle());
  EXPECT_EQ(parser.state(), RequestParser::State::kHead);
}

TEST(RequestParser, LetsTheOwnerTakeFieldsOut) {
  class Stripping final : public RequestParser::Handler {
   public:
    void on_head(const RequestHead&) override { parser->head().fields.remove("x-secret"); }
    void on_body(std::string_view) override {}
    void on_end(const Fields&) override {}
    RequestParser* parser = nullptr;
  } handler;
  RequestParser parser(HeadLimits{}, handler);
  handler.parser = &parser;
  parser.feed(get("Host: a\r\nX-Secret: 1\r\nY: 2\r\n"));
  EXPECT_EQ(to_text(parser.head().fields), "[Host=a][Y=2]");
}

TEST(RequestParser, RefusesBadRequestLines) {
  const std::string rest = "\r\nHost: a\r\n\r\n";
  const std::vector<std::pair<std::string, int>> table = {
      {"GET / HTTP/1.1", 0},
      {"GET  / HTTP/1.1", 400},
      {"GET /  HTTP/1.1", 400},
      {"GET / HTTP/1.1 ", 400},
      {"GET /\tHTTP/1.1", 400},
      {"GET\t/ HTTP/1.1", 400},
      {" GET / HTTP/1.1", 400},
      {"GET /", 400},
      {"GET", 400},
      {"GET / HTTP/1.2", 505},
      {"GET / HTTP/2.0", 505},
      {"GET / HTTP/0.9", 505},
      {"GET / HTTP/3", 505},
      {"GET / HTTP/11", 400},
      {"GET / HTTP/1", 400},
      {"GET / HTTP/1.10", 400},
      {"GET / HTTP/1,1", 400},
      {"GET / http/1.1", 400},
      {"GET / HTTPS/1.1", 400},
      {"GET / RTSP/1.0", 400},
      {"SOURCE / ICE/1.0", 400},
      {"PRI * HTTP/2.0", 505},
      {"BREW / HTTP/1.1", 501},
      {"get / HTTP/1.1", 501},
      {"GETT / HTTP/1.1", 501},
      {"DESCRIBE / HTTP/1.1", 501},
      {"G@T / HTTP/1.1", 400},
      {"\"GET\" / HTTP/1.1", 400},
      {std::string("G\0T / HTTP/1.1", 14), 400},
  };
  for (const auto& [line, status] : table) EXPECT_EQ(refusal(line + rest), status) << line;
}

TEST(RequestParser, RefusesBadTargets) {
  const std::vector<std::pair<std::string, int>> table = {
      {"GET /a?b=c&d=%20!$'()*,;:@[]", 0},
      {"GET /a#b", 400},
      {"GET #", 400},
      {"GET /\x7f", 400},
      {"GET /\x01", 400},
      {"GET /\xc3\xa9", 400},
      {"GET a/b", 400},
      {"GET a:80", 400},
      {"GET *", 400},
      {"OPTIONS *", 0},
      {"OPTIONS **", 400},
      {"GET http://a", 0},
      {"GET http://a/b?c", 0},
      {"GET HTTPS://a.b:8443?c", 0},
      {"GET http://[::1]:80/", 0},
      {"GET http:///x", 400},
      {"GET http://", 400},
      {"GET http://:80/", 400},
      {"GET http://u@a/", 400},
      {"GET http://a:b/", 400},
      {"GET http://[::1/", 400},
      {"GET ftp://a/", 400},
      {"GET http:/a", 400},
      {"CONNECT a:443", 0},
      {"CONNECT [::1]:443", 0},
      {"CONNECT a", 400},
      {"CONNECT a:", 400},
      {"CONNECT /", 400},
      {"CONNECT http://a:80/", 400},
  };
  for (const auto& [start, status] : table) {
    EXPECT_EQ(refusal(start + " HTTP/1.1\r\nHost: a\r\n\r\n"), status) << start;
  }
}

TEST(RequestParser, WantsOneGoodHost) {
  for (const char* good :
       {"a", "A.b-c:80", "127.0.0.1", "[::1]:80", "[2001:db8::1]", "a:", "a%2Db"}) {
    EXPECT_EQ(refusal(get(std::string("Host: ") + good + "\r\n")), 0) << good;
  }
  for (const char* bad :
       {"", "a b", "a/b", "u@a", "a:b", "a:65536", "a:000080", "[::1", "::1", "[a]", "[::1]x",
        "a%2", "a%zz", "\xc3\xa9", "a?b", "a#b", "a\\b", ":80"}) {
    EXPECT_EQ(refusal(get(std::string("Host: ") + bad + "\r\n")), 400) << bad;
  }
  EXPECT_EQ(refusal(get("")), 400);
  EXPECT_EQ(refusal(get("Host: a\r\nHost: a\r\n")), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\n\r\n"), 0);
  EXPECT_EQ(refusal("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
}

TEST(RequestParser, RefusesBadFieldLines) {
  const std::vector<std::string> bad = {
      ": v\r\n",
      " X: v\r\n",
      "X : v\r\n",
      "X\t: v\r\n",
      "X v\r\n",
      "X\r\n",
      "X: a\r\n b\r\n",
      "X: a\r\n\tb\r\n",
      "X:\r\n \r\n",
      "X: a\n",
      "X: a\rY: b\r\n",
      "X:\rTransfer-Encoding: chunked\r\n",
      "X: a\r\r\n",
      "X: \x01\r\n",
      "X: \x7f\r\n",
      "X: \x1b[0m\r\n",
      "X\x80: a\r\n",
      "X(: a\r\n",
      "X@: a\r\n",
      "\"X\": a\r\n",
      "X=Y: a\r\n",
      std::string("X: a\0b\r\n", 8),
      std::string("X\0: ab\r\n", 8),
      "\n",
      "\rX: a\r\n",
  };
  for (const std::string& line : bad) EXPECT_EQ(refusal(get("Host: a\r\n" + line)), 400) << line;
  EXPECT_EQ(refusal(get(" X: v\r\nHost: a\r\n")), 400) << "folding before any field";
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: a\r\n\rX"), 400);
  EXPECT_EQ(refusal("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400);
}

TEST(RequestParser, BoundsLeadingEmptyLines) {
  EXPECT_EQ(refusal("\r\n\r\n\r\n\r\n" + get("Host: a\r\n")), 0);
  EXPECT_EQ(refusal("\r\n\r\n\r\n\r\n\r\n" + get("Host: a\r\n")), 400);
  EXPECT_EQ(refusal("\n" + get("Host: a\r\n")), 400);
  EXPECT_EQ(refusal("\r" + get("Host: a\r\n")), 400);
  EXPECT_EQ(refusal("\r\r\n" + get("Host: a\r\n")), 400);
}

TEST(RequestParser, BoundsHeads) {
  const std::string head = get("Host: a\r\nX: 0123456789\r\n");
  HeadLimits limits{.head_bytes_max = head.size(), .uri_bytes_max = 1, .fields_max = 2};
  EXPECT_EQ(refusal("\r\n" + head + head, limits), 0) << "everything exactly at its limit";
  --limits.head_bytes_max;
  EXPECT_EQ(refusal(head, limits), 431);
  EXPECT_EQ(refusal(head.substr(0, head.size() - 1), limits), 0) << "not exceeded yet";
  EXPECT_EQ(refusal(get("Host: a\r\nA:\r\nB"), {.fields_max = 2}), 431) << "by its first byte";
  EXPECT_EQ(refusal("GET " + std::string(10, '/'), {.uri_bytes_max = 9}), 414) << "not whole";
  EXPECT_EQ(refusal("GET " + std::string(9, '/'), {.uri_bytes_max = 9}), 0);
  EXPECT_EQ(refusal("GET " + std::string(9, '/') + "#", {.uri_bytes_max = 9}), 400);
}

TEST(RequestParser, BoundsConnectionOptions) {
  std::string options = "a";
  for (size_t i = 1; i < kConnectionOptionsMax; ++i) options += ",a";
  EXPECT_EQ(refusal(get("Host: a\r\nConnection: " + options + "\r\n")), 0);
  EXPECT_EQ(refusal(get("Host: a\r\nConnection: " + options + "\r\nConnection: b\r\n")), 400);
}

TEST(RequestParser, KnowsWhetherTheConnectionPersists) {
  const std::vector<std::pair<std::string, bool>> table = {
      {"1.1\r\nHost: a\r\n", true},
      {"1.1\r\nHost: a\r\nConnection: close\r\n", false},
      {"1.1\r\nHost: a\r\nConnection: keep-alive, CLOSE\r\n", false},
      {"1.1\r\nHost: a\r\nConnection: \"x, close\r\n", false},
      {"1.1\r\nHost: a\r\nConnection: x\r\nConnection: close\r\n", false},
      {"1.1\r\nHost: a\r\nConnection: closed\r\n", true},
      {"1.0\r\n", false},
      {"1.0\r\nConnection: Keep-Alive\r\n", true},
      {"1.0\r\nConnection: keep-alive, close\r\n", false},
      {"1.0\r\nProxy-Connection: keep-alive\r\n", false},
  };
  for (const auto& [rest, keep] : table) {
    const std::string log = requests("GET / HTTP/" + rest + "\r\n");
    EXPECT_NE(log.find(keep ? " keep " : " last "), std::string::npos) << rest << log;
  }
}

TEST(RequestParser, KnowsExpectations) {
  const std::string body = "Content-Length: 1\r\n";
  EXPECT_NE(requests(post("Expect: 100-Continue\r\n" + body, "a")).find(" expect "),
            std::string::npos);
  EXPECT_EQ(requests(get("Host: a\r\nExpect: 100-continue\r\n")).find(" expect "),
            std::string::npos)
      << "nothing to wait for";
  EXPECT_EQ(
      requests("POST / HTTP/1.0\r\nExpect: 100-continue\r\n" + body + "\r\na").find(" expect "),
      std::string::npos)
      << "HTTP/1.0 does not know it";
  EXPECT_EQ(refusal(post("Expect: a miracle\r\n" + body, "a")), 417);
  EXPECT_EQ(refusal(post("Expect: 100-continue, x\r\n" + body, "a")), 417);
}

TEST(RequestParser, WantsBothUpgradeFields) {
  EXPECT_NE(requests(get("Host: a\r\nConnection: x, Upgrade\r\nUpgrade: w\r\n")).find(" upgrade "),
            std::string::npos);
  EXPECT_EQ(requests(get("Host: a\r\nUpgrade: w\r\n")).find(" upgrade "), std::string::npos);
  EXPECT_EQ(requests(get("Host: a\r\nConnection: upgrade\r\n")).find(" upgrade "),
            std::string::npos);
  EXPECT_EQ(
      requests("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: w\r\n\r\n").find(" upgrade "),
      std::string::npos);
}

TEST(RequestParser, KeepsItsMemoryForTheNextMessageWithinBounds) {
  RequestLog log;
  RequestParser parser(HeadLimits{}, log);
  const auto bytes_after = [&](size_t value_bytes) {
    parser.feed(get("Host: a\r\nX: " + std::string(value_bytes, 'x') + "\r\n"));
    parser.next();
    return parser.head().fields.memory_bytes();
  };
  const size_t warm = bytes_after(4000);
  EXPECT_GE(warm, 4000U);
  EXPECT_EQ(bytes_after(4000), warm);
  EXPECT_LT(bytes_after(60'000), 1000U);
}

TEST(RequestParser, StaysFailed) {
  RequestLog log;
  RequestParser parser(HeadLimits{}, log);
  parser.feed("GET  ");
  ASSERT_EQ(parser.state(), RequestParser::State::kFailed);
  EXPECT_EQ(parser.error().status, 400);
  EXPECT_EQ(parser.feed(kNext), 0U);
  EXPECT_EQ(log.text, "");
}

}  // namespace
}  // namespace reprise::http
