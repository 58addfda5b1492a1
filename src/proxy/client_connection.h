#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/intrusive_list.h"
#include "http/parser.h"
#include "net/stream.h"
#include "net/timeout_queue.h"
#include "proxy/exchange.h"
#include "proxy/own_response.h"

namespace reprise::proxy {

class ConnectionGroup;

// ClientConnection: one client's connection: reads requests one after the other and lets its
// Exchange answer them. Owner: its ConnectionGroup. Thread: the group's loop's. States: see the .cc
// file.
class ClientConnection final : public base::IntrusiveNode,
                               private net::Stream::Handler,
                               private http::RequestParser::Handler {
 public:
  // Reuse: what the connection is good for after an answer.
  enum class Reuse : uint8_t { kKeepAlive, kClose };

  ClientConnection(ConnectionGroup& group, std::unique_ptr<net::Stream> stream);
  ~ClientConnection() override;
  void start();

  // For the exchange.
  void write(std::span<const net::Piece> pieces);
  size_t unwritten() const { return stream_->unwritten(); }
  // Holds the client back while the exchange cannot take more of the body.
  void pause_body();
  void resume_body();
  // 100 Continue, if the client waits for it.
  void send_continue();
  // Whether the answer's head should announce the end of the connection.
  bool must_close() const;
  // A whole answer of our own; nothing of one may have been written. The connection stays open if
  // the request had ended.
  void respond(const OwnResponse& response);
  void respond_error(openai::ErrorCode code, std::string_view message);
  // The answer is written to its last byte.
  void end_response(Reuse reuse);
  // The answer cannot be finished: the client must see that it is torn.
  void cut();
  // The client must see it even from a connection whose end would end the answer.
  void reset_on_close() { stream_->reset_on_close(); }
  // Gives the stream away for a tunnel, with the bytes that came behind the request; the connection
  // is over.
  std::unique_ptr<net::Stream> take_stream(std::string* behind);
  bool request_ended() const { return request_ended_; }
  std::string peer() const { return stream_ != nullptr ? stream_->peer() : ""; }

  // For the group. Closes now if no exchange is under way, otherwise after it.
  void drain();
  // Closes at once.
  void close();

 private:
  enum class State : uint8_t { kIdle, kHead, kExchange, kLingering, kClosed };

  void on_read(std::string_view bytes) override;
  void on_read_end() override;
  void on_stream_error(const base::Error& error) override;
  void on_drained() override;
  void on_head(const http::RequestHead& head) override;
  void on_body(std::string_view piece) override;
  void on_end(const http::Fields& trailers) override;

  void process();
  void take(std::string_view bytes);
  size_t feed(std::string_view bytes);
  void after_feed();
  bool next_request();
  void refuse(const http::ParseError& error);
  void on_timeout();
  void on_send_timeout();
  void watch_sending();
  void linger();

  ConnectionGroup& group_;
  std::unique_ptr<net::Stream> stream_;
  http::RequestParser parser_;
  std::unique_ptr<Exchange> exchange_;
  std::string input_;  // bytes behind the current request
  net::Timeout timeout_;
  net::Timeout send_timeout_;
  size_t unwritten_seen_ = 0;
  State state_ = State::kIdle;
  Reuse reuse_ = Reuse::kKeepAlive;
  bool request_ended_ = false;
  bool response_ended_ = false;
  bool response_begun_ = false;
  bool continue_due_ = false;
  bool body_paused_ = false;
  bool in_parser_ = false;
  bool cutting_ = false;
  bool served_ = false;  // a request before this one
  bool draining_ = false;
  const bool overloaded_;
};

}  // namespace reprise::proxy
