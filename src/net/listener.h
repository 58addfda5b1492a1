#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/tcp_stream.h"
#include "net/uv_handle.h"

namespace reprise::net {

// ListenSocket: a bound socket that one listener or several accept from.
// Owner: the server, until a listener takes it.
struct ListenSocket {
  int fd = -1;
  bool tcp = true;
  std::string address;  // HOST:PORT with the real port, or unix:PATH
};

// Binds `count` sockets to one address, one for each worker: TCP ones share it by SO_REUSEPORT, so
// that the kernel spreads connections; a Unix one is shared. An address that another process uses
// is an error. `host` is a literal or a name; port 0 picks one.
base::Result<std::vector<ListenSocket>> bind_tcp(const std::string& host, uint16_t port,
                                                 size_t count);
// A socket file that nobody listens on is replaced.
base::Result<std::vector<ListenSocket>> bind_unix(const std::string& path, size_t count);

// Listener: accepts connections on one loop.
// Owner: a worker. Thread: its loop's. Destroying it stops listening.
class Listener {
 public:
  using Callback = std::function<void(std::unique_ptr<TcpStream>)>;
  Listener(Loop& loop, Callback on_connection);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Takes the socket over.
  base::Result<void> start(const ListenSocket& socket);

  static constexpr int kBacklog = 1024;

 private:
  void accept();

  Loop& loop_;
  Callback on_connection_;
  UvHandle<TcpStream::Socket> socket_;
};

}  // namespace reprise::net
