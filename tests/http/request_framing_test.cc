#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "http/request_cases.h"

namespace reprise::http {
namespace {

TEST(RequestFraming, RefusesAmbiguousFraming) {
  const std::vector<std::pair<std::string, int>> table = {
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
      {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
      {"Content-Length: 5, 5\r\n", 400},
      {"Content-Length: 5 5\r\n", 400},
      {"Content-Length: +5\r\n", 400},
      {"Content-Length: -5\r\n", 400},
      {"Content-Length: 0x5\r\n", 400},
      {"Content-Length: 5;\r\n", 400},
      {"Content-Length: five\r\n", 400},
      {"Content-Length:\r\n", 400},
      {"Content-Length: \r\n", 400},
      {"Content-Length: 5\r\n\t\r\n", 400},
      {"Content-Length: 9223372036854775808\r\n", 400},
      {"Content-Length: 18446744073709551616\r\n", 400},
      {"Content-Length: 99999999999999999999999\r\n", 400},
      {"Content-Length : 5\r\n", 400},
      {"Transfer-Encoding: identity\r\n", 501},
      {"Transfer-Encoding: gzip\r\n", 501},
      {"Transfer-Encoding: xchunked\r\n", 501},
      {"Transfer-Encoding: gzip, chunked\r\n", 501},
      {"Transfer-Encoding: chunked, gzip\r\n", 400},
      {"Transfer-Encoding: chunked, chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
      {"Transfer-Encoding:\r\n", 400},
      {"Transfer-Encoding: ,\r\n", 400},
      {"Transfer-Encoding: chunked,\r\n", 400},
      {"Transfer-Encoding: ,chunked\r\n", 400},
      {"Transfer-Encoding: \"chunked\"\r\n", 501},
      {"Transfer-Encoding: chunked;q=1\r\n", 501},
      {"Transfer-Encoding: \x0b chunked\r\n", 400},
  };
  for (const auto& [fields, status] : table) {
    const int got = refusal(post(fields, "0\r\n\r\n"));
    EXPECT_EQ(got, status) << fields;
  }
  EXPECT_EQ(refusal("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400);
}

TEST(RequestFraming, TakesSpacesAroundFramingValues) {
  EXPECT_EQ(refusal(post("Content-Length:   5  \r\n", "hello")), 0);
  EXPECT_EQ(refusal(post("Content-Length: 0005\r\n", "hello")), 0);
  EXPECT_EQ(refusal(post("Transfer-Encoding:  Chunked  \r\n", "0\r\n\r\n")), 0);
  EXPECT_EQ(refusal(post("Transfer-Encoding:CHUNKED\r\n", "0\r\n\r\n")), 0);
}

TEST(RequestFraming, RefusesBadChunks) {
  const std::vector<std::string> bad = {
      "\r\n",
      "g\r\n",
      "-1\r\n",
      "+1\r\na\r\n0\r\n\r\n",
      "0x1\r\na\r\n0\r\n\r\n",
      " 1\r\na\r\n0\r\n\r\n",
      "1 \r\na\r\n0\r\n\r\n",
      "1\na\r\n0\r\n\r\n",
      "1\ra\r\n0\r\n\r\n",
      "1\r\rXa\r\n0\r\n\r\n",
      "1\r\nab\r\n0\r\n\r\n",
      "1\r\na\n0\r\n\r\n",
      "1\r\na0\r\n\r\n",
      "1\r\na\r0\r\n\r\n",
      ";x\r\n\r\n",
      "1;\x01\r\na\r\n0\r\n\r\n",
      "1;\r\na\r\n0\r\n\r\n",
      "1;a;\r\na\r\n0\r\n\r\n",
      "1;a=\r\na\r\n0\r\n\r\n",
      "1;a=b \r\na\r\n0\r\n\r\n",
      "1;a=b=c\r\na\r\n0\r\n\r\n",
      "1;a b\r\na\r\n0\r\n\r\n",
      "1;=b\r\na\r\n0\r\n\r\n",
      "1;a=\"b\r\na\r\n0\r\n\r\n",
      "1;a=\"b\"c\r\na\r\n0\r\n\r\n",
      "1;a=\"b\\\r\na\r\n0\r\n\r\n",
      "1;x=\x7f\r\na\r\n0\r\n\r\n",
      "1;x=\"\n\"\r\na\r\n0\r\n\r\n",
      "1;x\n\r\na\r\n0\r\n\r\n",
      "1;x=\xc3\xa9\r\na\r\n0\r\n\r\n",
      std::string("1;\0\r\na\r\n0\r\n\r\n", 14),
      "8000000000000000\r\n",
      "ffffffffffffffff\r\n",
      "10000000000000000\r\n",
      "00000000000000001\r\na\r\n0\r\n\r\n",
      "0\r\n\n",
      "0\r\nX : y\r\n\r\n",
      "0\r\n X: y\r\n\r\n",
      "0\r\nX: a\r\n b\r\n\r\n",
      "0\r\nX: \x01\r\n\r\n",
      "0\r\n: a\r\n\r\n",
  };
  for (const std::string& body : bad) EXPECT_EQ(refusal(chunked(body)), 400) << body;
}

TEST(RequestFraming, TakesChunkExtensionsAndForgetsThem) {
  EXPECT_EQ(requests(chunked("01;a;b=c;d=\"e, \\\"f\" ; g = h\r\nx\r\n00;last\r\n\r\n")),
            "head POST /p 1.1 chunked keep [Host=a][Transfer-Encoding=chunked]\nbody x\nend \n"
            "at end\nidle\n");
}

TEST(RequestFraming, BoundsChunkExtensionsPerMessage) {
  const std::string line = "1;" + std::string(1022, 'x') + "\r\na\r\n";
  std::string body;
  for (int i = 0; i < 16; ++i) body += line;
  const auto status_of = [](const std::string& input) {
    const std::string log = log_requests(input, {}, {.step = 7});
    return log.find("error 400 too many chunk extensions") != std::string::npos ? 400 : 0;
  };
  EXPECT_EQ(status_of(chunked(body + "0\r\n\r\n")), 0);
  EXPECT_EQ(status_of(chunked(body + line + "0\r\n\r\n")), 400);
  EXPECT_EQ(status_of(chunked(body + "0\r\n\r\n") + chunked(body + "0\r\n\r\n")), 0)
      << "each message has its own";
}

TEST(RequestFraming, KeepsTrailersApartAndDropsForbiddenOnes) {
  EXPECT_EQ(requests(chunked("0\r\nX-Sum: 1\r\nAuthorization: x\r\nCookie: y\r\nx-sum: 2\r\n\r\n")),
            "head POST /p 1.1 chunked keep [Host=a][Transfer-Encoding=chunked]\nbody \n"
            "end [X-Sum=1][x-sum=2]\nat end\nidle\n");
  for (const char* field : {"Content-Length: 1", "Transfer-Encoding: chunked", "Host: b"}) {
    EXPECT_EQ(refusal(chunked(std::string("0\r\n") + field + "\r\n\r\n")), 400) << field;
  }
}

TEST(RequestFraming, BoundsTrailersLikeHeads) {
  const std::string trailers = "X: 0123456789012345678901234567890123456789012345\r\n\r\n";
  HeadLimits limits{.head_bytes_max = trailers.size(), .fields_max = 2};
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:chunked\r\n\r\n";
  limits.head_bytes_max = std::max(head.size(), trailers.size());
  ASSERT_EQ(refusal(head + "0\r\n" + trailers, limits), 0);
  EXPECT_EQ(refusal(head + "0\r\n" + "Y: " + std::string(60, 'y') + "\r\n\r\n", limits), 431);
  EXPECT_EQ(refusal(head + "0\r\nA:\r\nB:\r\nC:\r\n\r\n", limits), 431);
}

TEST(RequestFraming, NeverReadsWhatFollowsConnect) {
  EXPECT_EQ(requests("CONNECT a:443 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n"),
            "head CONNECT a:443 1.1 none last [Host=a][Content-Length=3]\nbody \nend \nat end\n"
            "idle\n");
}

TEST(RequestFraming, HandsOutBodySlicesOfTheInput) {
  class Slices final : public RequestParser::Handler {
   public:
    void on_head(const RequestHead&) override {}
    void on_body(std::string_view piece) override { pieces.push_back(piece); }
    void on_end(const Fields&) override {}
    std::vector<std::string_view> pieces;
  } slices;
  RequestParser parser(HeadLimits{}, slices);
  const std::string input = post("Content-Length: 6\r\n", "abc");
  parser.feed(input);
  ASSERT_EQ(slices.pieces.size(), 1U);
  EXPECT_EQ(slices.pieces[0].data(), input.data() + input.size() - 3);
  EXPECT_EQ(slices.pieces[0], "abc");
}

}  // namespace
}  // namespace reprise::http
