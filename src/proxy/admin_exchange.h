#pragma once

#include <string>

#include "proxy/admin.h"
#include "proxy/client_connection.h"
#include "proxy/exchange.h"

namespace reprise::proxy {

// AdminExchange: one request to the admin listener: read whole, answered at once.
// Owner: its ClientConnection. Thread: its loop's.
class AdminExchange final : public Exchange {
 public:
  // Both outlive the exchange. Bodies beyond `body_bytes_max` are refused.
  AdminExchange(ClientConnection& connection, const Admin& admin, size_t body_bytes_max)
      : connection_(connection), admin_(admin), body_bytes_max_(body_bytes_max) {}

  void on_request_head(http::RequestHead& head) override;
  void on_request_body(std::string_view piece) override;
  void on_request_end(const http::Fields& trailers) override;
  void on_drained() override {}
  void reset() override;

 private:
  ClientConnection& connection_;
  const Admin& admin_;
  const size_t body_bytes_max_;
  http::RequestHead* head_ = nullptr;
  std::string body_;
};

}  // namespace reprise::proxy
