#include "e2e/support/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace reprise::e2e {
namespace {

// Arrival::kBytes stands for "no end yet" where a single attempt is judged.
constexpr size_t kReadSize = 256 * 1024;

Arrival arrival_of_errno() {
  return errno == ECONNRESET || errno == EPIPE ? Arrival::kReset : Arrival::kClosed;
}

int connected(int family, const sockaddr* address, socklen_t size) {
  const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw HarnessError("no socket");
  if (connect(fd, address, size) != 0) {
    const std::string why = std::strerror(errno);
    close(fd);
    throw HarnessError("cannot connect: " + why);
  }
  return fd;
}

}  // namespace

const char* to_text(Arrival arrival) {
  switch (arrival) {
    case Arrival::kBytes:
      return "bytes";
    case Arrival::kClosed:
      return "closed";
    case Arrival::kTruncated:
      return "closed without close_notify";
    case Arrival::kReset:
      return "reset";
    case Arrival::kTimedOut:
      return "nothing in time";
    case Arrival::kCancelled:
      return "the test is over";
  }
  return "?";
}

Connection::Connection(int fd, int cancel_fd) : fd_(fd), cancel_fd_(cancel_fd) {
  fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Connection::~Connection() { drop(); }

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      cancel_fd_(other.cancel_fd_),
      bytes_sent_(other.bytes_sent_),
      tls_(std::move(other.tls_)) {}

Connection& Connection::operator=(Connection&& other) noexcept {
  drop();
  fd_ = std::exchange(other.fd_, -1);
  cancel_fd_ = other.cancel_fd_;
  bytes_sent_ = other.bytes_sent_;
  tls_ = std::move(other.tls_);
  return *this;
}

Connection Connection::to_port(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return Connection(connected(AF_INET, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

Connection Connection::to_path(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw HarnessError("path too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return Connection(connected(AF_UNIX, reinterpret_cast<sockaddr*>(&address), sizeof address));
}

bool Connection::attach(SSL_CTX* context) {
  tls_.reset(SSL_new(context));
  return tls_ != nullptr && SSL_set_fd(tls_.get(), fd_) == 1;
}

bool Connection::handshake(int (*step)(SSL*)) {
  const Deadline deadline;
  for (;;) {
    ERR_clear_error();
    const int result = step(tls_.get());
    if (result == 1) return true;
    const int error = SSL_get_error(tls_.get(), result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
    const short events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (wait_for(events, deadline) != Arrival::kBytes) return false;
  }
}

bool Connection::accept_tls(SSL_CTX* context) { return attach(context) && handshake(SSL_accept); }

bool Connection::connect_tls(SSL_CTX* context, const std::string& host) {
  if (!attach(context)) return false;
  SSL_set_tlsext_host_name(tls_.get(), host.c_str());
  SSL_set1_host(tls_.get(), host.c_str());
  return handshake(SSL_connect);
}

Arrival Connection::wait_for(short events, const Deadline& deadline) const {
  std::array<pollfd, 2> waiting{pollfd{fd_, events, 0}, pollfd{cancel_fd_, POLLIN, 0}};
  const int ready = poll(waiting.data(), waiting.size(), deadline.left_ms());
  if (waiting[1].revents != 0) return Arrival::kCancelled;
  if (ready <= 0 && deadline.passed()) return Arrival::kTimedOut;
  return Arrival::kBytes;
}

bool Connection::wait_readable(int fd, std::chrono::milliseconds patience) const {
  const Deadline deadline(patience);
  std::array<pollfd, 2> waiting{pollfd{fd, POLLIN, 0}, pollfd{cancel_fd_, POLLIN, 0}};
  while (!deadline.passed()) {
    poll(waiting.data(), waiting.size(), deadline.left_ms());
    if (waiting[1].revents != 0) return false;
    if (waiting[0].revents != 0) return true;
  }
  return false;
}

bool Connection::send(std::string_view bytes, std::chrono::milliseconds patience) {
  Deadline deadline(patience);
  while (!bytes.empty()) {
    ssize_t sent = 0;
    short wanted = POLLOUT;
    if (tls_ != nullptr) {
      ERR_clear_error();
      sent = SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (sent <= 0) {
        const int error = SSL_get_error(tls_.get(), static_cast<int>(sent));
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return false;
        if (error == SSL_ERROR_WANT_READ) wanted = POLLIN;
      }
    } else {
      sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) return false;
    }
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      bytes_sent_ += static_cast<size_t>(sent);
      deadline = Deadline(patience);
      continue;
    }
    if (wait_for(wanted, deadline) != Arrival::kBytes) return false;
  }
  return true;
}

Arrival Connection::receive_plain(char* buffer, size_t size, ssize_t* count) const {
  *count = recv(fd_, buffer, size, 0);
  if (*count > 0) return Arrival::kBytes;
  if (*count == 0) return Arrival::kClosed;
  if (errno == EAGAIN || errno == EINTR) return Arrival::kTimedOut;
  return arrival_of_errno();
}

Arrival Connection::receive_tls(char* buffer, size_t size, ssize_t* count, short* wanted) {
  ERR_clear_error();
  *count = SSL_read(tls_.get(), buffer, static_cast<int>(size));
  if (*count > 0) return Arrival::kBytes;
  const int saved = errno;
  switch (SSL_get_error(tls_.get(), static_cast<int>(*count))) {
    case SSL_ERROR_WANT_WRITE:
      *wanted = POLLOUT;
      return Arrival::kTimedOut;
    case SSL_ERROR_WANT_READ:
      return Arrival::kTimedOut;
    case SSL_ERROR_ZERO_RETURN:
      return Arrival::kClosed;
    default:
      errno = saved;
      return saved == ECONNRESET ? Arrival::kReset : Arrival::kTruncated;
  }
}

Arrival Connection::receive(std::string& into, std::chrono::milliseconds patience) {
  if (fd_ < 0) return Arrival::kClosed;
  const Deadline deadline(patience);
  static thread_local std::array<char, kReadSize> buffer;
  for (;;) {
    ssize_t count = 0;
    short wanted = POLLIN;
    const Arrival got = tls_ != nullptr ? receive_tls(buffer.data(), buffer.size(), &count, &wanted)
                                        : receive_plain(buffer.data(), buffer.size(), &count);
    if (got == Arrival::kBytes) into.append(buffer.data(), static_cast<size_t>(count));
    if (got != Arrival::kTimedOut) return got;
    const Arrival waited = wait_for(wanted, deadline);
    if (waited != Arrival::kBytes) return waited;
  }
}

void Connection::drop_write() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void Connection::shutdown_write() {
  if (tls_ != nullptr) SSL_shutdown(tls_.get());
  drop_write();
}

void Connection::reset() {
  if (fd_ < 0) return;
  const linger now{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  drop();
}

void Connection::close() {
  if (tls_ != nullptr) SSL_shutdown(tls_.get());
  drop();
}

void Connection::drop() {
  tls_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void Connection::shrink_receive_buffer(int bytes) {
  setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

}  // namespace reprise::e2e
