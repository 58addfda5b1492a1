#include "net/tcp_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace reprise::net {

namespace {

constexpr size_t kIovecsMax = 64;

uv_buf_t to_buf(std::string_view bytes) {
  return uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
}

}  // namespace

// WriteOp: bytes that the kernel would not take at once. Owns itself until its callback, which
// finds the stream, if it still lives, through the handle.
struct TcpStream::WriteOp {
  uv_write_t request{};
  std::vector<base::Bytes> held;
  std::vector<uv_buf_t> bufs;
  size_t bytes = 0;
};

TcpStream::TcpStream(Loop& loop, UvHandle<Socket> socket)
    : loop_(loop),
      socket_(std::move(socket)),
      turn_(
          loop, [](void* self) noexcept { static_cast<TcpStream*>(self)->on_turn(); }, this) {
  socket_->data = this;
  if (socket_.base()->type == UV_TCP) uv_tcp_nodelay(&socket_->tcp, 1);
}

TcpStream::~TcpStream() {
  loop_.cancel(turn_);
  if (!reset_on_close_ || socket_.base()->type != UV_TCP) return;
  uv_os_fd_t fd = -1;
  if (uv_fileno(socket_.base(), &fd) != 0) return;
  const struct linger abort_now = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_now, sizeof(abort_now));
}

void TcpStream::resume_reading() {
  if (reading_ || read_over_ || broken_ != 0) return;
  reading_ = true;
  if (put_back_.empty()) return start_reading();
  if (!turn_.linked()) loop_.wake(turn_);
}

void TcpStream::start_reading() {
  const int error = uv_read_start(
      socket_.stream(),
      [](uv_handle_t* handle, size_t, uv_buf_t* buf) {
        auto* self = static_cast<TcpStream*>(handle->data);
        const std::span<char> memory = self->loop_.read_buffer();
        *buf = uv_buf_init(memory.data(), static_cast<unsigned>(memory.size()));
      },
      [](uv_stream_t* stream, ssize_t count, const uv_buf_t* buf) {
        auto* self = static_cast<TcpStream*>(stream->data);
        if (self == nullptr || count == 0) return;
        Loop& loop = self->loop_;
        self->on_uv_read(count, buf->base);
        loop.settle();
      });
  if (error != 0) break_later(error);
}

void TcpStream::pause_reading() {
  if (!std::exchange(reading_, false)) return;
  uv_read_stop(socket_.stream());
  if (write_error_ != 0) break_later(write_error_);
}

void TcpStream::on_uv_read(ssize_t count, const char* data) {
  if (count > 0) {
    if (handler_ != nullptr) handler_->on_read({data, static_cast<size_t>(count)});
    return;
  }
  reading_ = false;
  read_over_ = handler_ != nullptr;
  uv_read_stop(socket_.stream());
  const int error = count == UV_EOF ? hidden_error() : static_cast<int>(count);
  if (error == 0) {
    if (handler_ != nullptr) handler_->on_read_end();
    return;
  }
  broken_ = error;
  report_break();
}

// A reset looks like an end to a writer who met it first, and libuv takes one that comes with data
// for an end (POLLHUP after a short read). A broken pipe is an end: FIN came before the reset.
int TcpStream::hidden_error() const {
  int error = write_error_;
  uv_os_fd_t fd = -1;
  if (error == 0 && uv_fileno(socket_.base(), &fd) == 0) {
    socklen_t size = sizeof(error);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    error = -error;  // libuv's form
  }
  return error == UV_EPIPE ? 0 : error;
}

void TcpStream::write(std::span<const Piece> pieces) {
  if (broken_ != 0 || write_error_ != 0) return;
  size_t total = 0;
  for (const Piece& piece : pieces) total += piece.bytes.size();
  size_t sent = 0;
  if (unwritten_ == 0) {
    std::array<uv_buf_t, kIovecsMax> bufs;
    const size_t count = std::min(pieces.size(), bufs.size());
    for (size_t i = 0; i < count; ++i) bufs[i] = to_buf(pieces[i].bytes);
    const int result = uv_try_write(socket_.stream(), bufs.data(), static_cast<unsigned>(count));
    if (result >= 0) {
      sent = static_cast<size_t>(result);
    } else if (result != UV_EAGAIN) {
      return on_write_error(result);
    }
  }
  if (sent < total) queue_rest(pieces, sent);
}

void TcpStream::queue_rest(std::span<const Piece> pieces, size_t skip) {
  auto op = std::make_unique<WriteOp>();
  for (const Piece& piece : pieces) {
    const size_t passed = std::min(skip, piece.bytes.size());
    skip -= passed;
    const std::string_view rest = piece.bytes.substr(passed);
    if (rest.empty()) continue;
    op->held.push_back(piece.owner != nullptr ? *piece.owner : base::Bytes::copy_of(rest));
    op->bufs.push_back(to_buf(piece.owner != nullptr ? rest : op->held.back().view()));
    op->bytes += rest.size();
  }
  op->request.data = op.get();
  const int error =
      uv_write(&op->request, socket_.stream(), op->bufs.data(),
               static_cast<unsigned>(op->bufs.size()), [](uv_write_t* request, int status) {
                 const std::unique_ptr<WriteOp> done(static_cast<WriteOp*>(request->data));
                 auto* self = static_cast<TcpStream*>(request->handle->data);
                 if (self != nullptr) self->on_written(status, done->bytes);
               });
  if (error != 0) return on_write_error(error);
  unwritten_ += op->bytes;
  // The request's callback owns it now.
  static_cast<void>(op.release());
}

void TcpStream::on_written(int status, size_t bytes) {
  unwritten_ -= bytes;
  if (status != 0) return on_write_error(status);
  if (unwritten_ == 0 && handler_ != nullptr) handler_->on_drained();
}

// The other side may have answered before it closed: what it said is still read to its end.
void TcpStream::on_write_error(int uv_error) {
  if (reading_) {
    write_error_ = uv_error;
  } else {
    break_later(uv_error);
  }
}

void TcpStream::break_later(int uv_error) {
  if (broken_ != 0) return;
  broken_ = uv_error;
  if (std::exchange(reading_, false)) uv_read_stop(socket_.stream());
  if (!turn_.linked()) loop_.wake(turn_);
}

void TcpStream::put_back(std::string_view bytes) {
  CHECK(!reading_ && put_back_.empty());
  put_back_ = bytes;
}

void TcpStream::on_turn() {
  if (broken_ != 0) return report_break();
  if (!reading_) return;
  const std::string bytes = std::exchange(put_back_, {});
  start_reading();
  if (handler_ != nullptr) handler_->on_read(bytes);
}

void TcpStream::report_break() {
  if (handler_ == nullptr) return;
  handler_->on_stream_error({base::ErrorKind::kUnavailable, uv_strerror(broken_)});
}

void TcpStream::finish() {
  if (broken_ != 0 || write_error_ != 0) return;
  auto* request = new uv_shutdown_t{};
  const int error =
      uv_shutdown(request, socket_.stream(), [](uv_shutdown_t* done, int) { delete done; });
  if (error != 0) delete request;
}

std::string TcpStream::peer() const {
  if (socket_.base()->type != UV_TCP) return "unix";
  sockaddr_storage address{};
  int size = sizeof(address);
  if (uv_tcp_getpeername(&socket_->tcp, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return "";
  char text[64] = "";
  if (address.ss_family == AF_INET6) {
    uv_ip6_name(reinterpret_cast<sockaddr_in6*>(&address), text, sizeof(text));
  } else {
    uv_ip4_name(reinterpret_cast<sockaddr_in*>(&address), text, sizeof(text));
  }
  return text;
}

}  // namespace reprise::net
