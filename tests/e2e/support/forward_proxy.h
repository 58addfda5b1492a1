#pragma once

#include <cstdint>
#include <string>

#include "e2e/support/process.h"
#include "e2e/support/test_ca.h"

namespace reprise::e2e {

// ForwardProxy: a real tinyproxy on a port of 127.0.0.1.
// Owner: the test; the proxy dies with it. Thread: any.
class ForwardProxy {
 public:
  // `more` are further lines of its configuration: "BasicAuth user password".
  explicit ForwardProxy(const std::string& more = "");
  ForwardProxy(const ForwardProxy&) = delete;
  ForwardProxy& operator=(const ForwardProxy&) = delete;
  ~ForwardProxy();

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // What it has written of its own doings.
  std::string log() const { return process_.output(); }

 private:
  TempDir directory_;
  uint16_t port_ = 0;
  int reservation_;  // bound, never listening: keeps the port ours. Behind port_, which making it
                     // sets
  Process process_;
};

}  // namespace reprise::e2e
