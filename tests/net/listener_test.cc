#include "net/listener.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "net/net_test.h"

namespace reprise::net {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

uint16_t port_of(const ListenSocket& socket) {
  return static_cast<uint16_t>(std::stoi(socket.address.substr(socket.address.rfind(':') + 1)));
}

// Client: a plain socket that connects and waits for nothing.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    uv_ip4_addr("127.0.0.1", port, &address);
    connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    connect(reinterpret_cast<sockaddr*>(&address), sizeof(address));
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  bool connected() const { return connected_; }

 private:
  void connect(const sockaddr* address, socklen_t size) {
    connected_ = ::connect(fd_, address, size) == 0;
  }
  int fd_;
  bool connected_ = false;
};

class ListenerTest : public NetTest {
 protected:
  ListenerTest() {
    std::string name = (std::filesystem::temp_directory_path() / "reprise-net-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~ListenerTest() override {
    accepted_.clear();
    std::filesystem::remove_all(directory_);
  }

  // One listener for each socket; all add to accepted_.
  void listen(const std::vector<ListenSocket>& sockets) {
    for (const ListenSocket& socket : sockets) {
      listeners_.push_back(std::make_unique<Listener>(
          loop_, [this](std::unique_ptr<TcpStream> it) { accepted_.push_back(std::move(it)); }));
      const auto started = listeners_.back()->start(socket);
      EXPECT_TRUE(started) << started.error().detail;
    }
  }

  std::string path() const { return (directory_ / "socket").string(); }

  std::filesystem::path directory_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<TcpStream>> accepted_;
};

TEST_F(ListenerTest, SeveralListenersShareAPortThatIsPickedForThem) {
  const auto sockets = bind_tcp("127.0.0.1", 0, 3);
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 3U);
  EXPECT_NE(port_of(sockets->front()), 0);
  for (const ListenSocket& socket : *sockets) {
    EXPECT_EQ(socket.address, sockets->front().address);
    EXPECT_THAT(socket.address, StartsWith("127.0.0.1:"));
  }
  listen(*sockets);
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<Client>(port_of(sockets->front())));
    EXPECT_TRUE(clients.back()->connected());
  }
  run_until([&] { return accepted_.size() == 20; });
  EXPECT_EQ(accepted_.front()->peer(), "127.0.0.1");
}

TEST_F(ListenerTest, AnAddressInUseIsAnErrorThoughPortsAreShared) {
  const auto sockets = bind_tcp("127.0.0.1", 0, 2);
  ASSERT_TRUE(sockets);
  listen(*sockets);
  const auto second = bind_tcp("127.0.0.1", port_of(sockets->front()), 2);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("in use"));
}

TEST_F(ListenerTest, AnAddressIsFreeAgainOnceItsListenersAreGone) {
  const auto sockets = bind_tcp("127.0.0.1", 0, 1);
  ASSERT_TRUE(sockets);
  listen(*sockets);
  const Client client(port_of(sockets->front()));
  run_until([&] { return accepted_.size() == 1; });
  accepted_.clear();  // ours closes first: TIME_WAIT
  listeners_.clear();
  run_turns();
  const auto again = bind_tcp("127.0.0.1", port_of(sockets->front()), 1);
  ASSERT_TRUE(again) << again.error().detail;
  listen(*again);
}

TEST_F(ListenerTest, ListensOnIpv6InBrackets) {
  const auto sockets = bind_tcp("::1", 0, 1);
  if (!sockets) GTEST_SKIP() << "no IPv6 here: " << sockets.error().detail;
  EXPECT_THAT(sockets->front().address, StartsWith("[::1]:"));
  listen(*sockets);
}

TEST_F(ListenerTest, SaysWhatIsWrongWithAnAddress) {
  EXPECT_FALSE(bind_tcp("192.0.2.1", 0, 1));  // nobody's: RFC 5737
  EXPECT_FALSE(bind_tcp("256.0.0.1", 0, 1));
  EXPECT_FALSE(bind_unix((directory_ / "missing" / "socket").string(), 1));
  const auto too_long = bind_unix(std::string(200, 'x'), 1);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().detail, "the path is too long");
}

TEST_F(ListenerTest, SeveralListenersShareAUnixSocket) {
  const auto sockets = bind_unix(path(), 2);
  ASSERT_TRUE(sockets);
  ASSERT_EQ(sockets->size(), 2U);
  EXPECT_EQ(sockets->front().address, "unix:" + path());
  listen(*sockets);
  const Client one(path());
  const Client two(path());
  EXPECT_TRUE(one.connected() && two.connected());
  run_until([&] { return accepted_.size() == 2; });
  EXPECT_EQ(accepted_.front()->peer(), "unix");
}

TEST_F(ListenerTest, AUnixSocketInUseIsAnError) {
  listen(*bind_unix(path(), 1));
  const auto second = bind_unix(path(), 1);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("in use"));
  EXPECT_TRUE(Client(path()).connected());
}

TEST_F(ListenerTest, ReplacesASocketFileThatNobodyListensOn) {
  const auto left_over = bind_unix(path(), 1);
  ASSERT_TRUE(left_over);
  ::close(left_over->front().fd);
  ASSERT_TRUE(std::filesystem::exists(path()));
  const auto sockets = bind_unix(path(), 1);
  ASSERT_TRUE(sockets) << sockets.error().detail;
  listen(*sockets);
  EXPECT_TRUE(Client(path()).connected());
}

TEST_F(ListenerTest, LeavesAFileAloneThatIsNoSocket) {
  { std::ofstream(path()) << "precious"; }
  EXPECT_FALSE(bind_unix(path(), 1));
  EXPECT_EQ(std::filesystem::file_size(path()), 8U);
}

}  // namespace
}  // namespace reprise::net
