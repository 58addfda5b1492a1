#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/listener.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tcp_stream.h"

namespace reprise::net {

// Reader: a stream's handler that remembers what it was told, and checks that nothing comes after
// the end.
struct Reader final : Stream::Handler {
  void on_read(std::string_view read) override;
  void on_read_end() override;
  void on_stream_error(const base::Error& failure) override;
  void on_drained() override { ++drained; }

  bool over() const { return ended || !error.empty(); }

  std::string bytes;
  bool ended = false;
  std::string error;
  int reads = 0;
  int drained = 0;
  bool in_call = false;  // set by tests around their calls: nothing may arrive meanwhile
  std::function<void()> after_read;
  std::function<void()> after_end;
};

// Ends: two connected streams.
struct Ends {
  std::unique_ptr<TcpStream> client;
  std::unique_ptr<TcpStream> server;
};

// A repeatable run of bytes in which no two places look alike for long.
std::string pattern(size_t size);

void write(Stream& stream, std::string_view bytes);

// NetTest: a loop, and what runs it.
class NetTest : public ::testing::Test {
 protected:
  NetTest();

  // Fails the test when `done` does not come true in a long time.
  void run_until(const std::function<bool()>& done);
  // What is due now, several times over; for tests that something does not happen.
  void run_turns();
  Ends connect();

  Loop loop_;
};

}  // namespace reprise::net
