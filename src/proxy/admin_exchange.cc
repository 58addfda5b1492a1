#include "proxy/admin_exchange.h"

#include <utility>

namespace reprise::proxy {

void AdminExchange::on_request_head(http::RequestHead& head) {
  head_ = &head;
  connection_.send_continue();
}

void AdminExchange::on_request_body(std::string_view piece) {
  if (head_ == nullptr) return;
  if (body_.size() + piece.size() > body_bytes_max_) {
    head_ = nullptr;
    return connection_.respond_error(openai::ErrorCode::kBadRequest, "the body is too large");
  }
  body_.append(piece);
}

void AdminExchange::on_request_end(const http::Fields&) {
  if (head_ == nullptr) return;
  connection_.respond(admin_.answer(*std::exchange(head_, nullptr), body_));
}

void AdminExchange::reset() {
  head_ = nullptr;
  std::string().swap(body_);
}

}  // namespace reprise::proxy
