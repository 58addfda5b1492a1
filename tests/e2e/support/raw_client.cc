#include "e2e/support/raw_client.h"

#include <cstdlib>

namespace reprise::e2e {

void RawClient::send(std::string_view bytes) {
  if (!connection_.send(bytes)) throw HarnessError("the proxy takes no more bytes");
}

void RawClient::send_pieces(const std::vector<std::string>& pieces) {
  for (const std::string& piece : pieces) send(piece);
}

bool RawClient::fill() {
  end_ = connection_.receive(buffer_);
  if (end_ == Arrival::kTimedOut) throw HarnessError("nothing came from the proxy in time");
  return end_ == Arrival::kBytes;
}

Head RawClient::read_head(std::string_view method) {
  size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) {
      throw HarnessError(std::string("instead of a whole head: ") + to_text(end_) + ", after \"" +
                         buffer_ + "\"");
    }
  }
  const std::string raw = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  const auto head = parse_head(raw);
  if (!head || head->second.size() != 3) throw HarnessError("not a response head: " + raw);
  head_ = *head;
  decoder_ = decoder_of_response(head_, method == "HEAD");
  body_.clear();
  return head_;
}

std::string RawClient::read_some() {
  for (;;) {
    std::string piece;
    decoder_.decode(buffer_, piece);
    if (decoder_.bad()) throw HarnessError("the body is badly framed: " + buffer_);
    body_ += piece;
    if (!piece.empty() || decoder_.done()) return piece;
    if (!fill()) return "";
  }
}

const std::string& RawClient::read_until(std::string_view text) {
  while (body_.find(text) == std::string::npos) {
    if (read_some().empty()) {
      throw HarnessError("the body ended before \"" + std::string(text) + "\": " + body_);
    }
  }
  return body_;
}

Response RawClient::read_rest() {
  while (!read_some().empty()) {
  }
  Response response;
  response.version = head_.first;
  response.status = std::atoi(head_.second.c_str());
  response.reason = head_.third;
  response.raw_head = head_.raw;
  response.fields = head_.fields;
  response.framing = decoder_.framing();
  response.trailers = decoder_.trailers();
  response.chunks = decoder_.chunks();
  response.end = decoder_.done() ? Arrival::kBytes : end_;
  response.whole =
      decoder_.done() || (decoder_.framing() == Framing::kUntilClose && end_ == Arrival::kClosed);
  response.body = body_;
  return response;
}

Response RawClient::read_response(std::string_view method) {
  while (read_head(method).second[0] == '1') {
  }
  return read_rest();
}

Arrival RawClient::read_to_end(std::string* bytes) {
  while (fill()) {
  }
  if (bytes != nullptr) *bytes = buffer_;
  buffer_.clear();
  return end_;
}

std::string RawClient::read_raw(size_t count) {
  while (buffer_.size() < count) {
    if (!fill()) throw HarnessError(std::string("too few raw bytes: ") + to_text(end_));
  }
  return std::exchange(buffer_, std::string());
}

}  // namespace reprise::e2e
