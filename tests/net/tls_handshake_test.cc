#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/tls_test.h"

namespace reprise::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TlsHandshake : public TlsTest {
 protected:
  // What the client is told about a server with this certificate; empty: all is well.
  std::string verdict(const Subject& subject, const std::string& host) {
    const auto server = server_context(subject);
    const auto client = client_context();
    return verdict(*client, *server, host);
  }

  std::string verdict(TlsContext& client, TlsContext& server, const std::string& host) {
    const auto ends = begin(connect(), client, server, host);
    run_until([&] { return ends->both_open() || ends->failed(); });
    EXPECT_NE(ends->client_open, ends->failed());
    return ends->client_reader.error;
  }
};

TEST_F(TlsHandshake, AcceptsACertificateForTheName) {
  EXPECT_EQ(verdict({.names = "DNS:api.example"}, "api.example"), "");
  EXPECT_EQ(verdict({.names = "DNS:*.some.example"}, "api.some.example"), "");
}

TEST_F(TlsHandshake, AcceptsACertificateForTheAddress) {
  EXPECT_EQ(verdict({.names = "IP:127.0.0.1"}, "127.0.0.1"), "");
  EXPECT_EQ(verdict({.names = "IP:0:0:0:0:0:0:0:1"}, "::1"), "");
}

TEST_F(TlsHandshake, TakesANameWithTheRootsDotForTheSame) {
  EXPECT_EQ(verdict({.names = "DNS:api.example"}, "api.example."), "");
}

TEST_F(TlsHandshake, RefusesACertificateForAnotherName) {
  EXPECT_EQ(verdict({.names = "DNS:other.example"}, "api.example"),
            "certificate verify failed: hostname mismatch");
  EXPECT_EQ(verdict({.names = "DNS:a*.some.example"}, "api.some.example"),
            "certificate verify failed: hostname mismatch");
}

TEST_F(TlsHandshake, RefusesACertificateForAnotherAddress) {
  EXPECT_EQ(verdict({.names = "IP:127.0.0.2,DNS:127.0.0.1"}, "127.0.0.1"),
            "certificate verify failed: IP address mismatch");
}

TEST_F(TlsHandshake, RefusesAnExpiredCertificate) {
  EXPECT_EQ(verdict({.days = -1}, "localhost"),
            "certificate verify failed: certificate has expired");
}

TEST_F(TlsHandshake, RefusesAnAuthorityThatItDoesNotKnow) {
  TestAuthority other;
  auto trusts_other = TlsContext::client(other.file());
  ASSERT_TRUE(trusts_other);
  const auto server = server_context();
  EXPECT_THAT(verdict(**trusts_other, *server, "localhost"),
              StartsWith("certificate verify failed: unable to get local issuer"));
  auto trusts_the_system = TlsContext::client("");
  ASSERT_TRUE(trusts_the_system);
  EXPECT_THAT(verdict(**trusts_the_system, *server, "localhost"),
              StartsWith("certificate verify failed: "));
}

TEST_F(TlsHandshake, NeverConnectsWithoutAName) {
  EXPECT_EQ(verdict({}, ""), "no certificate can be for this name");
  EXPECT_EQ(verdict({}, "."), "no certificate can be for this name");
  EXPECT_EQ(verdict({}, std::string(300, 'a')), "no certificate can be for this name");
}

TEST_F(TlsHandshake, TellsTheServerWhyItWasRefused) {
  const auto server = server_context({.names = "DNS:other.example"});
  const auto client = client_context();
  const auto ends = begin(connect(), *client, *server, "api.example");
  run_until([&] { return ends->failed() && ends->server_reader.over(); });
  EXPECT_THAT(ends->server_reader.error, HasSubstr("alert bad certificate"));
}

TEST_F(TlsHandshake, TellsOfSomethingThatIsNotTls) {
  const auto client = client_context();
  Ends tcp = connect();
  Reader reader;
  const auto stream = TlsStream::connect(std::move(tcp.client), *client, "localhost");
  stream->set_handler(&reader);
  write(*tcp.server, "HTTP/1.1 400 Bad Request\r\n\r\n");
  run_until([&] { return reader.over(); });
  EXPECT_EQ(reader.error, "TLS handshake failed: wrong version number");
}

TEST_F(TlsHandshake, ServerTellsOfSomethingThatIsNotTls) {
  const auto server = server_context();
  for (const std::string& garbage :
       {std::string("GET / HTTP/1.1\r\n\r\n"), pattern(3000), std::string(70'000, '\x16')}) {
    Ends tcp = connect();
    Reader reader;
    const auto stream = TlsStream::accept(std::move(tcp.server), *server);
    stream->set_handler(&reader);
    write(*tcp.client, garbage);
    run_until([&] { return reader.over(); });
    EXPECT_THAT(reader.error, StartsWith("TLS handshake failed: "));
  }
}

TEST_F(TlsHandshake, TellsOfAConnectionThatEndsInIt) {
  const auto client = client_context();
  Ends tcp = connect();
  Reader reader;
  const auto stream = TlsStream::connect(std::move(tcp.client), *client, "localhost");
  stream->set_handler(&reader);
  tcp.server->finish();
  run_until([&] { return reader.over(); });
  EXPECT_EQ(reader.error, "the connection was closed during the TLS handshake");
}

TEST_F(TlsHandshake, TellsOfAConnectionThatIsResetInIt) {
  const auto client = client_context();
  Ends tcp = connect();
  Reader reader;
  const auto stream = TlsStream::connect(std::move(tcp.client), *client, "localhost");
  stream->set_handler(&reader);
  tcp.server->reset_on_close();
  tcp.server.reset();
  run_until([&] { return reader.over(); });
  EXPECT_EQ(reader.error, "TLS handshake: connection reset by peer");
}

TEST_F(TlsHandshake, GoesOnWhileReadingIsPausedButDeliversNothing) {
  const auto ends = open();
  write(*ends->server, "early");
  run_turns();
  EXPECT_EQ(ends->client_reader.bytes, "");
  ends->client->resume_reading();
  run_until([&] { return ends->client_reader.bytes == "early"; });
}

TEST_F(TlsHandshake, KeepsWhatIsWrittenBeforeItIsDone) {
  client_context_ = client_context();
  server_context_ = server_context();
  const auto ends = begin(connect(), *client_context_, *server_context_);
  write(*ends->client, "one ");
  write(*ends->client, "two ");
  EXPECT_GE(ends->client->unwritten(), 8U);
  ends->client->on_handshake([&] { write(*ends->client, "three"); });
  ends->client->finish();
  ends->server->resume_reading();
  run_until([&] { return ends->server_reader.over(); });
  EXPECT_EQ(ends->server_reader.bytes, "one two ");  // finish() came before "three"
  EXPECT_TRUE(ends->server_reader.ended);
  EXPECT_EQ(ends->client->unwritten(), 0U);
  EXPECT_EQ(ends->client_reader.drained, 1);
}

TEST_F(TlsHandshake, ResumesASession) {
  for (const bool expected : {false, true, true}) {
    const auto ends = open();
    EXPECT_EQ(ends->client->resumed(), expected);
    EXPECT_EQ(ends->server->resumed(), expected);
    write(*ends->server, "tickets come before this");
    ends->client->resume_reading();
    run_until([&] { return !ends->client_reader.bytes.empty(); });
  }
}

TEST_F(TlsHandshake, ResumesASessionAtAnotherWorker) {
  const auto first = open();
  write(*first->server, "tickets come before this");
  first->client->resume_reading();
  run_until([&] { return !first->client_reader.bytes.empty(); });
  const CertificateFiles files = authority_.issue({});
  server_context_ = *TlsContext::server(files.certificate, files.key);
  EXPECT_TRUE(open()->client->resumed());
}

TEST_F(TlsHandshake, ResumesASessionOfTheSameHostOnly) {
  const auto server = server_context({.names = "DNS:a.example,DNS:b.example"});
  const auto client = client_context();
  const auto greet = [&](const std::string& host) {
    const auto ends = begin(connect(), *client, *server, host);
    ends->client->resume_reading();
    ends->server->on_handshake([&ends] { write(*ends->server, "hello"); });
    run_until([&] { return !ends->client_reader.bytes.empty() || ends->failed(); });
    return ends->client->resumed();
  };
  EXPECT_FALSE(greet("a.example"));
  EXPECT_FALSE(greet("b.example"));
  EXPECT_TRUE(greet("a.example"));
}

TEST_F(TlsHandshake, StreamsOutliveTheirContexts) {
  const auto ends = open();
  client_context_.reset();
  server_context_.reset();
  write(*ends->server, "still here");
  ends->client->resume_reading();  // reads the tickets, too
  run_until([&] { return ends->client_reader.bytes == "still here"; });
}

TEST_F(TlsHandshake, MayGiveTheStreamAnotherOwner) {
  client_context_ = client_context();
  server_context_ = server_context();
  const auto ends = begin(connect(), *client_context_, *server_context_);
  std::unique_ptr<TlsStream> owner;
  Reader reader;
  ends->server->on_handshake([&] {
    owner = std::move(ends->server);
    owner->set_handler(&reader);
    owner->resume_reading();
  });
  write(*ends->client, "to the second owner");
  run_until([&] { return reader.bytes == "to the second owner"; });
  EXPECT_EQ(ends->server_reader.bytes, "");
}

}  // namespace
}  // namespace reprise::net
