#include "e2e/support/forward_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "e2e/support/checks.h"

namespace reprise::e2e {
namespace {

// Both sockets have SO_REUSEADDR and this one never listens, so that the proxy may bind the same
// port; nobody is given it as a free one.
int reserve(uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw HarnessError("no port for a forward proxy");
  }
  *port = ntohs(address.sin_port);
  return fd;
}

std::string configuration(uint16_t port, const std::string& more) {
  return "Listen 127.0.0.1\nPort " + std::to_string(port) + "\nLogLevel Info\n" + more + "\n";
}

}  // namespace

ForwardProxy::ForwardProxy(const std::string& more)
    : reservation_(reserve(&port_)),
      process_(
          "/usr/bin/tinyproxy",
          {{"-d", "-c", directory_.write("tinyproxy.conf", configuration(port_, more))}, {}, 0}) {
  eventually("tinyproxy accepts connections",
             [this] { return contains(log(), "Accepting connections") || !process_.running(); });
  if (!process_.running()) throw HarnessError("tinyproxy does not start:\n" + process_.log());
}

ForwardProxy::~ForwardProxy() { close(reservation_); }

}  // namespace reprise::e2e
