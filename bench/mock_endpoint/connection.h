#pragma once

#include <uv.h>

#include <string>
#include <string_view>
#include <vector>

#include "bench/mock_endpoint/answer.h"
#include "bench/mock_endpoint/request.h"

namespace reprise::bench {

class Service;

// Connection: one client; reads requests, answers one at a time, in order.
// Owner: itself, until both handles are closed. Thread: the loop.
class Connection {
 public:
  // Accepts from `listener`.
  static void accept(uv_stream_t* listener, Service& service);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Goes on with an answer that was held.
  void release();

 private:
  enum class After : uint8_t { kGoOn, kClose, kReset };
  struct Write;

  Connection(uv_loop_t* loop, Service& service);
  ~Connection() = default;

  void on_read(ssize_t size, const uv_buf_t* buffer);
  void advance();
  void begin(const Request& request);
  void pump();
  void resume();
  size_t limit() const;
  size_t tokens_due() const;
  void append_unit(const Event& unit, std::string* out) const;
  void at_limit();
  void finish();
  void wait_ms(uint64_t ms);
  void write(std::string bytes, After after);
  void then(After after);
  void close(After how);
  void on_closed();

  Service& service_;
  uv_tcp_t tcp_;
  uv_timer_t timer_;
  int open_handles_ = 2;
  bool closing_ = false;

  RequestParser parser_;
  std::string input_;  // read, not yet parsed: requests behind the one being answered

  // The answer under way.
  bool answering_ = false;
  bool keep_alive_ = true;
  bool counted_ = true;
  bool chunked_ = false;
  bool released_ = true;
  Behaviour behaviour_;
  std::string head_;          // emptied once sent
  std::vector<Event> units_;  // what the body is sent in
  size_t next_unit_ = 0;
  size_t tokens_sent_ = 0;
  uint64_t began_ms_ = 0;
};

}  // namespace reprise::bench
