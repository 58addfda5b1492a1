#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace reprise::net {

// Piece: bytes to write. With an owner they are shared until written; without one they only have to
// last for the call, and what the kernel does not take at once is copied.
struct Piece {
  std::string_view bytes;
  const base::Bytes* owner = nullptr;

  static Piece shared(const base::Bytes& bytes) { return {bytes.view(), &bytes}; }
  static Piece transient(std::string_view bytes) { return {bytes, nullptr}; }
};

// Stream: a connected pipe of bytes, plain or TLS.
// Owner: one connection, which retires it (Loop::retire) when it goes inside a callback. Destroying
// it closes it. Thread: its loop's.
class Stream {
 public:
  // Handler: whoever reads the stream. Not called after set_handler(nullptr) or the stream's death,
  // and never from inside a call to the stream.
  class Handler {
   public:
    virtual ~Handler() = default;
    // `bytes` are valid during the call.
    virtual void on_read(std::string_view bytes) = 0;
    // The other side has ended its direction in an orderly way (FIN; with TLS close_notify).
    virtual void on_read_end() = 0;
    // The stream is of no further use.
    virtual void on_stream_error(const base::Error& error) = 0;
    // Everything written has been handed to the kernel.
    virtual void on_drained() = 0;
  };

  virtual ~Stream() = default;
  virtual void set_handler(Handler* handler) = 0;

  // Reading is paused at first.
  virtual void resume_reading() = 0;
  virtual void pause_reading() = 0;

  // Writes now what the kernel takes and keeps the rest, in order. The writer is the one to stop
  // while unwritten() is high: nothing here does.
  virtual void write(std::span<const Piece> pieces) = 0;
  // Bytes kept. on_drained() is called when it falls back to 0.
  virtual size_t unwritten() const = 0;

  // Ends our direction in an orderly way after everything written.
  virtual void finish() = 0;
  // Makes destruction reset the connection, so that the other side cannot take what it has for
  // whole.
  virtual void reset_on_close() = 0;

  // The other side's address, for logs.
  virtual std::string peer() const = 0;
};

}  // namespace reprise::net
