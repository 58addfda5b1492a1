#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "e2e/support/connection.h"
#include "e2e/support/http_text.h"

namespace reprise::e2e {

// Response: one answer as a strict client saw it.
struct Response {
  int status = 0;
  std::string version;
  std::string reason;
  std::string raw_head;
  Fields fields;
  Framing framing = Framing::kNone;
  std::string body;  // without its framing
  Fields trailers;
  std::vector<uint64_t> chunks;
  bool whole = false;  // the framing came to its proper end
  Arrival end = Arrival::kBytes;

  std::string get(std::string_view name) const { return fields.get(name); }
  bool has(std::string_view name) const { return fields.has(name); }
  std::string x_cache() const { return fields.get("X-Cache"); }
  std::string cache_status() const { return fields.get("Cache-Status"); }
};

// RawClient: an HTTP client that sends exactly the bytes it is told to, and reads step by step.
// Owner: the test. Thread: the one that uses it. A wait that fails throws HarnessError.
class RawClient {
 public:
  explicit RawClient(Connection connection) : connection_(std::move(connection)) {}

  void send(std::string_view bytes);
  // Each piece by a send of its own.
  void send_pieces(const std::vector<std::string>& pieces);

  // The head alone. `method` is needed to know that HEAD's answers have no body.
  Head read_head(std::string_view method = "POST");
  // The next body bytes as they arrive, without framing; "" at the end.
  std::string read_some();
  // Reads until the body read since the head contains `text`; returns all of that body.
  const std::string& read_until(std::string_view text);
  // Whatever is left of the answer whose head was read.
  Response read_rest();
  // Head and body; interim answers (1xx) are skipped.
  Response read_response(std::string_view method = "POST");

  // Reads raw bytes until the peer ends the connection; returns how it did.
  Arrival read_to_end(std::string* bytes = nullptr);
  // Raw bytes, at least `count` of them: for tunnels.
  std::string read_raw(size_t count);

  Connection& connection() { return connection_; }
  const std::string& unread() const { return buffer_; }

 private:
  bool fill();

  Connection connection_;
  std::string buffer_;
  Head head_;
  BodyDecoder decoder_;
  std::string body_;
  Arrival end_ = Arrival::kBytes;
};

}  // namespace reprise::e2e
