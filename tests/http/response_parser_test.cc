#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/event_log.h"

namespace reprise::http {
namespace {

// What the parser tells about `input`, checked to be the same however it is cut.
std::string responses(const std::string& input, Answering answering = Answering::kOther,
                      const HeadLimits& limits = {}) {
  const std::string whole = log_responses(input, limits, answering, {});
  for (size_t split = 1; split < input.size(); ++split) {
    EXPECT_EQ(log_responses(input, limits, answering, {.split = split}), whole)
        << "cut at " << split;
  }
  EXPECT_EQ(log_responses(input, limits, answering, {.step = 1}), whole) << "byte by byte";
  EXPECT_EQ(log_responses(input, limits, answering, {.step = 3}), whole) << "by threes";
  return whole;
}

bool refused(const std::string& input, const HeadLimits& limits = {}) {
  return responses(input, Answering::kOther, limits).find("error ") != std::string::npos;
}

std::string ok(const std::string& fields, const std::string& body = "") {
  return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body;
}
std::string chunked(const std::string& body) { return ok("Transfer-Encoding: chunked\r\n", body); }

constexpr const char* kNext = "HTTP/1.1 299 Next\r\nContent-Length: 0\r\n\r\n";
constexpr const char* kNextHead = "head 299 'Next' 1.1 length:0 keep [Content-Length=0]\n";

TEST(ResponseParser, ReportsHeadBodyAndEnd) {
  EXPECT_EQ(responses("HTTP/1.1 429 Too  Many \xe9 \r\nX: y \r\nContent-Length: 5\r\n\r\nhello"),
            "head 429 'Too  Many \xe9 ' 1.1 length:5 keep [X=y][Content-Length=5]\nbody hello\n"
            "end \nat end\nidle\n");
}

TEST(ResponseParser, FindsTheNextResponseAtTheRightByte) {
  const std::vector<std::string> firsts = {
      ok("Content-Length: 0\r\n"),
      ok("Content-Length: 4\r\n", "HTTP"),
      ok("Content-Length: 4\r\nConnection: close\r\n", "HTTP"),
      ok("Content-Length: 4\r\nConnection: upgrade\r\nUpgrade: h2c\r\n", "HTTP"),
      chunked("4\r\nHTTP\r\n0\r\n\r\n"),
      chunked("4;x=y\r\nHTTP\r\n0\r\nX: y\r\n\r\n"),
      "HTTP/1.1 204 No Content\r\n\r\n",
      "HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
      "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
      "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
      "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
  };
  for (const std::string& first : firsts) {
    const std::string log = responses(first + kNext);
    EXPECT_NE(log.find("at " + std::to_string(first.size()) + "\n" + kNextHead), std::string::npos)
        << first << log;
  }
}

TEST(ResponseParser, AnswersToHeadHaveNoBody) {
  EXPECT_EQ(responses(ok("Content-Length: 5\r\n") + chunked("") + ok(""), Answering::kHead),
            "head 200 'OK' 1.1 none keep [Content-Length=5]\nbody \nend \nat 38\n"
            "head 200 'OK' 1.1 none keep [Transfer-Encoding=chunked]\nbody \nend \nat 85\n"
            "head 200 'OK' 1.1 none keep \nbody \nend \nat end\nidle\n");
}

TEST(ResponseParser, ReadsUntilCloseWithoutLength) {
  EXPECT_EQ(responses(ok("", "hello")),
            "head 200 'OK' 1.1 close last \nbody hello\nend \nfinished\n");
  EXPECT_EQ(responses("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"),
            "head 200 'OK' 1.0 close last [Connection=keep-alive]\nbody \nend \nfinished\n");
}

TEST(ResponseParser, KnowsTruncation) {
  const std::vector<std::string> cut = {
      "H",
      "HTTP/1.1 200 OK\r\nX: y\r\n\r",
      ok("Content-Length: 5\r\n", "hell"),
      chunked("5\r\nhell"),
      chunked("5\r\nhello"),
      chunked("5\r\nhello\r\n"),
      chunked("5\r\nhello\r\n0\r\n"),
      chunked("5\r\nhello\r\n0\r\nX: y\r\n\r"),
      "HTTP/1.1 100 Continue\r\n\r\n",
  };
  for (const std::string& input : cut) {
    EXPECT_NE(responses(input).find("error 502 connection closed"), std::string::npos) << input;
  }
}

TEST(ResponseParser, FinishesOnlyOnce) {
  ResponseLog log;
  ResponseParser parser(HeadLimits{}, log);
  parser.expect(Answering::kOther);
  EXPECT_TRUE(parser.idle());
  parser.feed(ok("", "x"));
  EXPECT_FALSE(parser.idle());
  EXPECT_EQ(parser.state(), ResponseParser::State::kBody);
  EXPECT_TRUE(parser.finish());
  EXPECT_EQ(parser.state(), ResponseParser::State::kEnded);
  const std::string told = log.text;
  EXPECT_TRUE(parser.finish());
  EXPECT_EQ(log.text, told);
}

TEST(ResponseParser, FailsIfNothingCame) {
  ResponseLog log;
  ResponseParser parser(HeadLimits{}, log);
  parser.expect(Answering::kOther);
  EXPECT_FALSE(parser.finish());
  EXPECT_EQ(parser.state(), ResponseParser::State::kFailed);
}

TEST(ResponseParser, PassesInterimResponsesOn) {
  EXPECT_EQ(
      responses("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" +
                ok("Content-Length: 2\r\n", "ok")),
      "interim 100 'Continue' 1.1 none keep \n"
      "interim 103 'Early Hints' 1.1 none keep [Link=</a>]\n"
      "head 200 'OK' 1.1 length:2 keep [Content-Length=2]\nbody ok\nend \nat end\nidle\n");
}

TEST(ResponseParser, BoundsInterimResponses) {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  std::string many;
  for (size_t i = 0; i < kInterimResponsesMax; ++i) many += interim;
  const std::string final_one = ok("Content-Length: 0\r\n");
  EXPECT_FALSE(refused(many + final_one + many + final_one)) << "each answer has its own";
  EXPECT_TRUE(refused(many + interim + final_one));
}

TEST(ResponseParser, DistrustsBodiesWhereNoneCanBe) {
  EXPECT_EQ(responses("HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" + ok("Content-Length: 0\r\n")),
            "interim 100 'C' 1.1 none last \n"
            "head 200 'OK' 1.1 length:0 last [Content-Length=0]\nbody \nend \nat end\nidle\n");
  EXPECT_EQ(responses("HTTP/1.1 204 N\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "head 204 'N' 1.1 none last \nbody \nend \nat end\nidle\n");
  EXPECT_EQ(responses("HTTP/1.1 204 N\r\nContent-Length: 0\r\n\r\n"),
            "head 204 'N' 1.1 none keep \nbody \nend \nat end\nidle\n");
}

TEST(ResponseParser, StopsAtAnUpgrade) {
  const std::string head = "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  EXPECT_EQ(responses(head + "\x81\x05hello"),
            "head 101 'S' 1.1 none last [Connection=upgrade][Upgrade=websocket]\nupgraded at 59\n");
  EXPECT_EQ(responses("HTTP/1.1 101 S\r\nContent-Length: 3\r\n\r\nabc"),
            "head 101 'S' 1.1 none last \nupgraded at 37\n");
  EXPECT_EQ(responses("HTTP/1.1 103 E\r\n\r\n" + head + "x"),
            "interim 103 'E' 1.1 none keep \n"
            "head 101 'S' 1.1 none last [Connection=upgrade][Upgrade=websocket]\nupgraded at 77\n");
}

TEST(ResponseParser, StopsAtATunnelThatConnectAskedFor) {
  for (const std::string framing :
       {"", "Content-Length: 3\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: x\r\n", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"}) {
    const std::string head = ok(framing);
    EXPECT_EQ(responses(head + "abc", Answering::kConnect),
              "head 200 'OK' 1.1 none last \nupgraded at " + std::to_string(head.size()) + "\n");
  }
  EXPECT_EQ(responses("HTTP/1.0 204 N\r\nTransfer-Encoding: chunked\r\n\r\n", Answering::kConnect),
            "head 204 'N' 1.0 none last \nupgraded at end\n");
  EXPECT_EQ(responses(ok("Content-Length: x\r\n"), Answering::kConnect),
            "body \nerror 400 Invalid character in Content-Length\n");
  EXPECT_EQ(responses("HTTP/1.1 407 P\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
                      Answering::kConnect),
            "body \nerror 400 Content-Length and Transfer-Encoding\n");
  EXPECT_EQ(responses("HTTP/1.1 407 P\r\nContent-Length: 3\r\n\r\nabc", Answering::kConnect),
            "head 407 'P' 1.1 length:3 keep [Content-Length=3]\nbody abc\nend \nat end\nidle\n");
}

TEST(ResponseParser, RefusesBadStatusLines) {
  const std::vector<std::string> bad = {
      "HTTP/1.1  200 OK",  "HTTP/1.1 20 OK",   "HTTP/1.1 2000 OK", "HTTP/1.1 099 OK",
      "HTTP/1.1 2x0 OK",   "HTTP/1.1 -20 OK",  "HTTP/1.1\t200 OK", "HTTP/1.1 200\tOK",
      "HTTP/2.0 200 OK",   "HTTP/1.2 200 OK",  "HTTP/2 200",       "HTTP/0.9 200 OK",
      "http/1.1 200 OK",   "ICY 200 OK",       " HTTP/1.1 200 OK", "\r\nHTTP/1.1 200 OK",
      "HTTP/1.1 200 \x01", "HTTP/1.1 200 a\n", "HTTP/1.1 200OK",   "HTTP/1.1 200 OK\r",
      "HTTP/1.1 200 \x7f", "GET / HTTP/1.1",
  };
  for (const std::string& line : bad) {
    EXPECT_TRUE(refused(line + "\r\nContent-Length: 0\r\n\r\n")) << line;
  }
  EXPECT_FALSE(refused("HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"));
}

TEST(ResponseParser, RefusesBadFieldLines) {
  for (const char* line :
       {": v\r\n", "X : v\r\n", "X: a\r\n b\r\n", "X: a\n", "X:\rTransfer-Encoding: chunked\r\n",
        "X: \x01\r\n", "X\r\n", "X\x80: a\r\n", " X: a\r\n", "X: a\r\n\t\r\n"}) {
    EXPECT_TRUE(refused(ok(std::string("Content-Length: 0\r\n") + line))) << line;
  }
}

TEST(ResponseParser, RefusesAmbiguousFraming) {
  for (const char* fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Content-Length: 5, 5\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Content-Length: +5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding:\r\n"}) {
    EXPECT_TRUE(refused(ok(fields, "0\r\n\r\n"))) << fields;
  }
  EXPECT_TRUE(refused("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"));
  for (const char* status : {"204 N", "304 N", "100 C"}) {
    EXPECT_TRUE(refused(std::string("HTTP/1.1 ") + status + "\r\nContent-Length: x\r\n\r\n"))
        << status;
  }
}

TEST(ResponseParser, RefusesBadChunks) {
  for (const char* body :
       {"1\r\nab\r\n0\r\n\r\n", "1\na\r\n0\r\n\r\n", "1\r\na\n0\r\n\r\n", "1 \r\na\r\n0\r\n\r\n",
        "x\r\n", "1\rXa\r\n0\r\n\r\n", "1;\x01\r\na\r\n0\r\n\r\n", "ffffffffffffffffff\r\n",
        "0\r\nContent-Length: 1\r\n\r\n", "0\r\nX : y\r\n\r\n"}) {
    EXPECT_TRUE(refused(chunked(body))) << body;
  }
}

TEST(ResponseParser, KeepsTrailersApart) {
  EXPECT_EQ(
      responses(chunked("1\r\na\r\n0\r\nX-Sum: 1\r\nSet-Cookie: x\r\nServer-Timing: t\r\n\r\n")),
      "head 200 'OK' 1.1 chunked keep [Transfer-Encoding=chunked]\nbody a\n"
      "end [X-Sum=1][Server-Timing=t]\nat end\nidle\n");
}

TEST(ResponseParser, BoundsHeads) {
  const std::string head = ok("Content-Length: 0\r\nX: 0123456789\r\n");
  EXPECT_FALSE(refused(head, {.head_bytes_max = head.size(), .fields_max = 2}));
  EXPECT_TRUE(refused(head, {.head_bytes_max = head.size() - 1, .fields_max = 2}));
  EXPECT_TRUE(refused(head, {.head_bytes_max = head.size(), .fields_max = 1}));
}

TEST(ResponseParser, KnowsWhetherTheConnectionPersists) {
  const std::vector<std::pair<std::string, bool>> table = {
      {"1.1 200 OK\r\nContent-Length: 0\r\n", true},
      {"1.1 200 OK\r\nContent-Length: 0\r\nConnection: Close\r\n", false},
      {"1.0 200 OK\r\nContent-Length: 0\r\n", false},
      {"1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n", true},
      {"1.1 200 OK\r\n", false},
      {"1.1 204 OK\r\n", true},
  };
  for (const auto& [rest, keep] : table) {
    const std::string log = responses("HTTP/" + rest + "\r\n");
    EXPECT_NE(log.find(keep ? " keep " : " last "), std::string::npos) << rest << log;
  }
}

}  // namespace
}  // namespace reprise::http
