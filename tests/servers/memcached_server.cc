#include "servers/memcached_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <utility>

extern char** environ;

namespace reprise::servers {
namespace {

using Clock = std::chrono::steady_clock;

// How long a wait that should succeed may take. A passing test never waits this long.
constexpr std::chrono::milliseconds kPatience{25000};
constexpr std::string_view kPortFile = "port";

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("memcached server: " + what);
}

int left_ms(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now());
  return left.count() > 0 ? static_cast<int>(left.count()) + 1 : 0;
}

// Descriptor: closes what it holds.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {
    if (fd < 0) give_up(std::string("no descriptor: ") + std::strerror(errno));
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return fd_; }

 private:
  const int fd_;
};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// Conversation: one connection to the server, over which we ask in its text protocol.
class Conversation {
 public:
  explicit Conversation(uint16_t port)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), end_(Clock::now() + kPatience) {
    const sockaddr_in address = loopback(port);
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      give_up(std::string("cannot connect: ") + std::strerror(errno));
    }
  }

  void say(std::string_view text) {
    while (!text.empty()) {
      await(POLLOUT);
      const ssize_t sent =
          send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent < 0 && errno != EAGAIN && errno != EINTR) give_up("it does not listen");
      if (sent > 0) text.remove_prefix(static_cast<size_t>(sent));
    }
  }

  std::string line() {
    size_t end = 0;
    while ((end = heard_.find("\r\n")) == std::string::npos) hear();
    std::string text = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    return text;
  }

  // The dump of all items has lines that end in a bare line feed.
  std::string dump_line() {
    size_t end = 0;
    while ((end = heard_.find('\n')) == std::string::npos) hear();
    std::string text = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    if (text.ends_with('\r')) text.pop_back();
    return text;
  }

  std::string bytes(size_t count) {
    while (heard_.size() < count) hear();
    std::string text = heard_.substr(0, count);
    heard_.erase(0, count);
    return text;
  }

 private:
  void await(short event) {
    pollfd waiting{socket_.get(), event, 0};
    int ready = 0;
    do {
      ready = poll(&waiting, 1, left_ms(end_));
    } while (ready < 0 && errno == EINTR);
    if (ready != 1) give_up("it takes too long");
  }

  void hear() {
    std::array<char, 65536> buffer;
    await(POLLIN);
    const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count <= 0) give_up("it has left");
    heard_.append(buffer.data(), static_cast<size_t>(count));
  }

  const Descriptor socket_;
  const Clock::time_point end_;
  std::string heard_;
};

uint64_t number_in(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    give_up("not a number: " + std::string(text));
  }
  return number;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  give_up("a bad escape in a dump");
}

std::string without_escapes(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      plain += static_cast<char>(digit_of(text[i + 1]) * 16 + digit_of(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

void expect(const std::string& answer, std::string_view wanted) {
  if (answer != wanted) give_up("it answers: " + answer);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

MemcachedServer::MemcachedServer(std::vector<std::string> args) : args_(std::move(args)) {
  std::string folder = std::filesystem::temp_directory_path() / "reprise-memcached-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) give_up("no folder of its own");
  folder_ = folder;
  reservation_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  // Both sockets have SO_REUSEADDR and this one never listens, so that memcached may bind the same
  // port; nobody is given it as a free one.
  if (setsockopt(reservation_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(reservation_, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      getsockname(reservation_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    give_up("no port");
  }
  port_ = ntohs(address.sin_port);
  try {
    start();
  } catch (...) {
    clean_up();
    throw;
  }
}

MemcachedServer::~MemcachedServer() { clean_up(); }

void MemcachedServer::clean_up() {
  kill();
  close(reservation_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void MemcachedServer::start() {
  std::vector<std::string> args{"/usr/bin/memcached", "-l", "127.0.0.1", "-U", "0", "-t", "1", "-p",
                                std::to_string(port_)};
  if (geteuid() == 0) args.insert(args.end(), {"-u", "root"});
  args.insert(args.end(), args_.begin(), args_.end());
  std::vector<std::string> environment{"MEMCACHED_PORT_FILENAME=" + (folder_ / kPortFile).string()};
  for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
  std::vector<char*> arg_pointers = pointers_to(args);
  std::vector<char*> environment_pointers = pointers_to(environment);
  const Descriptor events(inotify_init1(IN_CLOEXEC));
  if (inotify_add_watch(events.get(), folder_.c_str(), IN_MOVED_TO) < 0) give_up("no watch");
  pid_ = fork();
  if (pid_ < 0) give_up("cannot fork");
  if (pid_ == 0) {
    // Nothing here may allocate, for other threads may hold the heap's lock.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execve(arg_pointers[0], arg_pointers.data(), environment_pointers.data());
    _exit(127);
  }
  await_readiness(events.get());
}

// memcached moves the file with its port to its place once it listens.
void MemcachedServer::await_readiness(int events) const {
  const Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
  const Clock::time_point end = Clock::now() + kPatience;
  std::array<pollfd, 2> waiting{pollfd{events, POLLIN, 0}, pollfd{process.get(), POLLIN, 0}};
  int ready = 0;
  do {
    ready = poll(waiting.data(), waiting.size(), left_ms(end));
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) give_up("it does not start");
  if (waiting[1].revents != 0) give_up("it ends at once");
}

void MemcachedServer::stop_answering() {
  siginfo_t info{};
  // No process can put off SIGSTOP or SIGKILL, so that these waits end.
  if (pid_ < 0 || ::kill(pid_, SIGSTOP) != 0 ||
      waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT) != 0 ||
      info.si_code != CLD_STOPPED) {
    give_up("it cannot be stopped");
  }
}

void MemcachedServer::go_on() {
  if (pid_ < 0 || ::kill(pid_, SIGCONT) != 0) give_up("it does not go on");
}

void MemcachedServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void MemcachedServer::restart() {
  kill();
  start();
}

void MemcachedServer::restart(std::vector<std::string> args) {
  args_ = std::move(args);
  restart();
}

uint64_t MemcachedServer::stat(std::string_view name) const {
  Conversation conversation(port_);
  conversation.say("stats\r\n");
  const std::string wanted = "STAT " + std::string(name) + " ";
  for (;;) {
    const std::string line = conversation.line();
    if (line.starts_with(wanted)) return number_in(std::string_view(line).substr(wanted.size()));
    if (line == "END") give_up("no such number: " + std::string(name));
  }
}

std::vector<std::string> MemcachedServer::names() const {
  Conversation conversation(port_);
  conversation.say("lru_crawler metadump all\r\n");
  std::vector<std::string> names;
  for (;;) {
    const std::string line = conversation.dump_line();
    if (line == "END") return names;
    if (line.starts_with("BUSY")) {
      // The crawler makes its own rounds; the conversation's patience bounds ours.
      conversation.say("lru_crawler metadump all\r\n");
      continue;
    }
    if (!line.starts_with("key=")) give_up("an unexpected line in a dump: " + line);
    names.push_back(without_escapes(std::string_view(line).substr(4, line.find(' ') - 4)));
  }
}

std::optional<std::string> MemcachedServer::get(std::string_view name) const {
  Conversation conversation(port_);
  conversation.say("get " + std::string(name) + "\r\n");
  const std::string line = conversation.line();
  if (line == "END") return std::nullopt;
  if (!line.starts_with("VALUE ")) give_up("it answers: " + line);
  const size_t size = number_in(std::string_view(line).substr(line.rfind(' ') + 1));
  std::string value = conversation.bytes(size);
  expect(conversation.line(), "");
  expect(conversation.line(), "END");
  return value;
}

void MemcachedServer::set(std::string_view name, std::string_view value) const {
  Conversation conversation(port_);
  conversation.say("set " + std::string(name) + " 0 0 " + std::to_string(value.size()) + "\r\n");
  conversation.say(value);
  conversation.say("\r\n");
  expect(conversation.line(), "STORED");
}

std::optional<int64_t> MemcachedServer::seconds_left(std::string_view name) const {
  Conversation conversation(port_);
  conversation.say("mg " + std::string(name) + " t\r\n");
  const std::string line = conversation.line();
  if (line == "EN") return std::nullopt;
  if (line == "HD t-1") return -1;
  if (!line.starts_with("HD t")) give_up("it answers: " + line);
  return static_cast<int64_t>(number_in(std::string_view(line).substr(4)));
}

void MemcachedServer::remove(std::string_view name) const {
  Conversation conversation(port_);
  conversation.say("delete " + std::string(name) + "\r\n");
  const std::string line = conversation.line();
  if (line != "NOT_FOUND") expect(line, "DELETED");
}

void MemcachedServer::flush() const {
  Conversation conversation(port_);
  conversation.say("flush_all\r\n");
  expect(conversation.line(), "OK");
}

}  // namespace reprise::servers
