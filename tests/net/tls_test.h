#pragma once

#include <memory>
#include <string>

#include "net/net_test.h"
#include "net/test_authority.h"
#include "net/tls_context.h"
#include "net/tls_stream.h"

namespace reprise::net {

// TlsEnds: the two ends of a TLS connection and who reads them.
struct TlsEnds {
  bool both_open() const { return client_open && server_open; }
  bool failed() const { return !client_reader.error.empty(); }

  Reader client_reader;
  Reader server_reader;
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;
  bool client_open = false;
  bool server_open = false;
};

// TlsTest: an authority, and contexts that use it.
class TlsTest : public NetTest {
 protected:
  std::unique_ptr<TlsContext> server_context(const Subject& subject = {});
  std::unique_ptr<TlsContext> client_context();

  // Over `tcp`, with the handshake under way; nobody reads yet.
  std::unique_ptr<TlsEnds> begin(Ends tcp, TlsContext& client, TlsContext& server,
                                 const std::string& host = "localhost");
  // Connected, both handshakes done, nobody reads.
  std::unique_ptr<TlsEnds> open();

  TestAuthority authority_;
  std::shared_ptr<TlsContext> client_context_;
  std::unique_ptr<TlsContext> server_context_;
};

}  // namespace reprise::net
