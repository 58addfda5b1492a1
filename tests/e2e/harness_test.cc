// The harness against itself, client to scripted upstream: what it cannot see, no test can.
#include <gtest/gtest.h>

#include "e2e/support/messages.h"
#include "e2e/support/raw_client.h"
#include "e2e/support/scripted_upstream.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {
namespace {

RawClient client_of(const ScriptedUpstream& upstream) {
  return RawClient(Connection::to_port(upstream.port()));
}

TEST(Harness, CarriesARequestAndAnAnswer) {
  const std::string answer = json_response(R"({"a":1})", "X-One: 1\r\nx-two:  2 \r\n");
  ScriptedUpstream upstream(always(answer));
  RawClient client = client_of(upstream);
  client.send(post("/v1/x", "body"));
  const Response response = client.read_response();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"a":1})");
  EXPECT_EQ(response.get("x-one"), "1");
  EXPECT_EQ(response.get("X-Two"), "2");
  EXPECT_TRUE(response.whole);
  EXPECT_EQ(upstream.request(0).body, "body");
  EXPECT_EQ(upstream.request(0).target, "/v1/x");
}

TEST(Harness, SeesEachPieceBeforeTheNextIsSent) {
  Latch seen;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head());
    connection.send(chunk("one"));
    connection.wait(seen);
    connection.send(chunk("two"));
    connection.send(kLastChunk);
  });
  RawClient client = client_of(upstream);
  client.send(get("/"));
  client.read_head("GET");
  EXPECT_EQ(client.read_until("one"), "one");
  seen.release();
  const Response response = client.read_rest();
  EXPECT_EQ(response.body, "onetwo");
  EXPECT_EQ(response.chunks, (std::vector<uint64_t>{3, 3}));
  EXPECT_TRUE(response.whole);
}

TEST(Harness, TellsATornChunkedBodyFromAWholeOne) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(stream_head() + chunk("one"));
  });
  RawClient client = client_of(upstream);
  client.send(get("/"));
  const Response response = client.read_response("GET");
  EXPECT_FALSE(response.whole);
  EXPECT_EQ(response.end, Arrival::kClosed);
}

TEST(Harness, TellsAResetFromAnEnd) {
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    connection.wait_closed();
    connection.connection().reset();
  });
  RawClient client = client_of(upstream);
  client.send(get("/"));
  client.read_head("GET");
  client.read_until("half");
  client.connection().shutdown_write();
  EXPECT_EQ(client.read_rest().end, Arrival::kReset);
}

TEST(Harness, SeesThatThePeerHasLeft) {
  Latch left;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) {
    connection.read_request();
    EXPECT_EQ(connection.wait_closed(), Arrival::kClosed);
    left.release();
  });
  {
    RawClient client = client_of(upstream);
    client.send(get("/"));
    upstream.wait_for_requests(1);
  }
  left.wait();
}

TEST(Harness, ReadsChunkedRequestsWithTrailers) {
  ScriptedUpstream upstream(always(json_response("{}")));
  RawClient client = client_of(upstream);
  client.send_pieces({"POST / HTTP/1.1\r\nTransfer-Enc", "oding: chunked\r\n\r", "\n3\r\nab",
                      "c\r\n0\r\nX-T: 1\r", "\n\r\n"});
  EXPECT_TRUE(client.read_response().whole);
  EXPECT_EQ(upstream.request(0).body, "abc");
  EXPECT_EQ(upstream.request(0).trailers.get("x-t"), "1");
}

TEST(Harness, EndsAScriptThatHangs) {
  Latch never;
  ScriptedUpstream upstream([&](UpstreamConnection& connection) { connection.wait(never); });
  RawClient client = client_of(upstream);
  upstream.wait_for_open_connections(1);
}

TEST(Harness, SpeaksTlsWithItsOwnAuthority) {
  const TestCa ca;
  const TlsContext server = ca.server({});
  const TlsContext trusting = ca.client();
  ScriptedUpstream upstream(
      [&](UpstreamConnection& connection) {
        connection.read_request();
        connection.send("HTTP/1.1 200 OK\r\n\r\nhello");
        if (connection.number() == 0) {
          connection.connection().close();
        } else {
          connection.connection().drop();
        }
      },
      server.get());
  for (const Arrival expected : {Arrival::kClosed, Arrival::kTruncated}) {
    RawClient client = client_of(upstream);
    ASSERT_TRUE(client.connection().connect_tls(trusting.get(), "localhost"));
    client.send(get("/"));
    client.read_head("GET");
    client.read_until("hello");
    EXPECT_EQ(client.read_to_end(), expected);
  }
}

TEST(Harness, RefusesCertificatesThatAreNotGood) {
  const TestCa ca;
  const TestCa another;
  const TlsContext expired = ca.server({.days = -1});
  const TlsContext elsewhere = ca.server({.host = "elsewhere.test", .ip = ""});
  const TlsContext foreign = another.server({});
  const TlsContext trusting = ca.client();
  for (SSL_CTX* context : {expired.get(), elsewhere.get(), foreign.get()}) {
    ScriptedUpstream upstream([](UpstreamConnection&) {}, context);
    RawClient client = client_of(upstream);
    EXPECT_FALSE(client.connection().connect_tls(trusting.get(), "localhost"));
  }
}

}  // namespace
}  // namespace reprise::e2e
