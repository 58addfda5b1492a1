#include "net/listener.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace reprise::net {

namespace {

// FileDescriptor: closes what nobody took over.
class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

enum class Share : uint8_t { kNo, kReusePort };

tl::unexpected<base::Error> system_error(const std::string& what) {
  return base::fail(base::ErrorKind::kRefuse, what + ": " + std::strerror(errno));
}

base::Result<int> bind_one(const sockaddr* address, socklen_t size, Share share) {
  FileDescriptor fd(::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return system_error("socket");
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (share == Share::kReusePort) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (address->sa_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  if (::bind(fd.get(), address, size) != 0) return system_error("bind");
  return fd.release();
}

uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

std::string describe(const sockaddr_storage& address) {
  char host[64] = "";
  if (address.ss_family == AF_INET6) {
    uv_ip6_name(reinterpret_cast<const sockaddr_in6*>(&address), host, sizeof(host));
    return "[" + std::string(host) + "]:" + std::to_string(port_of(address));
  }
  uv_ip4_name(reinterpret_cast<const sockaddr_in*>(&address), host, sizeof(host));
  return std::string(host) + ":" + std::to_string(port_of(address));
}

// SO_REUSEPORT would let two processes share an address without knowing of each other. A socket
// bound without it first meets the other's.
base::Result<void> probe(sockaddr_storage& address, socklen_t size) {
  const auto fd = bind_one(reinterpret_cast<sockaddr*>(&address), size, Share::kNo);
  if (!fd) return tl::unexpected(fd.error());
  const FileDescriptor probe_socket(*fd);
  if (::getsockname(probe_socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return system_error("getsockname");
  }
  return {};
}

void close_all(std::vector<ListenSocket>& sockets) {
  for (const ListenSocket& socket : sockets) ::close(socket.fd);
}

}  // namespace

base::Result<std::vector<ListenSocket>> bind_tcp(const std::string& host, uint16_t port,
                                                 size_t count) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                  std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return base::fail(base::ErrorKind::kRefuse, gai_strerror(error));
  sockaddr_storage address{};
  const socklen_t size = found->ai_addrlen;
  std::memcpy(&address, found->ai_addr, size);
  ::freeaddrinfo(found);
  if (auto free_address = probe(address, size); !free_address) {
    return tl::unexpected(free_address.error());
  }
  std::vector<ListenSocket> sockets;
  for (size_t i = 0; i < count; ++i) {
    const auto fd = bind_one(reinterpret_cast<sockaddr*>(&address), size, Share::kReusePort);
    if (!fd) {
      close_all(sockets);
      return tl::unexpected(fd.error());
    }
    sockets.push_back({*fd, true, describe(address)});
  }
  return sockets;
}

base::Result<std::vector<ListenSocket>> bind_unix(const std::string& path, size_t count) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return base::fail(base::ErrorKind::kRefuse, "the path is too long");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* name = reinterpret_cast<const sockaddr*>(&address);
  {
    const FileDescriptor other(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (other.get() < 0) return system_error("socket");
    if (::connect(other.get(), name, sizeof(address)) == 0) {
      return base::fail(base::ErrorKind::kRefuse, "bind: Address already in use");
    }
    // A file of another kind refuses too; a listener that is behind says EAGAIN.
    struct stat found {};
    if (errno == ECONNREFUSED && ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode)) {
      ::unlink(path.c_str());
    }
  }
  const auto bound = bind_one(name, sizeof(address), Share::kNo);
  if (!bound) return tl::unexpected(bound.error());
  std::vector<ListenSocket> sockets{{*bound, false, "unix:" + path}};
  while (sockets.size() < count) {
    const int copy = ::fcntl(*bound, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
      close_all(sockets);
      return system_error("dup");
    }
    sockets.push_back({copy, false, "unix:" + path});
  }
  return sockets;
}

Listener::Listener(Loop& loop, Callback on_connection)
    : loop_(loop), on_connection_(std::move(on_connection)) {}

base::Result<void> Listener::start(const ListenSocket& socket) {
  int error = 0;
  if (socket.tcp) {
    error = uv_tcp_init(loop_.uv(), &socket_->tcp);
    if (error == 0) {
      socket_.opened(this);
      error = uv_tcp_open(&socket_->tcp, socket.fd);
    }
  } else {
    error = uv_pipe_init(loop_.uv(), &socket_->pipe, 0);
    if (error == 0) {
      socket_.opened(this);
      error = uv_pipe_open(&socket_->pipe, socket.fd);
    }
  }
  if (error == 0) {
    error = uv_listen(socket_.stream(), kBacklog, [](uv_stream_t* server, int status) {
      auto* self = static_cast<Listener*>(server->data);
      if (self != nullptr && status == 0) self->accept();
    });
  }
  if (error != 0) {
    return base::fail(base::ErrorKind::kRefuse, "listen: " + std::string(uv_strerror(error)));
  }
  return {};
}

void Listener::accept() {
  UvHandle<TcpStream::Socket> client;
  if (socket_.base()->type == UV_TCP) {
    CHECK(uv_tcp_init(loop_.uv(), &client->tcp) == 0);
  } else {
    CHECK(uv_pipe_init(loop_.uv(), &client->pipe, 0) == 0);
  }
  client.opened(nullptr);
  if (uv_accept(socket_.stream(), client.stream()) != 0) return;
  on_connection_(std::make_unique<TcpStream>(loop_, std::move(client)));
}

}  // namespace reprise::net
