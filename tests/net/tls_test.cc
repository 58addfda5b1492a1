#include "net/tls_test.h"

namespace reprise::net {

std::unique_ptr<TlsContext> TlsTest::server_context(const Subject& subject) {
  const CertificateFiles files = authority_.issue(subject);
  auto context = TlsContext::server(files.certificate, files.key);
  EXPECT_TRUE(context) << context.error().detail;
  return std::move(*context);
}

std::unique_ptr<TlsContext> TlsTest::client_context() {
  auto context = TlsContext::client(authority_.file());
  EXPECT_TRUE(context) << context.error().detail;
  return std::move(*context);
}

std::unique_ptr<TlsEnds> TlsTest::begin(Ends tcp, TlsContext& client, TlsContext& server,
                                        const std::string& host) {
  auto ends = std::make_unique<TlsEnds>();
  TlsEnds& it = *ends;
  it.server = TlsStream::accept(std::move(tcp.server), server);
  it.server->set_handler(&it.server_reader);
  it.server->on_handshake([&it] { it.server_open = true; });
  it.client = TlsStream::connect(std::move(tcp.client), client, host);
  it.client->set_handler(&it.client_reader);
  it.client->on_handshake([&it] { it.client_open = true; });
  return ends;
}

std::unique_ptr<TlsEnds> TlsTest::open() {
  if (client_context_ == nullptr) client_context_ = client_context();
  if (server_context_ == nullptr) server_context_ = server_context();
  auto ends = begin(connect(), *client_context_, *server_context_);
  run_until([&] { return ends->both_open() || ends->failed(); });
  EXPECT_TRUE(ends->both_open()) << ends->client_reader.error;
  return ends;
}

}  // namespace reprise::net
