#pragma once

#include <memory>
#include <string_view>

#include "http/message.h"

namespace reprise::proxy {

class ClientConnection;

// Exchange: what becomes of one request at a time on one connection; used again for the next.
// Owner: its ClientConnection. Thread: the connection's loop's.
// It answers through the connection, at any time from on_request_head on, and says once that the
// answer is over: ClientConnection::end_response() or cut().
class Exchange {
 public:
  virtual ~Exchange() = default;
  // The head may be changed; it lasts until the exchange is over.
  virtual void on_request_head(http::RequestHead& head) = 0;
  virtual void on_request_body(std::string_view piece) = 0;
  virtual void on_request_end(const http::Fields& trailers) = 0;
  // Everything written has left, after ClientConnection::unwritten() was not 0.
  virtual void on_drained() = 0;
  // The client has left, its body does not continue, or the connection is cut for another reason.
  // Also called after end_response(), before the next request: let go of everything.
  virtual void reset() = 0;
};

}  // namespace reprise::proxy
