#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace reprise::cache {

// ScriptedMemcached: a server that gives to each question, on whichever connection, the next of the
// answers, true or not, and then leaves the connection open. To each change it says the same, by
// itself nothing, and it knows its version.
// Owner: a test. Thread: its own.
class ScriptedMemcached {
 public:
  explicit ScriptedMemcached(std::vector<std::string> answers, std::string to_changes = {})
      : answers_(std::move(answers)),
        to_changes_(std::move(to_changes)),
        listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
        listen(listener_, 8) != 0 ||
        getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0 ||
        pipe(leave_.data()) != 0) {
      throw std::runtime_error("no listener");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedMemcached() {
    close(leave_[1]);
    thread_.join();
    close(leave_[0]);
    close(listener_);
  }
  ScriptedMemcached(const ScriptedMemcached&) = delete;
  ScriptedMemcached& operator=(const ScriptedMemcached&) = delete;

  uint16_t port() const { return port_; }

 private:
  // One wait for everything, until the test leaves.
  void serve() {
    std::vector<pollfd> waiting{{leave_[0], POLLIN, 0}, {listener_, POLLIN, 0}};
    for (;;) {
      poll(waiting.data(), waiting.size(), -1);
      if (waiting[0].revents != 0) break;
      for (size_t i = 2; i < waiting.size(); ++i) {
        if (waiting[i].revents != 0 && !answer(waiting[i].fd)) waiting[i].fd = -1;
      }
      if (waiting[1].revents != 0) {
        waiting.push_back({accept(listener_, nullptr, nullptr), POLLIN, 0});
      }
    }
    for (size_t i = 2; i < waiting.size(); ++i) close(waiting[i].fd);
  }

  bool answer(int fd) {
    std::array<char, 65536> request;
    const ssize_t count = recv(fd, request.data(), request.size(), 0);
    if (count <= 0) {
      heard_.erase(fd);
      close(fd);
      return false;
    }
    std::string& heard = heard_[fd];
    heard.append(request.data(), static_cast<size_t>(count));
    for (size_t end = 0; (end = heard.find("\r\n")) != std::string::npos;) {
      hear(fd, heard.substr(0, end));
      heard.erase(0, end + 2);
    }
    return true;
  }

  // What is neither is a value, or the client's goodbye.
  void hear(int fd, std::string_view line) {
    const std::string_view verb = line.substr(0, line.find(' '));
    if (verb == "get" || verb == "gets" || verb == "stats") {
      if (next_ < answers_.size()) say(fd, answers_[next_++]);
    } else if (verb == "set" || verb == "add" || verb == "cas" || verb == "delete") {
      if (!to_changes_.empty()) say(fd, to_changes_);
    } else if (verb == "version") {
      say(fd, "VERSION 1.6.18\r\n");
    }
  }

  static void say(int fd, std::string_view text) {
    send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }

  const std::vector<std::string> answers_;
  const std::string to_changes_;
  const int listener_;
  std::array<int, 2> leave_{};
  uint16_t port_ = 0;
  size_t next_ = 0;
  std::map<int, std::string> heard_;  // by connection
  std::thread thread_;
};

}  // namespace reprise::cache
