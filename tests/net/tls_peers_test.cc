// What other TLS implementations do, and what hostile ones could.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <string>

#include "net/scripted_peer.h"
#include "net/tls_test.h"

namespace reprise::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsPeers : public TlsTest {
 protected:
  // An accepting TlsStream and a peer who connects to it.
  void accept_from(SSL_CTX* peer_context) {
    Ends tcp = connect();
    server_context_ = server_context();
    stream_ = TlsStream::accept(std::move(tcp.server), *server_context_);
    stream_->set_handler(&reader_);
    stream_->on_handshake([this] { open_ = true; });
    peer_ = std::make_unique<ScriptedPeer>(std::move(tcp.client), peer_context);
    SSL_set_connect_state(peer_->ssl());
  }

  // A connecting TlsStream and a peer who accepts it.
  void connect_to(SSL_CTX* peer_context) {
    open_ = false;
    reader_ = {};
    const CertificateFiles files = authority_.issue({.names = names_});
    SSL_CTX_use_certificate_chain_file(peer_context, files.certificate.c_str());
    SSL_CTX_use_PrivateKey_file(peer_context, files.key.c_str(), SSL_FILETYPE_PEM);
    Ends tcp = connect();
    if (client_context_ == nullptr) client_context_ = client_context();
    peer_ = std::make_unique<ScriptedPeer>(std::move(tcp.server), peer_context);
    SSL_set_accept_state(peer_->ssl());
    stream_ = TlsStream::connect(std::move(tcp.client), *client_context_, host_);
    stream_->set_handler(&reader_);
    stream_->on_handshake([this] { open_ = true; });
  }

  void shake_hands() {
    peer_->advance();
    run_until([this] { return (open_ && peer_->open) || reader_.over(); });
  }

  std::unique_ptr<ScriptedPeer> peer_;
  std::unique_ptr<TlsStream> stream_;
  Reader reader_;
  bool open_ = false;
  std::string host_ = "localhost";
  std::string names_ = "DNS:localhost,IP:127.0.0.1";
};

SSL_CTX* new_client() { return SSL_CTX_new(TLS_client_method()); }

SSL_CTX* new_server() { return SSL_CTX_new(TLS_server_method()); }

SSL_CTX* only(SSL_CTX* context, int version) {
  SSL_CTX_set_security_level(context, 0);
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  return context;
}

TEST_F(TlsPeers, SpeaksTls12WithForwardSecrecyAndAnAead) {
  accept_from(only(new_client(), TLS1_2_VERSION));
  shake_hands();
  ASSERT_EQ(reader_.error, "");
  EXPECT_THAT(SSL_get_cipher_name(peer_->ssl()), StartsWith("ECDHE-"));
  stream_->resume_reading();
  peer_->write("hello");
  run_until([&] { return reader_.bytes == "hello"; });
}

TEST_F(TlsPeers, RefusesTls11) {
  accept_from(only(new_client(), TLS1_1_VERSION));
  shake_hands();
  EXPECT_EQ(reader_.error, "TLS handshake failed: unsupported protocol");
  connect_to(only(new_server(), TLS1_1_VERSION));
  shake_hands();
  EXPECT_THAT(reader_.error, HasSubstr("alert protocol version"));
}

TEST_F(TlsPeers, ResumesATls12SessionAgainAndAgain) {
  SSL_CTX* context = only(new_server(), TLS1_2_VERSION);
  for (const bool expected : {false, true, true}) {
    SSL_CTX_up_ref(context);
    connect_to(context);
    shake_hands();
    ASSERT_TRUE(open_) << reader_.error;
    EXPECT_EQ(stream_->resumed(), expected);
  }
  SSL_CTX_free(context);
}

TEST_F(TlsPeers, UsesATls13TicketOnce) {
  SSL_CTX* context = new_server();
  SSL_CTX_set_num_tickets(context, 1);
  for (const bool expected : {false, true, false}) {
    SSL_CTX_up_ref(context);
    connect_to(context);
    if (expected) SSL_set_num_tickets(peer_->ssl(), 0);
    shake_hands();
    EXPECT_EQ(stream_->resumed(), expected);
    peer_->write("after the ticket");
    stream_->resume_reading();
    run_until([&] { return !reader_.bytes.empty(); });
  }
  SSL_CTX_free(context);
}

TEST_F(TlsPeers, RemembersABoundedNumberOfSessions) {
  SSL_CTX* context = new_server();
  SSL_CTX_set_num_tickets(context, 2 * TlsContext::kSessionsPerHostMax);
  names_ = "DNS:*.some.example";
  const size_t hosts = TlsContext::kSessionsMax / TlsContext::kSessionsPerHostMax + 1;
  for (size_t i = 0; i < hosts; ++i) {
    host_ = std::to_string(i) + ".some.example";
    SSL_CTX_up_ref(context);
    connect_to(context);
    shake_hands();
    ASSERT_EQ(reader_.error, "");
    peer_->write("after the tickets");
    stream_->resume_reading();
    run_until([&] { return !reader_.bytes.empty(); });
    EXPECT_EQ(client_context_->session_count(),
              std::min((i + 1) * TlsContext::kSessionsPerHostMax, TlsContext::kSessionsMax));
  }
  SSL_CTX_free(context);
}

TEST_F(TlsPeers, SaysItsProtocol) {
  accept_from(new_client());
  const std::string offered = "\x02h2\x08http/1.1";
  SSL_set_alpn_protos(peer_->ssl(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  shake_hands();
  ASSERT_EQ(reader_.error, "");
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(peer_->ssl(), &chosen, &size);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(chosen), size), "http/1.1");
}

TEST_F(TlsPeers, RefusesAClientWhoSpeaksSomethingElse) {
  accept_from(new_client());
  const std::string offered = "\x02h2";
  SSL_set_alpn_protos(peer_->ssl(), reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  shake_hands();
  run_until([&] { return !peer_->reason.empty(); });
  EXPECT_THAT(peer_->reason, HasSubstr("no application protocol"));
}

TEST_F(TlsPeers, NamesTheHostToTheServerButNoAddress) {
  connect_to(new_server());
  shake_hands();
  EXPECT_STREQ(SSL_get_servername(peer_->ssl(), TLSEXT_NAMETYPE_host_name), "localhost");
  host_ = "127.0.0.1";
  connect_to(new_server());
  shake_hands();
  EXPECT_EQ(reader_.error, "");
  EXPECT_EQ(SSL_get_servername(peer_->ssl(), TLSEXT_NAMETYPE_host_name), nullptr);
}

TEST_F(TlsPeers, DoesNotRenegotiate) {
  accept_from(only(new_client(), TLS1_2_VERSION));
  shake_hands();
  stream_->resume_reading();
  peer_->write("before");
  SSL_renegotiate(peer_->ssl());
  peer_->advance();
  run_until([&] { return reader_.over() || !peer_->reason.empty(); });
  EXPECT_EQ(reader_.bytes, "before");
  EXPECT_THAT(peer_->reason, HasSubstr("no renegotiation"));
}

TEST_F(TlsPeers, ChangesKeysWhenAsked) {
  accept_from(new_client());
  shake_hands();
  stream_->resume_reading();
  for (int i = 0; i < 100; ++i) {
    SSL_key_update(peer_->ssl(), SSL_KEY_UPDATE_REQUESTED);
    peer_->write("x");
    write(*stream_, "y");
  }
  run_until([&] { return reader_.bytes.size() == 100 && peer_->bytes.size() == 100; });
  EXPECT_EQ(reader_.error + peer_->reason, "");
}

// A ticket that fills several records.
int make_ticket_large(SSL* ssl, void*) {
  static const std::string filler(2000, 'x');
  return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), filler.data(), filler.size());
}

TEST_F(TlsPeers, WritesWaitForTheRestOfATicket) {
  SSL_CTX* context = new_server();
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_max_send_fragment(context, 512);
  SSL_CTX_set_session_ticket_cb(context, make_ticket_large, nullptr, nullptr);
  connect_to(context);
  shake_hands();
  ASSERT_EQ(reader_.error, "");
  stream_->resume_reading();
  ASSERT_EQ(SSL_new_session_ticket(peer_->ssl()), 1);
  ASSERT_EQ(SSL_do_handshake(peer_->ssl()), 1);
  const std::string ticket = peer_->take_output();
  ASSERT_GT(ticket.size(), 2000U);
  write(peer_->tcp(), ticket.substr(0, 900));
  run_turns();
  write(*stream_, "this ");
  write(*stream_, "waits");
  stream_->finish();
  run_turns();
  EXPECT_EQ(peer_->bytes, "");
  EXPECT_EQ(stream_->unwritten(), 10U);
  write(peer_->tcp(), ticket.substr(900));
  run_until([&] { return peer_->closed; });
  EXPECT_EQ(peer_->bytes, "this waits");
  EXPECT_NE(SSL_get_shutdown(peer_->ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
  EXPECT_EQ(stream_->unwritten(), 0U);
  EXPECT_EQ(reader_.drained, 1);
}

TEST_F(TlsPeers, DoesNotAnswerWithoutEnd) {
  connect_to(only(new_server(), TLS1_2_VERSION));
  shake_hands();
  ASSERT_EQ(reader_.error, "");
  stream_->resume_reading();
  peer_->tcp().pause_reading();
  for (int i = 0; i < 1000 && !reader_.over(); ++i) {
    SSL_renegotiate(peer_->ssl());
    SSL_do_handshake(peer_->ssl());
    peer_->write("");
    run_turns();
  }
  EXPECT_EQ(reader_.error, "TLS failed: too much asked of it");
}

}  // namespace
}  // namespace reprise::net
