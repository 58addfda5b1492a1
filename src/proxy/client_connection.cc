#include "proxy/client_connection.h"

#include <array>
#include <utility>

#include "proxy/connection_group.h"

// States:
//   kIdle       nothing of a request has come      -> kHead at its first byte, kClosed at a timeout
//   kHead       part of a head has come            -> kExchange when it is whole, kLingering if it
//   is bad kExchange   the exchange answers               -> kIdle, or kLingering when the
//   connection is to end kLingering  our side is finished, input is thrown away, so that no reset
//   overtakes the answer
//                                                  -> kClosed at the client's end or a timeout
//   kClosed     waiting to be destroyed
// A client that ends its side before the answer is over has left: an SDK's abort looks like that.

namespace reprise::proxy {

namespace {
// How far a client may pipeline ahead.
constexpr size_t kPipelinedBytesMax = 64 * 1024;
}  // namespace

ClientConnection::ClientConnection(ConnectionGroup& group, std::unique_ptr<net::Stream> stream)
    : group_(group),
      stream_(std::move(stream)),
      parser_(group.limits().head, *this),
      timeout_([](void* self) noexcept { static_cast<ClientConnection*>(self)->on_timeout(); },
               this),
      send_timeout_(
          [](void* self) noexcept { static_cast<ClientConnection*>(self)->on_send_timeout(); },
          this),
      overloaded_(group.overloaded()) {
  stream_->set_handler(this);
  exchange_ = group.make_exchange(*this);
}

ClientConnection::~ClientConnection() = default;

void ClientConnection::start() {
  group_.header_timeouts.arm(timeout_);
  stream_->resume_reading();
}

void ClientConnection::on_read(std::string_view bytes) {
  if (state_ == State::kLingering || state_ == State::kClosed) return;
  if (state_ != State::kExchange || !request_ended_) return take(bytes);
  if (input_.size() + bytes.size() > kPipelinedBytesMax) stream_->pause_reading();
  input_.append(bytes);
}

// `bytes` may be input_'s former content, never input_ itself.
void ClientConnection::take(std::string_view bytes) {
  while (!bytes.empty()) {
    bytes.remove_prefix(feed(bytes));
    if (parser_.state() == http::RequestParser::State::kFailed) return refuse(parser_.error());
    if (state_ == State::kLingering || state_ == State::kClosed) return;
    if (!next_request()) break;
  }
  if (!bytes.empty()) input_.assign(bytes);
  after_feed();
}

size_t ClientConnection::feed(std::string_view bytes) {
  in_parser_ = true;
  const size_t consumed = parser_.feed(bytes);
  in_parser_ = false;
  if (state_ == State::kIdle && !parser_.idle()) {
    state_ = State::kHead;
    if (served_) group_.header_timeouts.arm(timeout_);
  }
  return consumed;
}

// Arms the wait that fits what is still missing.
void ClientConnection::after_feed() {
  switch (state_) {
    case State::kIdle:
      if (!timeout_.armed()) group_.keepalive_timeouts.arm(timeout_);
      break;
    case State::kExchange:
      if (response_ended_) {
        next_request();
      } else if (!request_ended_ && !body_paused_) {
        group_.body_timeouts.arm(timeout_);
      }
      break;
    case State::kHead:
    case State::kLingering:
    case State::kClosed:
      break;
  }
}

void ClientConnection::on_head(const http::RequestHead&) {
  timeout_.disarm();
  state_ = State::kExchange;
  request_ended_ = response_ended_ = response_begun_ = body_paused_ = false;
  reuse_ = Reuse::kKeepAlive;
  continue_due_ = parser_.head().expect_continue;
  if (overloaded_) {
    return respond_error(openai::ErrorCode::kOverloaded, "too many connections");
  }
  exchange_->on_request_head(parser_.head());
}

void ClientConnection::on_body(std::string_view piece) {
  continue_due_ = false;
  if (state_ == State::kExchange && !response_ended_) exchange_->on_request_body(piece);
}

void ClientConnection::on_end(const http::Fields& trailers) {
  timeout_.disarm();
  request_ended_ = true;
  if (state_ == State::kExchange && !response_ended_) exchange_->on_request_end(trailers);
}

// Goes on to the next request if this one is over in both directions. True if the parser may go on.
bool ClientConnection::next_request() {
  if (state_ == State::kIdle || state_ == State::kHead) return true;
  if (state_ != State::kExchange) return false;
  if (!response_ended_) return !request_ended_;
  if (!request_ended_ || reuse_ == Reuse::kClose) {
    linger();
    return false;
  }
  if (stream_->unwritten() > 0) return false;
  exchange_->reset();
  parser_.next();
  served_ = true;
  state_ = State::kIdle;
  if (draining_) {
    linger();
    return false;
  }
  return true;
}

void ClientConnection::process() {
  std::string held;
  held.swap(input_);
  if (state_ == State::kClosed) return;
  stream_->resume_reading();
  take(held);
}

void ClientConnection::write(std::span<const net::Piece> pieces) {
  response_begun_ = true;
  stream_->write(pieces);
  watch_sending();
}

void ClientConnection::watch_sending() {
  unwritten_seen_ = stream_->unwritten();
  if (unwritten_seen_ == 0) {
    send_timeout_.disarm();
  } else if (!send_timeout_.armed()) {
    group_.send_timeouts.arm(send_timeout_);
  }
}

void ClientConnection::on_send_timeout() {
  if (stream_->unwritten() < unwritten_seen_) return watch_sending();
  stream_->reset_on_close();
  close();
}

void ClientConnection::on_drained() {
  send_timeout_.disarm();
  if (cutting_) return close();
  if (state_ != State::kExchange) return;
  if (!response_ended_) return exchange_->on_drained();
  if (next_request()) process();
}

void ClientConnection::pause_body() {
  body_paused_ = true;
  timeout_.disarm();
  stream_->pause_reading();
}

void ClientConnection::resume_body() {
  if (!std::exchange(body_paused_, false)) return;
  if (!request_ended_) group_.body_timeouts.arm(timeout_);
  stream_->resume_reading();
}

void ClientConnection::send_continue() {
  if (!std::exchange(continue_due_, false)) return;
  const std::array<net::Piece, 1> pieces{net::Piece::transient("HTTP/1.1 100 Continue\r\n\r\n")};
  stream_->write(pieces);
}

bool ClientConnection::must_close() const {
  return draining_ || overloaded_ || !const_cast<http::RequestParser&>(parser_).head().keep_alive;
}

void ClientConnection::respond_error(openai::ErrorCode code, std::string_view message) {
  respond(own_error(code, message));
}

void ClientConnection::respond(const OwnResponse& response) {
  const bool closes = must_close() || !request_ended_;
  const bool head_only = parser_.head().method == "HEAD";
  const std::string text = to_wire(response, {closes, head_only});
  const std::array<net::Piece, 1> pieces{net::Piece::transient(text)};
  write(pieces);
  end_response(closes ? Reuse::kClose : Reuse::kKeepAlive);
}

void ClientConnection::end_response(Reuse reuse) {
  response_ended_ = true;
  if (must_close()) reuse = Reuse::kClose;
  reuse_ = reuse;
  if (in_parser_ || state_ != State::kExchange) return;
  if (next_request()) process();
}

void ClientConnection::cut() {
  response_ended_ = true;
  if (stream_->unwritten() == 0) return close();
  // What is queued still leaves, so that a client sees all that had come.
  cutting_ = true;
  state_ = State::kLingering;
  exchange_->reset();
}

// A request that cannot be understood ends its connection: nobody knows where the next one begins.
void ClientConnection::refuse(const http::ParseError& error) {
  if (state_ == State::kLingering || state_ == State::kClosed) return;
  exchange_->reset();
  if (response_begun_ && state_ == State::kExchange) return close();
  state_ = State::kExchange;
  const std::string text = to_wire(own_error(error), {true, false});
  const std::array<net::Piece, 1> pieces{net::Piece::transient(text)};
  write(pieces);
  linger();
}

void ClientConnection::linger() {
  if (state_ == State::kLingering || state_ == State::kClosed) return;
  exchange_->reset();
  state_ = State::kLingering;
  input_.clear();
  stream_->finish();
  stream_->resume_reading();
  group_.linger_timeouts.arm(timeout_);
}

void ClientConnection::on_timeout() {
  switch (state_) {
    case State::kHead:
      return refuse({408, "the request's head did not come in time"});
    case State::kExchange:
      return refuse({408, "the request's body did not come in time"});
    case State::kIdle:
    case State::kLingering:
    case State::kClosed:
      return close();
  }
}

void ClientConnection::on_read_end() { close(); }

void ClientConnection::on_stream_error(const base::Error&) { close(); }

std::unique_ptr<net::Stream> ClientConnection::take_stream(std::string* behind) {
  behind->swap(input_);
  stream_->set_handler(nullptr);
  stream_->pause_reading();
  std::unique_ptr<net::Stream> stream = std::move(stream_);
  state_ = State::kClosed;
  timeout_.disarm();
  send_timeout_.disarm();
  group_.remove(*this);
  return stream;
}

void ClientConnection::drain() {
  draining_ = true;
  if (state_ == State::kIdle) close();
}

void ClientConnection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  timeout_.disarm();
  send_timeout_.disarm();
  stream_->set_handler(nullptr);
  stream_->pause_reading();
  exchange_->reset();
  group_.remove(*this);
}

}  // namespace reprise::proxy
