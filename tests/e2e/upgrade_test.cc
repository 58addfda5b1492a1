// A WebSocket, or any upgrade, is a tunnel, but only once the endpoint has said so.
#include <gtest/gtest.h>

#include "e2e/support/checks.h"
#include "e2e/support/messages.h"
#include "e2e/support/proxy.h"

namespace reprise::e2e {
namespace {

const std::string kUpgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const std::string kSwitching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

// Sends back what comes, until the client has ended its side; then says goodbye.
void echo(UpstreamConnection& connection) {
  for (std::string bytes = connection.read_raw(); !bytes.empty(); bytes = connection.read_raw()) {
    connection.send(bytes);
  }
  connection.send("goodbye");
}

TEST(Upgrade, TunnelsBothWaysAfterThe101) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(kSwitching + "first");
    echo(connection);
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime?model=m", kUpgrade));
  const Head head = client.read_head("GET");
  EXPECT_EQ(head.second, "101");
  EXPECT_EQ(head.fields.get("Sec-WebSocket-Accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_TRUE(same_name(head.fields.get("Upgrade"), "websocket"));
  EXPECT_TRUE(same_name(head.fields.get("Connection"), "upgrade"));
  EXPECT_EQ(client.read_raw(5), "first");
  for (const std::string& bytes : {std::string("\x81\x02hi"), std::string(1, '\0')}) {
    client.send(bytes);
    EXPECT_EQ(client.read_raw(bytes.size()), bytes);
  }
  const Request request = upstream.request(0);
  EXPECT_TRUE(same_name(request.get("Upgrade"), "websocket"));
  EXPECT_TRUE(same_name(request.get("Connection"), "upgrade"));
  EXPECT_EQ(request.get("Sec-WebSocket-Key"), "dGhlIHNhbXBsZSBub25jZQ==");
}

TEST(Upgrade, AHalfClosePassesThroughTheTunnel) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(kSwitching);
    echo(connection);
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", kUpgrade));
  client.read_head("GET");
  client.send("last words");
  client.connection().shutdown_write();
  std::string rest;
  EXPECT_EQ(client.read_to_end(&rest), Arrival::kClosed);
  EXPECT_EQ(rest, "last wordsgoodbye");
}

TEST(Upgrade, TheEndpointsEndEndsTheTunnel) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(kSwitching + "bye");
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", kUpgrade));
  client.read_head("GET");
  std::string rest;
  client.read_to_end(&rest);
  EXPECT_EQ(rest, "bye");
}

TEST(Upgrade, ARefusalIsAnOrdinaryAnswer) {
  ScriptedUpstream upstream(always(error_response(403)));
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", kUpgrade));
  EXPECT_EQ(client.read_response("GET").status, 403);
  client.send(get("/v1/models"));
  EXPECT_EQ(client.read_response("GET").status, 403);
}

TEST(Upgrade, BytesSentBeforeThe101AreNotTakenForARequest) {
  // A client that believes in its upgrade too early must not smuggle a request past it: what
  // follows the head is either its next request, parsed by reprise, or held until the 101.
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(error_response(403));
    connection.read_request();
    connection.send(json_response("{}"));
  });
  Proxy proxy(upstream, {"--workers", "1"});
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", kUpgrade) + get("/v1/admin", "X-Reprise-Key: smuggled\r\n"));
  EXPECT_EQ(client.read_response("GET").status, 403);
  client.connection().shutdown_write();
  client.read_to_end();
  EXPECT_FALSE(contains(upstream.received(), "smuggled"));
}

TEST(Upgrade, A101ThatNobodyAskedForIsAFailure) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(kSwitching + "tunnel?");
    connection.wait_closed();
  });
  Proxy proxy(upstream);
  expect_error(proxy.ask(get("/v1/models"), "GET"), 502, "upstream_protocol");
}

TEST(Upgrade, CarriesAMebibyteEachWay) {
  ScriptedUpstream upstream([](UpstreamConnection& connection) {
    connection.read_request();
    connection.send(kSwitching);
    echo(connection);
  });
  Proxy proxy(upstream);
  RawClient client = proxy.connect();
  client.send(get("/v1/realtime", kUpgrade));
  client.read_head("GET");
  std::string all;
  for (int i = 0; i < 64; ++i) {
    const std::string block(16 * 1024, static_cast<char>('a' + i % 26));
    client.send(block);
    std::string back;
    while (back.size() < block.size()) back += client.read_raw(1);
    ASSERT_EQ(back, block);
  }
}

}  // namespace
}  // namespace reprise::e2e
