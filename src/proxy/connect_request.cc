#include "proxy/connect_request.h"

#include <array>
#include <utility>

#include "http/writer.h"

// One turn: the request's head goes out, one answer is awaited. Its head settles everything: a 2xx
// is the tunnel's beginning, all else a refusal, whose body nobody reads.

namespace reprise::proxy {

using State = http::ResponseParser::State;

namespace {

// The proxy's reason phrase is told to clients: enough of it to be of use.
constexpr size_t kReasonBytesMax = 80;

std::string status_text(const http::ResponseHead& head) {
  std::string text = std::to_string(head.status);
  const std::string_view reason = std::string_view(head.reason).substr(0, kReasonBytesMax);
  if (!reason.empty()) text.append(" ").append(reason);
  return text;
}

}  // namespace

ConnectRequest::ConnectRequest(const Upstream& upstream, const UpstreamProxy& proxy,
                               size_t head_bytes_max)
    : authorized_(!proxy.authorization.empty()),
      parser_({.head_bytes_max = head_bytes_max}, *this) {
  http::write_request_line(wire_, "CONNECT", upstream.address);
  http::write_field(wire_, "Host", upstream.address);
  if (authorized_) http::write_field(wire_, "Proxy-Authorization", proxy.authorization);
  wire_.append(http::kCrlf);
}

void ConnectRequest::start(net::TcpStream& stream, Done done) {
  stream_ = &stream;
  done_ = std::move(done);
  parser_.expect(http::Answering::kConnect);
  stream.set_handler(this);
  const std::array<net::Piece, 1> pieces{net::Piece::transient(wire_)};
  stream.write(pieces);
  stream.resume_reading();
}

void ConnectRequest::on_read(std::string_view bytes) {
  const size_t consumed = parser_.feed(bytes);
  if (parser_.state() == State::kFailed && !answer_) {
    return refuse("the proxy's answer is malformed: " + parser_.error().detail);
  }
  if (answer_) finish(*std::move(answer_), bytes.substr(consumed));
}

void ConnectRequest::on_head(const http::ResponseHead& head) {
  if (head.status / 100 == 2) {
    answer_.emplace();
    return;
  }
  const char* what = "the proxy answered ";
  if (head.status == 407) {
    what =
        authorized_ ? "the proxy does not take the credentials: " : "the proxy wants credentials: ";
  }
  answer_ = base::fail(base::ErrorKind::kUnavailable, what + status_text(head));
}

void ConnectRequest::on_read_end() { refuse("the proxy closed the connection before its answer"); }

void ConnectRequest::on_stream_error(const base::Error& error) {
  refuse("the proxy did not answer: " + error.detail);
}

void ConnectRequest::refuse(std::string why) {
  finish(base::fail(base::ErrorKind::kUnavailable, std::move(why)), {});
}

// What came behind the proxy's head is the upstream's.
void ConnectRequest::finish(base::Result<void> result, std::string_view behind) {
  stream_->set_handler(nullptr);
  stream_->pause_reading();
  if (result && !behind.empty()) stream_->put_back(behind);
  std::exchange(done_, nullptr)(std::move(result));
}

}  // namespace reprise::proxy
