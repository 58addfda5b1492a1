#include "net/connector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <vector>

#include "net/tls_test.h"

namespace reprise::net {
namespace {

using ::testing::HasSubstr;
using Step = ConnectFailure::Step;

uint16_t port_of(const std::string& address) {
  return static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

// FullBacklog: listens and never accepts, and its queue is full: further connections hang.
class FullBacklog {
 public:
  FullBacklog() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", 0, &address);
    socklen_t size = sizeof(address);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_, raw, size), 0);
    EXPECT_EQ(::listen(fd_, 0), 0);
    EXPECT_EQ(::getsockname(fd_, raw, &size), 0);
    port = ntohs(address.sin_port);
    for (int i = 0; i < 4; ++i) {
      waiting_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(waiting_.back(), raw, size);
    }
  }
  ~FullBacklog() {
    for (const int fd : waiting_) ::close(fd);
    ::close(fd_);
  }
  FullBacklog(const FullBacklog&) = delete;
  FullBacklog& operator=(const FullBacklog&) = delete;

  uint16_t port = 0;

 private:
  int fd_;
  std::vector<int> waiting_;
};

Address address(uint16_t port) {
  Address made;
  uv_ip4_addr("127.0.0.1", port, reinterpret_cast<sockaddr_in*>(&made.storage));
  return made;
}

class ConnectorTest : public TlsTest {
 protected:
  ConnectorTest() {
    const auto sockets = bind_tcp("127.0.0.1", 0, 1);
    EXPECT_TRUE(sockets && listener_.start(sockets->front()));
    port_ = port_of(sockets->front().address);
  }

  void start(const Destination& destination) {
    connector_ =
        std::make_unique<Connector>(loop_, resolver_, Connector::Timeouts{*whole_, *head_start_},
                                    [this](Connector::Outcome outcome) {
                                      EXPECT_FALSE(in_start_);
                                      EXPECT_FALSE(outcome_) << "called twice";
                                      outcome_ = std::move(outcome);
                                    });
    in_start_ = true;
    connector_->start(destination, std::move(preface_));
    in_start_ = false;
  }

  ConnectFailure failure(const Destination& destination) {
    start(destination);
    run_until([&] { return outcome_.has_value(); });
    EXPECT_FALSE(*outcome_);
    return outcome_->error();
  }

  // A port that was free a moment ago.
  static uint16_t closed_port() {
    const auto sockets = bind_tcp("127.0.0.1", 0, 1);
    ::close(sockets->front().fd);
    return port_of(sockets->front().address);
  }

  std::unique_ptr<TimeoutQueue> whole_ = std::make_unique<TimeoutQueue>(loop_, 20'000);
  std::unique_ptr<TimeoutQueue> head_start_ = std::make_unique<TimeoutQueue>(loop_, 20'000);
  Resolver resolver_{loop_};
  std::vector<std::unique_ptr<TcpStream>> accepted_;
  Listener listener_{loop_,
                     [this](std::unique_ptr<TcpStream> it) { accepted_.push_back(std::move(it)); }};
  uint16_t port_ = 0;
  std::unique_ptr<Preface> preface_;
  bool in_start_ = false;
  std::optional<Connector::Outcome> outcome_;
  std::unique_ptr<Connector> connector_;
};

TEST_F(ConnectorTest, ConnectsToAnAddress) {
  start({"127.0.0.1", port_, nullptr});
  run_until([&] { return outcome_ && !accepted_.empty(); });
  ASSERT_TRUE(*outcome_);
  connector_.reset();
  Reader reader;
  (**outcome_)->set_handler(&reader);
  (**outcome_)->resume_reading();
  write(*accepted_.front(), "hello");
  run_until([&] { return reader.bytes == "hello"; });
}

TEST_F(ConnectorTest, GoesOnToTheNextAddressWhenOneRefuses) {
  resolver_.remember("two.example", 1, {address(closed_port()), address(port_)});
  start({"two.example", 1, nullptr});
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(*outcome_) << outcome_->error().detail;
}

TEST_F(ConnectorTest, GoesOnToTheNextAddressWhenOneIsSlow) {
  const FullBacklog silent;
  head_start_ = std::make_unique<TimeoutQueue>(loop_, 5);
  resolver_.remember("two.example", 1, {address(silent.port), address(port_)});
  start({"two.example", 1, nullptr});
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(*outcome_) << outcome_->error().detail;
}

TEST_F(ConnectorTest, TellsOfTheLastAddressWhenAllRefuse) {
  resolver_.remember("two.example", 1, {address(closed_port()), address(closed_port())});
  EXPECT_EQ(failure({"two.example", 1, nullptr}).detail, "connection refused");
}

TEST_F(ConnectorTest, CallsOnceThoughASecondAddressAnswersLater) {
  resolver_.remember("two.example", 1, {address(port_), address(port_)});
  head_start_ = std::make_unique<TimeoutQueue>(loop_, 0);
  start({"two.example", 1, nullptr});
  run_until([&] { return outcome_.has_value(); });
  run_turns();
  EXPECT_TRUE(*outcome_);
}

TEST_F(ConnectorTest, TellsThatAConnectionIsRefused) {
  const ConnectFailure refused = failure({"127.0.0.1", closed_port(), nullptr});
  EXPECT_EQ(refused.step, Step::kConnect);
  EXPECT_EQ(refused.detail, "connection refused");
}

TEST_F(ConnectorTest, TellsThatANameDoesNotResolve) {
  const ConnectFailure unknown = failure({"no..such..name", 1, nullptr});
  EXPECT_EQ(unknown.step, Step::kResolve);
  EXPECT_FALSE(unknown.detail.empty());
}

TEST_F(ConnectorTest, GivesUpOnAnAddressThatDoesNotAnswer) {
  const FullBacklog silent;
  whole_ = std::make_unique<TimeoutQueue>(loop_, 20);
  EXPECT_EQ(failure({"127.0.0.1", silent.port, nullptr}).step, Step::kTimeout);
}

TEST_F(ConnectorTest, GivesUpOnAHandshakeThatIsNotAnswered) {
  client_context_ = client_context();
  whole_ = std::make_unique<TimeoutQueue>(loop_, 50);
  EXPECT_EQ(failure({"127.0.0.1", port_, client_context_}).step, Step::kTimeout);
  // Whoever keeps the connector gets no second outcome, though the answer comes at last.
  server_context_ = server_context();
  const auto server = TlsStream::accept(std::move(accepted_.front()), *server_context_);
  bool open = false;
  server->on_handshake([&open] { open = true; });
  run_until([&open] { return open; });
  run_turns();
}

TEST_F(ConnectorTest, ShakesHands) {
  client_context_ = client_context();
  server_context_ = server_context();
  start({"localhost", port_, client_context_});
  run_until([&] { return !accepted_.empty(); });
  const auto server = TlsStream::accept(std::move(accepted_.front()), *server_context_);
  server->on_handshake([&] {
    write(*server, "said at once");
    server->finish();
  });
  run_until([&] { return outcome_.has_value(); });
  ASSERT_TRUE(*outcome_) << outcome_->error().detail;
  connector_.reset();
  run_turns();  // nobody reads yet, and nothing is lost
  Reader reader;
  (**outcome_)->set_handler(&reader);
  run_turns();
  EXPECT_EQ(reader.bytes, "");
  (**outcome_)->resume_reading();
  run_until([&] { return reader.over(); });
  EXPECT_EQ(reader.bytes, "said at once");
  EXPECT_TRUE(reader.ended);
}

TEST_F(ConnectorTest, TellsOfACertificateForSomebodyElse) {
  client_context_ = client_context();
  server_context_ = server_context({.names = "DNS:other.example"});
  start({"localhost", port_, client_context_});
  run_until([&] { return !accepted_.empty(); });
  const auto server = TlsStream::accept(std::move(accepted_.front()), *server_context_);
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTls);
  EXPECT_EQ(outcome_->error().detail, "certificate verify failed: hostname mismatch");
}

TEST_F(ConnectorTest, TellsOfAnEndDuringTheHandshake) {
  client_context_ = client_context();
  start({"localhost", port_, client_context_});
  run_until([&] { return !accepted_.empty(); });
  accepted_.front()->finish();
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTls);
  EXPECT_THAT(outcome_->error().detail, HasSubstr("closed during the TLS handshake"));
}

// Greeting: says hello, and takes everything up to a full stop for the answer.
class Greeting final : public Preface, private Stream::Handler {
 public:
  explicit Greeting(bool* gone) : gone_(gone) {}
  ~Greeting() override { *gone_ = true; }
  void start(TcpStream& stream, Done done) override {
    stream_ = &stream;
    done_ = std::move(done);
    stream.set_handler(this);
    write(stream, "hello");
    stream.resume_reading();
  }

 private:
  void on_read(std::string_view bytes) override {
    const size_t stop = bytes.find('.');
    if (stop == std::string_view::npos) return;
    stream_->set_handler(nullptr);
    stream_->pause_reading();
    if (bytes.substr(0, stop) == "no") {
      return done_(base::fail(base::ErrorKind::kUnavailable, "it said no"));
    }
    if (stop + 1 < bytes.size()) stream_->put_back(bytes.substr(stop + 1));
    done_({});
  }
  void on_read_end() override {}
  void on_stream_error(const base::Error&) override {}
  void on_drained() override {}

  bool* const gone_;
  TcpStream* stream_ = nullptr;
  Done done_;
};

class PrefaceTest : public ConnectorTest {
 protected:
  void start_with_greeting(const Destination& destination) {
    preface_ = std::make_unique<Greeting>(&greeting_gone_);
    start(destination);
  }
  // Waits for the connection and the greeting on it.
  void hear_greeting() {
    run_until([&] { return !accepted_.empty(); });
    accepted_.front()->set_handler(&server_);
    accepted_.front()->resume_reading();
    run_until([&] { return server_.bytes == "hello"; });
    accepted_.front()->pause_reading();
  }

  Reader server_;
  bool greeting_gone_ = false;
};

TEST_F(PrefaceTest, ComesFirst) {
  start_with_greeting({"127.0.0.1", port_, nullptr});
  hear_greeting();
  run_turns();
  EXPECT_FALSE(outcome_);
  write(*accepted_.front(), "ye");
  run_turns();
  EXPECT_FALSE(outcome_);
  write(*accepted_.front(), "s.and more");
  run_until([&] { return outcome_.has_value(); });
  ASSERT_TRUE(*outcome_);
  EXPECT_TRUE(greeting_gone_);
  connector_.reset();
  Reader reader;
  (**outcome_)->set_handler(&reader);
  run_turns();
  EXPECT_EQ(reader.bytes, "");
  (**outcome_)->resume_reading();
  run_until([&] { return reader.bytes == "and more"; });
}

TEST_F(PrefaceTest, ComesBeforeTlsWhichIsForItsOwnName) {
  client_context_ = client_context();
  server_context_ = server_context({.names = "DNS:behind.example"});
  start_with_greeting({"127.0.0.1", port_, client_context_, "behind.example"});
  hear_greeting();
  write(*accepted_.front(), "yes.");
  const auto server = TlsStream::accept(std::move(accepted_.front()), *server_context_);
  run_until([&] { return outcome_.has_value(); });
  ASSERT_TRUE(*outcome_) << outcome_->error().detail;
  Reader reader;
  (**outcome_)->set_handler(&reader);
  (**outcome_)->resume_reading();
  write(*server, "secret");
  run_until([&] { return reader.bytes == "secret"; });
}

TEST_F(PrefaceTest, WhatComesBehindItIsReadByTls) {
  client_context_ = client_context();
  start_with_greeting({"localhost", port_, client_context_});
  hear_greeting();
  write(*accepted_.front(), "yes.HTTP/1.1 400 Bad Request\r\n\r\n");
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTls);
}

TEST_F(PrefaceTest, MayRefuse) {
  client_context_ = client_context();
  start_with_greeting({"127.0.0.1", port_, client_context_});
  hear_greeting();
  write(*accepted_.front(), "no.");
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kConnect);
  EXPECT_EQ(outcome_->error().detail, "it said no");
}

TEST_F(PrefaceTest, CountsAsConnecting) {
  whole_ = std::make_unique<TimeoutQueue>(loop_, 50);
  start_with_greeting({"127.0.0.1", port_, nullptr});
  hear_greeting();
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTimeout);
  // Whoever keeps the connector gets no second outcome, though the answer comes at last.
  write(*accepted_.front(), "yes.");
  run_turns();
}

TEST_F(PrefaceTest, IsHeldWithTheFirstAddressThatAnswers) {
  resolver_.remember("two.example", 1, {address(port_), address(port_)});
  head_start_ = std::make_unique<TimeoutQueue>(loop_, 0);
  start_with_greeting({"two.example", 1, nullptr});
  hear_greeting();
  run_turns();
  EXPECT_FALSE(outcome_);
  write(*accepted_.front(), "yes.");
  run_until([&] { return outcome_.has_value(); });
  EXPECT_TRUE(*outcome_);
  run_turns();
}

TEST_F(PrefaceTest, GoesWithTheConnector) {
  start_with_greeting({"127.0.0.1", port_, nullptr});
  hear_greeting();
  connector_.reset();
  EXPECT_TRUE(greeting_gone_);
  accepted_.front()->resume_reading();
  run_until([&] { return server_.over(); });
  EXPECT_FALSE(outcome_);
}

TEST_F(ConnectorTest, MayBeGivenUpAtAnyTime) {
  client_context_ = client_context();
  start({"localhost", port_, client_context_});
  connector_.reset();  // while the name is looked up
  start({"127.0.0.1", port_, client_context_});
  connector_.reset();  // while TCP connects
  start({"127.0.0.1", port_, client_context_});
  run_until([&] { return !accepted_.empty(); });
  run_turns();
  connector_.reset();  // in the handshake
  start({"127.0.0.1", closed_port(), nullptr});
  run_turns();
  connector_.reset();
  run_turns();
}

}  // namespace
}  // namespace reprise::net
