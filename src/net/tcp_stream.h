#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/uv_handle.h"

namespace reprise::net {

// TcpStream: a connected TCP or Unix socket.
// Owner: a connection or a TlsStream. Thread: its loop's.
class TcpStream final : public Stream {
 public:
  // Any of the two kinds of handle; the union is initialised as one of them before it comes here.
  union Socket {
    uv_tcp_t tcp;
    uv_pipe_t pipe;
    void* data;
  };

  // `socket` is connected and opened(); TCP_NODELAY is set here.
  TcpStream(Loop& loop, UvHandle<Socket> socket);
  ~TcpStream() override;

  void set_handler(Handler* handler) override { handler_ = handler; }
  void resume_reading() override;
  void pause_reading() override;
  void write(std::span<const Piece> pieces) override;
  size_t unwritten() const override { return unwritten_; }
  void finish() override;
  void reset_on_close() override { reset_on_close_ = true; }
  std::string peer() const override;

  // What was read too far, while reading is paused: it is read again before anything else.
  void put_back(std::string_view bytes);

  Loop& loop() { return loop_; }

 private:
  struct WriteOp;
  void queue_rest(std::span<const Piece> pieces, size_t skip);
  void on_written(int status, size_t bytes);
  void on_write_error(int uv_error);
  void break_later(int uv_error);
  void on_turn();
  void report_break();
  void start_reading();
  void on_uv_read(ssize_t count, const char* data);
  int hidden_error() const;

  Loop& loop_;
  UvHandle<Socket> socket_;
  Handler* handler_ = nullptr;
  size_t unwritten_ = 0;
  bool reading_ = false;
  bool read_over_ = false;  // and told
  bool reset_on_close_ = false;
  int broken_ = 0;
  int write_error_ = 0;  // while reading goes on
  std::string put_back_;
  base::Wakeup turn_;
};

}  // namespace reprise::net
