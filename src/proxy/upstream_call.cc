#include "proxy/upstream_call.h"

#include <array>
#include <utility>

#include "http/forwarding.h"
#include "http/writer.h"
#include "proxy/call_group.h"

// Stages:
//   kConnecting  no connection yet                -> kSending
//   kSending     the request is not out yet       -> kAwaiting; kReceiving at an early answer
//   kAwaiting    nothing but interim answers came -> kReceiving at a whole head;
//                                                    kConnecting once more if a reused connection
//                                                    proves dead
//   kReceiving   the answer is coming             -> kOver
//   kOver        waiting to be destroyed; every stage gets here by failure or cancellation

namespace reprise::proxy {

using recording::Failure;
using recording::Recorder;

namespace {

// How much of a streamed body is held for sending it once more, and before there is a connection.
constexpr size_t kHeldBodyMax = 64 * 1024;
// Beyond this the client is held back.
constexpr size_t kUnwrittenMax = 256 * 1024;

Failure failure_of(net::ConnectFailure::Step step) {
  switch (step) {
    case net::ConnectFailure::Step::kTls:
      return Failure::kTls;
    case net::ConnectFailure::Step::kTimeout:
      return Failure::kTimeout;
    case net::ConnectFailure::Step::kNoDescriptors:
      return Failure::kOverloaded;
    case net::ConnectFailure::Step::kResolve:
    case net::ConnectFailure::Step::kConnect:
      return Failure::kUnreachable;
  }
  return Failure::kUnreachable;
}

}  // namespace

UpstreamCall::UpstreamCall(CallGroup& group, ForwardedRequest request,
                           std::shared_ptr<recording::Recording> recording,
                           std::unique_ptr<Keeper> keeper)
    : group_(group),
      request_(std::move(request)),
      pool_(group.pool_of(request_.upstream)),
      flow_wakeup_(
          group.loop(), [](void* self) noexcept { static_cast<UpstreamCall*>(self)->on_flow(); },
          this),
      recorder_(std::move(recording), group.loop().clock(), flow_wakeup_),
      keeper_(std::move(keeper)),
      parser_({.head_bytes_max = group.settings().head_max}, *this),
      timeout_([](void* self) noexcept { static_cast<UpstreamCall*>(self)->on_timeout(); }, this),
      body_ended_(!request_.body_streams) {
  http::write_head(wire_head_, request_.head);
}

UpstreamCall::~UpstreamCall() = default;

void UpstreamCall::start(Caller* caller) {
  caller_ = caller;
  std::unique_ptr<net::Stream> idle = pool_.take_idle();
  if (idle == nullptr) return connect();
  reused_ = true;
  begin(std::move(idle));
}

void UpstreamCall::connect() {
  stage_ = Stage::kConnecting;
  connector_ = group_.dialer().connect(*request_.upstream, [this](net::Connector::Outcome outcome) {
    on_connect(std::move(outcome));
  });
}

void UpstreamCall::on_connect(net::Connector::Outcome outcome) {
  group_.loop().retire(std::move(connector_));
  if (!outcome) {
    return cancel({failure_of(outcome.error().step),
                   group_.dialer().way_to(*request_.upstream) + ": " + outcome.error().detail});
  }
  begin(std::move(*outcome));
}

void UpstreamCall::begin(std::unique_ptr<net::Stream> stream) {
  stream_ = std::move(stream);
  stream_->set_handler(this);
  parser_.expect(request_.head.method == "HEAD" ? http::Answering::kHead : http::Answering::kOther);
  send_request();
  stream_->resume_reading();
  if (caller_ != nullptr && !body_ended_ && !congested()) caller_->on_body_wanted();
}

void UpstreamCall::send_request() {
  const std::array<net::Piece, 3> pieces{net::Piece::transient(wire_head_),
                                         net::Piece::shared(request_.body),
                                         net::Piece::transient(held_body_)};
  stage_ = body_ended_ ? Stage::kAwaiting : Stage::kSending;
  arm_timeout();
  stream_->write(pieces);
}

// Silence is judged by what is being waited for: the head of the answer once the request is out.
void UpstreamCall::arm_timeout() {
  if (stage_ == Stage::kAwaiting) {
    group_.first_byte_timeouts.arm(timeout_);
  } else {
    group_.idle_timeouts.arm(timeout_);
  }
}

void UpstreamCall::push_body(std::string_view piece) {
  if (body_ended_ || stage_ == Stage::kOver || piece.empty()) return;
  if (request_.head.framing != http::Framing::kChunked) return write_body(piece);
  std::string wire(http::ChunkHead(piece.size()).view());
  wire.append(piece).append(http::kCrlf);
  write_body(wire);
}

void UpstreamCall::end_body(const http::Fields& trailers) {
  if (body_ended_ || stage_ == Stage::kOver) return;
  body_ended_ = true;
  if (request_.head.framing == http::Framing::kChunked) {
    std::string wire;
    http::write_last_chunk(wire, trailers);
    write_body(wire);
  }
  if (stage_ != Stage::kSending) return;
  stage_ = Stage::kAwaiting;
  arm_timeout();
}

void UpstreamCall::write_body(std::string_view wire) {
  if (body_held_) {
    held_body_.append(wire);
    if (stream_ != nullptr && held_body_.size() > kHeldBodyMax) {
      body_held_ = false;
      std::string().swap(held_body_);
    }
  }
  if (stream_ == nullptr) return;
  const std::array<net::Piece, 1> pieces{net::Piece::transient(wire)};
  stream_->write(pieces);
  if (stage_ == Stage::kSending) arm_timeout();
}

bool UpstreamCall::congested() const {
  if (stream_ == nullptr) return held_body_.size() >= kHeldBodyMax;
  return stream_->unwritten() >= kUnwrittenMax;
}

void UpstreamCall::on_drained() {
  if (caller_ != nullptr && !body_ended_) caller_->on_body_wanted();
}

void UpstreamCall::forget_caller() {
  caller_ = nullptr;
  if (!body_ended_) cancel({Failure::kAbandoned, "the client left inside its request"});
}

void UpstreamCall::on_read(std::string_view bytes) {
  const size_t consumed = parser_.feed(bytes);
  if (parser_.state() == http::ResponseParser::State::kFailed) {
    const Failure failure = stage_ == Stage::kReceiving ? Failure::kTruncated : Failure::kProtocol;
    flush_pieces();
    return cancel({failure, "upstream's answer is malformed: " + parser_.error().detail});
  }
  if (upgraded_) return upgrade(bytes.substr(consumed));
  const Recorder::Flow flow = flush_pieces();
  if (answer_ended_) {
    if (consumed < bytes.size()) parser_.head().keep_alive = false;
    return complete();
  }
  arm_timeout();
  apply(flow);
}

void UpstreamCall::on_interim(const http::ResponseHead& head) {
  if (head.status == 100) return;  // reprise has said so itself
  http::ResponseHead forwarded = head;
  http::strip_hop_by_hop(forwarded.fields);
  recorder_.interim(std::move(forwarded));
}

void UpstreamCall::on_head(const http::ResponseHead& head) {
  group_.metrics().count_upstream_answer(head.status);
  if (head.status == 101) {
    upgraded_ = true;
    return;
  }
  stage_ = Stage::kReceiving;
  http::ResponseHead forwarded = head;
  http::strip_hop_by_hop(forwarded.fields);
  if (keeper_ != nullptr && !keeper_->on_head(forwarded)) recorder_.stop_keeping();
  recorder_.head(std::move(forwarded));
}

void UpstreamCall::on_body(std::string_view piece) {
  pieces_.push_back(piece);
  if (keeper_ != nullptr && !keeper_->on_body(piece)) recorder_.stop_keeping();
}

void UpstreamCall::on_end(const http::Fields& trailers) {
  answer_ended_ = true;
  trailers_ = trailers;
}

// All that one read brought becomes one chunk.
Recorder::Flow UpstreamCall::flush_pieces() {
  size_t total = 0;
  for (const std::string_view piece : pieces_) total += piece.size();
  if (total == 0) return recorder_.flow();
  base::Bytes chunk = base::Bytes::with_size(total);
  size_t filled = 0;
  for (const std::string_view piece : pieces_) {
    filled += piece.copy(chunk.mutable_data() + filled, piece.size());
  }
  pieces_.clear();
  const Recorder::Flow flow = recorder_.append(std::move(chunk));
  if (keeper_ != nullptr && !recorder_.keeping()) keeper_->outgrown();
  return flow;
}

void UpstreamCall::apply(Recorder::Flow flow) {
  switch (flow) {
    case Recorder::Flow::kGoOn:
      if (stream_ != nullptr) stream_->resume_reading();
      return;
    case Recorder::Flow::kWait:
      timeout_.disarm();
      stream_->pause_reading();
      return;
    case Recorder::Flow::kAbandoned:
      return cancel({Failure::kAbandoned, "nobody reads the answer any more"});
  }
}

void UpstreamCall::on_flow() {
  if (stage_ == Stage::kOver) return;
  const Recorder::Flow flow = recorder_.flow();
  if (flow == Recorder::Flow::kGoOn && stage_ == Stage::kReceiving) arm_timeout();
  apply(flow);
}

void UpstreamCall::on_read_end() {
  const bool whole = parser_.finish();
  if (!whole) return connection_lost("upstream closed the connection");
  flush_pieces();
  parser_.head().keep_alive = false;
  complete();
}

void UpstreamCall::on_stream_error(const base::Error& error) { connection_lost(error.detail); }

bool UpstreamCall::may_retry() const {
  return reused_ && !retried_ && group_.settings().retry_reused && parser_.idle() && body_held_ &&
         stage_ != Stage::kReceiving;
}

void UpstreamCall::connection_lost(std::string detail) {
  if (stage_ == Stage::kOver) return;
  if (!may_retry()) {
    const Failure failure = stage_ == Stage::kReceiving ? Failure::kTruncated : Failure::kProtocol;
    return cancel({failure, std::move(detail)});
  }
  retried_ = true;
  reused_ = false;
  timeout_.disarm();
  close_stream();
  connect();
}

void UpstreamCall::on_timeout() {
  const char* what = stage_ == Stage::kReceiving ? "upstream fell silent inside its answer"
                                                 : "upstream did not answer in time";
  cancel({Failure::kTimeout, what});
}

void UpstreamCall::upgrade(std::string_view behind) {
  timeout_.disarm();
  stream_->set_handler(nullptr);
  stream_->pause_reading();
  Caller* caller = std::exchange(caller_, nullptr);
  if (caller != nullptr && !request_.head.upgrade) {
    caller_ = caller;
    return cancel({Failure::kProtocol, "upstream switched protocols unasked"});
  }
  if (caller != nullptr) caller->on_upgraded(parser_.head(), std::move(stream_), behind);
  over();
}

void UpstreamCall::complete() {
  timeout_.disarm();
  if (keeper_ != nullptr) keeper_->on_end(recorder_, Keeper::Framing::kIntact);
  recorder_.complete(std::move(trailers_));
  release_stream();
  over();
}

void UpstreamCall::release_stream() {
  if (parser_.head().keep_alive && body_ended_ && stream_->unwritten() == 0) {
    stream_->set_handler(nullptr);
    pool_.keep(std::move(stream_));
  } else {
    close_stream();
  }
}

void UpstreamCall::close_stream() {
  if (stream_ == nullptr) return;
  stream_->set_handler(nullptr);
  stream_->pause_reading();
  group_.loop().retire(std::move(stream_));
}

void UpstreamCall::cancel(recording::FailureReport report) {
  if (stage_ == Stage::kOver) return;
  timeout_.disarm();
  if (report.failure != Failure::kAbandoned) group_.metrics().count_upstream_failure();
  if (keeper_ != nullptr) {
    if (stage_ == Stage::kReceiving && report.failure != Failure::kAbandoned) {
      keeper_->on_end(recorder_, Keeper::Framing::kTorn);
    } else {
      keeper_->give_up(openai::NotStored::kAborted);
    }
  }
  recorder_.fail(std::move(report));
  if (connector_ != nullptr) group_.loop().retire(std::move(connector_));
  close_stream();
  over();
}

void UpstreamCall::over() {
  if (std::exchange(stage_, Stage::kOver) == Stage::kOver) return;
  if (Caller* caller = std::exchange(caller_, nullptr)) caller->on_call_over();
  group_.remove(*this);
}

}  // namespace reprise::proxy
