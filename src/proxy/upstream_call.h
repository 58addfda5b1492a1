#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/intrusive_list.h"
#include "http/parser.h"
#include "net/connector.h"
#include "net/stream.h"
#include "net/timeout_queue.h"
#include "proxy/keeper.h"
#include "proxy/upstream.h"
#include "recording/recorder.h"

namespace reprise::proxy {

class CallGroup;
class UpstreamPool;

// ForwardedRequest: what upstream is sent.
struct ForwardedRequest {
  std::shared_ptr<const Upstream> upstream;
  http::RequestHead head;     // end-to-end fields only; framing as it goes out
  base::Bytes body;           // the whole body, unless it is streamed
  bool body_streams = false;  // the body comes by push_body() and end_body()
};

// UpstreamCall: sends one request and feeds one Recorder with the answer.
// Owner: its CallGroup, until the answer has ended or nobody wants it. Thread: the group's loop's.
// It outlives the exchange that caused it for as long as its recording has readers.
class UpstreamCall final : public base::IntrusiveNode,
                           private net::Stream::Handler,
                           private http::ResponseParser::Handler {
 public:
  // Caller: the exchange that caused the call and still has an interest in it.
  class Caller {
   public:
    virtual ~Caller() = default;
    // More of a streamed body may be pushed, after congested() was true.
    virtual void on_body_wanted() = 0;
    // The call is over, or takes no more of the body; forget it.
    virtual void on_call_over() = 0;
    // Upstream has switched protocols. `behind` came behind the head. The call is over.
    virtual void on_upgraded(const http::ResponseHead& head, std::unique_ptr<net::Stream> upstream,
                             std::string_view behind) = 0;
  };

  // `keeper` may be null: the answer is not to be stored. `caller` may be null.
  UpstreamCall(CallGroup& group, ForwardedRequest request,
               std::shared_ptr<recording::Recording> recording, std::unique_ptr<Keeper> keeper);
  ~UpstreamCall() override;

  void start(Caller* caller);
  // The caller has no further interest; a body that it has not ended stays unfinished.
  void forget_caller();

  void push_body(std::string_view piece);
  void end_body(const http::Fields& trailers);
  bool congested() const;

  // For the group: gives the call up.
  void cancel(recording::FailureReport report);

 private:
  enum class Stage : uint8_t { kConnecting, kSending, kAwaiting, kReceiving, kOver };

  void connect();
  void on_connect(net::Connector::Outcome outcome);
  void begin(std::unique_ptr<net::Stream> stream);
  void send_request();
  void write_body(std::string_view wire);
  bool may_retry() const;
  void arm_timeout();
  void on_timeout();
  void on_flow();

  void on_read(std::string_view bytes) override;
  void on_read_end() override;
  void on_stream_error(const base::Error& error) override;
  void on_drained() override;
  void on_interim(const http::ResponseHead& head) override;
  void on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view piece) override;
  void on_end(const http::Fields& trailers) override;

  void connection_lost(std::string detail);
  recording::Recorder::Flow flush_pieces();
  void apply(recording::Recorder::Flow flow);
  void upgrade(std::string_view behind);
  void complete();
  void release_stream();
  void close_stream();
  void over();

  CallGroup& group_;
  ForwardedRequest request_;
  UpstreamPool& pool_;
  std::string wire_head_;
  base::Wakeup flow_wakeup_;
  recording::Recorder recorder_;
  std::unique_ptr<Keeper> keeper_;
  Caller* caller_ = nullptr;
  std::unique_ptr<net::Connector> connector_;
  std::unique_ptr<net::Stream> stream_;
  http::ResponseParser parser_;
  http::Fields trailers_;
  net::Timeout timeout_;
  std::string held_body_;  // of a streamed body, as it goes over the wire, while it may be replayed
  std::vector<std::string_view> pieces_;  // of one read
  Stage stage_ = Stage::kConnecting;
  bool reused_ = false;
  bool retried_ = false;
  bool body_held_ = true;  // the whole body so far can be sent once more
  bool body_ended_ = false;
  bool answer_ended_ = false;
  bool upgraded_ = false;
};

}  // namespace reprise::proxy
