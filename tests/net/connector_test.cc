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
    connector_->start(destination);
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
  EXPECT_EQ(failure({"127.0.0.1", port_, client_context_.get()}).step, Step::kTimeout);
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
  start({"localhost", port_, client_context_.get()});
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
  start({"localhost", port_, client_context_.get()});
  run_until([&] { return !accepted_.empty(); });
  const auto server = TlsStream::accept(std::move(accepted_.front()), *server_context_);
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTls);
  EXPECT_EQ(outcome_->error().detail, "certificate verify failed: hostname mismatch");
}

TEST_F(ConnectorTest, TellsOfAnEndDuringTheHandshake) {
  client_context_ = client_context();
  start({"localhost", port_, client_context_.get()});
  run_until([&] { return !accepted_.empty(); });
  accepted_.front()->finish();
  run_until([&] { return outcome_.has_value(); });
  ASSERT_FALSE(*outcome_);
  EXPECT_EQ(outcome_->error().step, Step::kTls);
  EXPECT_THAT(outcome_->error().detail, HasSubstr("closed during the TLS handshake"));
}

TEST_F(ConnectorTest, MayBeGivenUpAtAnyTime) {
  client_context_ = client_context();
  start({"localhost", port_, client_context_.get()});
  connector_.reset();  // while the name is looked up
  start({"127.0.0.1", port_, client_context_.get()});
  connector_.reset();  // while TCP connects
  start({"127.0.0.1", port_, client_context_.get()});
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
