#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::servers {

// MemcachedServer: a real memcached on a port of 127.0.0.1 that stays its own until it is
// destroyed, dead or alive. What fails or takes too long throws std::runtime_error.
// Owner: a test; the server dies with it, and with the thread that started it. Thread: its owner's.
class MemcachedServer {
 public:
  // `args` come after our own, so that they win: {"-m", "2"}, {"-M"},
  // {"-I", "64k", "-o", "slab_chunk_max=32768"} (the chunk must be given with a small -I).
  explicit MemcachedServer(std::vector<std::string> args = {});
  ~MemcachedServer();
  MemcachedServer(const MemcachedServer&) = delete;
  MemcachedServer& operator=(const MemcachedServer&) = delete;

  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // SIGSTOP: the kernel still accepts connections and bytes, nobody answers. Stopped on return.
  void stop_answering();
  void go_on();
  // SIGKILL. From now on connections are refused.
  void kill();
  // On the same port, empty. Kills the one that still runs.
  void restart();
  // As another server.
  void restart(std::vector<std::string> args);

  // What follows asks the server itself, each time on a fresh connection.
  uint64_t stat(std::string_view name) const;
  // Of all items. One that is being used at this moment may be left out.
  std::vector<std::string> names() const;
  std::optional<std::string> get(std::string_view name) const;
  void set(std::string_view name, std::string_view value) const;
  // How long it will be there; -1 for ever, nothing if it is not.
  std::optional<int64_t> seconds_left(std::string_view name) const;
  // That there is nothing to remove is fine.
  void remove(std::string_view name) const;
  void flush() const;

 private:
  void start();
  void clean_up();
  void await_readiness(int events) const;

  std::vector<std::string> args_;
  std::filesystem::path folder_;
  uint16_t port_ = 0;
  int reservation_ = -1;  // bound, never listening: keeps the port ours while no server runs
  pid_t pid_ = -1;
};

}  // namespace reprise::servers
