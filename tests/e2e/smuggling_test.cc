// An ambiguous message is refused, on both sides: behind the proxy nobody sees a byte of it.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

struct Case {
  std::string name;
  std::string bytes;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

// A POST with these header lines and this body, on a route that is not cached.
std::string sent(const std::string& headers, const std::string& body = "") {
  return "POST /v1/files HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
  return sent("Transfer-Encoding: chunked\r\n", body);
}

const std::string kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n";

std::string line(const std::string& request_line) { return request_line + "\r\nHost: x\r\n\r\n"; }

class RefusedRequest : public testing::TestWithParam<Case> {};

TEST_P(RefusedRequest, GetsAnErrorAndTheEndpointNothing) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send(GetParam().bytes + kSmuggled);
  const Head head = client.read_head();
  const Response response = client.read_rest();
  // 501 and 505 say the same of a coding and of a version.
  EXPECT_TRUE(response.status == 400 || response.status == 501 || response.status == 505)
      << response.raw_head << response.body;
  EXPECT_EQ(json_at(response.body, "/error/type"), "reprise_error") << response.body;
  EXPECT_TRUE(same_name(head.fields.get("Connection"), "close"));
  std::string rest;
  client.read_to_end(&rest);
  EXPECT_EQ(rest, "");
  // A request that is good shows that the endpoint was listening all along. It must not be met
  // by anything on a connection that the bad one had opened.
  EXPECT_EQ(proxy.ask(get("/v1/canary"), "GET").status, 200);
  EXPECT_EQ(upstream.received().rfind("GET /v1/canary", 0), 0U) << upstream.received();
  EXPECT_EQ(upstream.requests(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Length, RefusedRequest,
    testing::Values(Case{"WithTransferEncoding",
                         sent("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
                    Case{"BehindTransferEncoding",
                         sent("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n")},
                    Case{"TwiceUnequal", sent("Content-Length: 1\r\nContent-Length: 2\r\n", "ab")},
                    Case{"TwiceEqual", sent("Content-Length: 1\r\nContent-Length: 1\r\n", "a")},
                    Case{"List", sent("Content-Length: 1, 1\r\n", "a")},
                    Case{"Plus", sent("Content-Length: +1\r\n", "a")},
                    Case{"Minus", sent("Content-Length: -1\r\n", "a")},
                    Case{"Hex", sent("Content-Length: 0x1\r\n", "a")},
                    Case{"Empty", sent("Content-Length: \r\n")},
                    Case{"Word", sent("Content-Length: many\r\n")},
                    Case{"InnerSpace", sent("Content-Length: 1 1\r\n", "a")},
                    Case{"Overflow", sent("Content-Length: 18446744073709551617\r\n", "a")}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Coding, RefusedRequest,
    testing::Values(
        Case{"Unknown", sent("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
        Case{"Identity", sent("Transfer-Encoding: identity\r\n", "0\r\n\r\n")},
        Case{"Gzip", sent("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n")},
        Case{"ChunkedNotLast", sent("Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n")},
        Case{"ChunkedTwice", sent("Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n")},
        Case{"TwoFields",
             sent("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Case{"VerticalTab", sent("Transfer-Encoding: \vchunked\r\n", "0\r\n\r\n")},
        Case{"Empty", sent("Transfer-Encoding: \r\n", "0\r\n\r\n")},
        Case{"Quoted", sent("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n")},
        Case{"OnHttp10",
             "POST /v1/files HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedRequest,
    testing::Values(
        Case{"SpaceBeforeColon", sent("X-A : 1\r\n")}, Case{"TabBeforeColon", sent("X-A\t: 1\r\n")},
        Case{"Folding", sent("X-A: 1\r\n 2\r\n")}, Case{"FoldingByTab", sent("X-A: 1\r\n\t2\r\n")},
        Case{"LeadingSpace", sent(" X-A: 1\r\n")},
        Case{"BareCarriageReturn", sent("X-A: 1\rX-B: 2\r\n")},
        Case{"BareCarriageReturnHidesCoding",
             sent("X:\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Case{"BareLineFeed", sent("X-A: 1\nX-B: 2\r\n")},
        Case{"BareLineFeedEndsTheHead", "POST /v1/files HTTP/1.1\r\nHost: x\r\nX-A: 1\n\n"},
        Case{"CarriageReturnBehindTheHead", "GET /v1/models HTTP/1.1\r\nHost: x\r\n\rX\r\n"},
        Case{"Nul", sent(std::string("X-A: a\0b\r\n", 10))},
        Case{"Control", sent("X-A: a\x01"
                             "b\r\n")},
        Case{"Delete", sent("X-A: a\x7f"
                            "b\r\n")},
        Case{"BadName", sent("X(A): 1\r\n")}, Case{"NoName", sent(": 1\r\n")},
        Case{"NoColon", sent("X-A\r\n")}, Case{"NulInName", sent(std::string("X\0A: 1\r\n", 8))}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Line, RefusedRequest,
    testing::Values(Case{"TwoSpaces", line("GET  /v1/models HTTP/1.1")},
                    Case{"TwoSpacesBehind", line("GET /v1/models  HTTP/1.1")},
                    Case{"Http2", line("GET /v1/models HTTP/2.0")},
                    Case{"Http12", line("GET /v1/models HTTP/1.2")},
                    Case{"Http09", "GET /v1/models\r\n\r\n"},
                    Case{"NoVersion", line("GET /v1/models")},
                    Case{"LowerCaseVersion", line("GET /v1/models http/1.1")},
                    Case{"Fragment", line("GET /v1/models#x HTTP/1.1")},
                    Case{"TabInLine", line("GET\t/v1/models HTTP/1.1")},
                    Case{"ControlInTarget", line("GET /v1/mo\x01"
                                                 "dels HTTP/1.1")},
                    Case{"NulInTarget", line(std::string("GET /v1/mo\0dels HTTP/1.1", 24))},
                    Case{"RelativeTarget", line("GET v1/models HTTP/1.1")},
                    Case{"NotHttp",
                         std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15)},
                    Case{"BareLineFeed", "GET /v1/models HTTP/1.1\nHost: x\n\n"}),
    name_of);

INSTANTIATE_TEST_SUITE_P(
    Host, RefusedRequest,
    testing::Values(Case{"Missing", "GET /v1/models HTTP/1.1\r\n\r\n"},
                    Case{"Empty", "GET /v1/models HTTP/1.1\r\nHost: \r\n\r\n"},
                    Case{"Twice", "GET /v1/models HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n"},
                    Case{"List", "GET /v1/models HTTP/1.1\r\nHost: x, y\r\n\r\n"},
                    Case{"WithPath", "GET /v1/models HTTP/1.1\r\nHost: x/y\r\n\r\n"},
                    Case{"WithUser", "GET /v1/models HTTP/1.1\r\nHost: u@x\r\n\r\n"}),
    name_of);

class RefusedChunk : public testing::TestWithParam<Case> {};

// The head is good, so the endpoint may have seen it; it must never see a whole request, nor the
// bytes that were meant to become another one.
TEST_P(RefusedChunk, NeverBecomesAWholeRequest) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send(chunked(GetParam().bytes) + kSmuggled);
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(json_at(response.body, "/error/code"), "bad_request");
  std::string rest;
  client.read_to_end(&rest);
  EXPECT_EQ(rest, "");
  EXPECT_EQ(proxy.ask(get("/v1/canary"), "GET").status, 200);
  EXPECT_EQ(upstream.requests(), 1U);
  EXPECT_FALSE(contains(upstream.received(), "smuggled"));
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedChunk,
    testing::Values(Case{"NotHex", "g\r\na\r\n0\r\n\r\n"}, Case{"Negative", "-1\r\na\r\n0\r\n\r\n"},
                    Case{"Plus", "+1\r\na\r\n0\r\n\r\n"}, Case{"Prefix", "0x1\r\na\r\n0\r\n\r\n"},
                    Case{"Empty", "\r\na\r\n0\r\n\r\n"},
                    Case{"Overflow", "10000000000000001\r\na\r\n0\r\n\r\n"},
                    Case{"LeadingSpace", " 1\r\na\r\n0\r\n\r\n"},
                    Case{"TrailingSpace", "1 \r\na\r\n0\r\n\r\n"},
                    Case{"BareLineFeed", "1\na\r\n0\r\n\r\n"},
                    Case{"CarriageReturnAndMore", "1\rX\r\na\r\n0\r\n\r\n"},
                    Case{"DataWithoutEnd", "1\r\nab\r\n0\r\n\r\n"},
                    Case{"DataEndsByLineFeed", "1\r\na\n0\r\n\r\n"},
                    Case{"BadExtension", "1;a=\x01\r\na\r\n0\r\n\r\n"},
                    Case{"ExtensionWithCarriageReturn", "1;a\rb\r\na\r\n0\r\n\r\n"},
                    Case{"ExtensionWithLineFeed", "1;a\nb\r\na\r\n0\r\n\r\n"},
                    Case{"BadTrailer", "0\r\nX A: 1\r\n\r\n"},
                    Case{"FoldedTrailer", "0\r\nX: 1\r\n 2\r\n\r\n"},
                    Case{"TrailersEndByCarriageReturn", "0\r\n\rX\r\n\r\n"}),
    name_of);

TEST(Smuggling, ChunkExtensionsAreNeverForwarded) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  const Response response = proxy.ask(chunked("1;secret=1\r\na\r\n0;secret=2\r\n\r\n"));
  EXPECT_TRUE(response.status == 200 || response.status == 400);
  EXPECT_FALSE(contains(upstream.received(), "secret"));
}

TEST(Smuggling, MessagesAreWrittenAnew) {
  ScriptedUpstream upstream(always(json_response("{}")));
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send("POST /v1/files HTTP/1.1\r\nHost:x\r\nX-A:   1  \r\nContent-Length: 003\r\n\r\nabc");
  const Response response = client.read_response();
  if (response.status == 400) return;  // leading zeros may as well be refused
  EXPECT_TRUE(contains(upstream.request(0).raw_head, "X-A: 1\r\n"));
  EXPECT_TRUE(contains(upstream.request(0).raw_head, "Content-Length: 3\r\n"));
}

class RefusedAnswer : public testing::TestWithParam<Case> {};

TEST_P(RefusedAnswer, IsA502AndNeverSeen) {
  const std::string poisoned =
      GetParam().bytes + "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      const Request request = connection.read_request();
      connection.send(request.target == "/v1/canary" ? json_response("canary") : poisoned);
    }
  });
  Proxy proxy(upstream, {"--workers", "1"});
  for (const std::string& request : {get("/v1/models"), chat_request()}) {
    const Response response = proxy.ask(request);
    expect_error(response, 502, "upstream_protocol");
    EXPECT_FALSE(contains(response.raw_head + response.body, "smuggled"));
  }
  EXPECT_EQ(proxy.ask(get("/v1/canary"), "GET").body, "canary");
}

std::string answered(const std::string& headers, const std::string& body = "") {
  return "HTTP/1.1 200 OK\r\n" + headers + "\r\n" + body;
}

INSTANTIATE_TEST_SUITE_P(
    Each, RefusedAnswer,
    testing::Values(
        Case{"LengthAndCoding",
             answered("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n")},
        Case{"LengthTwice", answered("Content-Length: 1\r\nContent-Length: 2\r\n", "ab")},
        Case{"LengthList", answered("Content-Length: 1, 1\r\n", "a")},
        Case{"LengthSigned", answered("Content-Length: +1\r\n", "a")},
        Case{"LengthOverflow", answered("Content-Length: 18446744073709551617\r\n", "a")},
        Case{"CodingUnknown", answered("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n")},
        Case{"CodingChunkedNotLast",
             answered("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n")},
        Case{"SpaceBeforeColon", answered("Content-Length : 1\r\n", "a")},
        Case{"Folding", answered("X-A: 1\r\n 2\r\nContent-Length: 0\r\n")},
        Case{"BareCarriageReturn", answered("X-A: 1\rX-B: 2\r\nContent-Length: 0\r\n")},
        Case{"BareLineFeed", answered("X-A: 1\nContent-Length: 0\r\n")},
        Case{"Nul", answered(std::string("X-A: a\0b\r\nContent-Length: 0\r\n", 29))},
        Case{"BadName", answered("X(A): 1\r\nContent-Length: 0\r\n")},
        Case{"NotHttp", "SSH-2.0-OpenSSH\r\n\r\n"},
        Case{"Http2", "HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"},
        Case{"StatusOfTwoDigits", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"},
        Case{"StatusOfFourDigits", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"}),
    name_of);

TEST(Smuggling, BytesBehindAnAnswerSpoilTheConnection) {
  // What an endpoint sends unasked must not be taken for the answer to the next request.
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    for (;;) {
      connection.read_request();
      connection.send(json_response("first") + json_response("unasked"));
    }
  });
  Proxy proxy(upstream, {"--workers", "1"});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(proxy.ask(get("/v1/models"), "GET").body, "first");
}

}  // namespace
}  // namespace reprise::e2e
