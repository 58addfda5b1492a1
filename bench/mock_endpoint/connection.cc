#include "bench/mock_endpoint/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "bench/mock_endpoint/service.h"

// An answer's way: begin (request complete) → [delay] → pump, again and again while tokens fall due
// → at_limit (half of it sent, and something is to happen there) → [release] → finish → advance.
namespace reprise::bench {

namespace {

constexpr size_t kInputBytesMax = 256U << 20;

bool breaks_midway(Failure failure) {
  return failure == Failure::kResetMid || failure == Failure::kTruncate ||
         failure == Failure::kHang;
}

std::string reason_of(int status) {
  std::string reason = llhttp_status_name(static_cast<llhttp_status_t>(status));
  std::replace(reason.begin(), reason.end(), '_', ' ');
  return reason;
}

// A body that is no stream is sent whole, or in halves where something happens between them.
std::vector<Event> units_of(Answer answer, bool in_halves) {
  if (!answer.events.empty()) return std::move(answer.events);
  if (!in_halves || answer.body.size() < 2) return {{std::move(answer.body), false}};
  const size_t half = answer.body.size() / 2;
  return {{answer.body.substr(0, half), false}, {answer.body.substr(half), false}};
}

}  // namespace

struct Connection::Write {
  uv_write_t request;
  std::string bytes;
  Connection* connection;
  After after;
};

Connection::Connection(uv_loop_t* loop, Service& service) : service_(service) {
  uv_tcp_init(loop, &tcp_);
  uv_timer_init(loop, &timer_);
  tcp_.data = timer_.data = this;
}

void Connection::accept(uv_stream_t* listener, Service& service) {
  auto* self = new Connection(listener->loop, service);
  auto* stream = reinterpret_cast<uv_stream_t*>(&self->tcp_);
  if (uv_accept(listener, stream) != 0) return self->close(After::kClose);
  uv_tcp_nodelay(&self->tcp_, 1);
  uv_read_start(
      stream,
      [](uv_handle_t*, size_t, uv_buf_t* buffer) {
        static char shared[64 << 10];  // used up before the next read
        *buffer = uv_buf_init(shared, sizeof shared);
      },
      [](uv_stream_t* handle, ssize_t size, const uv_buf_t* buffer) {
        static_cast<Connection*>(handle->data)->on_read(size, buffer);
      });
}

void Connection::on_read(ssize_t size, const uv_buf_t* buffer) {
  if (size == 0) return;
  if (size < 0) {
    if (answering_ && counted_) service_.count_abort();
    return close(After::kClose);
  }
  input_.append(buffer->base, static_cast<size_t>(size));
  if (input_.size() > kInputBytesMax) return close(After::kReset);
  advance();
}

void Connection::advance() {
  while (!answering_ && !closing_ && !input_.empty()) {
    const std::optional<size_t> used = parser_.feed(input_);
    if (!used) {
      return write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                   After::kClose);
    }
    input_.erase(0, *used);
    if (parser_.take_expectation() && !parser_.complete()) {
      write("HTTP/1.1 100 Continue\r\n\r\n", After::kGoOn);
    }
    if (parser_.complete()) begin(parser_.next());
  }
}

void Connection::begin(const Request& request) {
  Service::Plan plan = service_.plan(request);
  answering_ = true;
  keep_alive_ = request.keep_alive;
  counted_ = plan.counted;
  behaviour_ = std::move(plan.behaviour);
  released_ = behaviour_.hold.empty() || !service_.hold(behaviour_.hold, this);
  const bool stream = !plan.answer.events.empty();
  chunked_ = stream && request.http11;
  if (stream && !request.http11) keep_alive_ = false;
  head_ = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\n{}", plan.answer.status,
                      reason_of(plan.answer.status), plan.answer.content_type,
                      service_.common_fields());
  if (chunked_) {
    head_ += "Transfer-Encoding: chunked\r\n";
  } else if (!stream && plan.answer.status != 204) {
    head_ += fmt::format("Content-Length: {}\r\n", plan.answer.body.size());
  }
  head_ += keep_alive_ ? "\r\n" : "Connection: close\r\n\r\n";
  if (request.method == "HEAD" || plan.answer.status == 204 || plan.answer.status == 304) {
    units_.clear();
    chunked_ = false;
  } else {
    units_ = units_of(std::move(plan.answer), !released_ || breaks_midway(behaviour_.failure));
  }
  next_unit_ = tokens_sent_ = 0;
  uint64_t delay_ms = behaviour_.delay_ms;
  if (!stream && behaviour_.tokens_per_second > 0) {
    delay_ms += uint64_t{1000} * behaviour_.tokens / behaviour_.tokens_per_second;
  }
  began_ms_ = uv_now(timer_.loop) + delay_ms;
  if (delay_ms > 0) return wait_ms(delay_ms);
  pump();
}

size_t Connection::limit() const {
  const bool stops = !released_ || breaks_midway(behaviour_.failure);
  return stops ? (units_.size() + 1) / 2 : units_.size();
}

size_t Connection::tokens_due() const {
  if (behaviour_.tokens_per_second == 0) return SIZE_MAX;
  return 1 + (uv_now(timer_.loop) - began_ms_) * behaviour_.tokens_per_second / 1000;
}

void Connection::append_unit(const Event& unit, std::string* out) const {
  std::string stamped;
  std::string_view bytes = unit.bytes;
  if (behaviour_.stamp && unit.token) {
    stamped = fmt::format(": sent {}\n{}", uv_hrtime() / 1000, unit.bytes);
    bytes = stamped;
  }
  if (!chunked_) {
    out->append(bytes);
  } else {
    fmt::format_to(std::back_inserter(*out), "{:x}\r\n{}\r\n", bytes.size(), bytes);
  }
}

void Connection::pump() {
  if (behaviour_.failure == Failure::kResetBeforeHead) return close(After::kReset);
  std::string out = std::exchange(head_, {});
  const size_t due = tokens_due();
  while (next_unit_ < limit() && (!units_[next_unit_].token || tokens_sent_ < due)) {
    const Event& unit = units_[next_unit_++];
    if (unit.token) ++tokens_sent_;
    append_unit(unit, &out);
  }
  const bool whole = next_unit_ == units_.size();
  if (whole && chunked_) out += "0\r\n\r\n";
  write(std::move(out), After::kGoOn);
  if (closing_) return;
  if (whole) return finish();
  if (next_unit_ == limit()) return at_limit();
  wait_ms(std::max<uint64_t>(1, 1000 / behaviour_.tokens_per_second));
}

// pump() outside of advance(), which loops over what is pipelined instead of recursing.
void Connection::resume() {
  pump();
  advance();
}

// Half of the answer is out. Held answers and hung ones just wait here.
void Connection::at_limit() {
  if (!released_) return;
  if (behaviour_.failure == Failure::kResetMid) write("", After::kReset);
  if (behaviour_.failure == Failure::kTruncate) write("", After::kClose);
}

void Connection::release() {
  released_ = true;
  if (answering_ && !uv_is_active(reinterpret_cast<uv_handle_t*>(&timer_))) resume();
}

void Connection::finish() {
  answering_ = false;
  if (counted_) service_.count_answered();
  if (!keep_alive_) write("", After::kClose);
}

void Connection::wait_ms(uint64_t ms) {
  uv_timer_start(
      &timer_, [](uv_timer_t* timer) { static_cast<Connection*>(timer->data)->resume(); }, ms, 0);
}

void Connection::write(std::string bytes, After after) {
  if (closing_) return;
  auto* stream = reinterpret_cast<uv_stream_t*>(&tcp_);
  if (!bytes.empty() && uv_stream_get_write_queue_size(stream) == 0) {
    uv_buf_t buffer = uv_buf_init(bytes.data(), static_cast<unsigned>(bytes.size()));
    const int sent = uv_try_write(stream, &buffer, 1);
    if (sent > 0) bytes.erase(0, static_cast<size_t>(sent));
  }
  if (bytes.empty() && uv_stream_get_write_queue_size(stream) == 0) return then(after);
  auto* pending = new Write{{}, std::move(bytes), this, after};
  pending->request.data = pending;
  uv_buf_t buffer =
      uv_buf_init(pending->bytes.data(), static_cast<unsigned>(pending->bytes.size()));
  // The handle outlives its writes, and with it the connection: their callbacks come before
  // close's.
  uv_write(&pending->request, stream, &buffer, 1, [](uv_write_t* request, int status) {
    auto* done = static_cast<Write*>(request->data);
    if (status == 0) done->connection->then(done->after);
    delete done;
  });
}

void Connection::then(After after) {
  if (after != After::kGoOn) close(after);
}

void Connection::close(After how) {
  if (std::exchange(closing_, true)) return;
  service_.forget(this);
  const auto closed = [](uv_handle_t* handle) {
    static_cast<Connection*>(handle->data)->on_closed();
  };
  uv_close(reinterpret_cast<uv_handle_t*>(&timer_), closed);
  if (how == After::kReset && uv_tcp_close_reset(&tcp_, closed) == 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), closed);
}

void Connection::on_closed() {
  if (--open_handles_ == 0) delete this;
}

}  // namespace reprise::bench
