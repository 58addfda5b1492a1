#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/parser.h"
#include "net/connector.h"
#include "net/stream.h"
#include "proxy/settings.h"

namespace reprise::proxy {

// ConnectRequest: asks an HTTP proxy for a tunnel to an upstream (RFC 9110 §9.3.6).
// Owner: a Connector. Thread: its loop's.
class ConnectRequest final : public net::Preface,
                             private net::Stream::Handler,
                             private http::ResponseParser::Handler {
 public:
  ConnectRequest(const Upstream& upstream, const UpstreamProxy& proxy, size_t head_bytes_max);

  void start(net::TcpStream& stream, Done done) override;

 private:
  void on_read(std::string_view bytes) override;
  void on_read_end() override;
  void on_stream_error(const base::Error& error) override;
  void on_drained() override {}
  void on_interim(const http::ResponseHead&) override {}
  void on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view) override {}
  void on_end(const http::Fields&) override {}

  void refuse(std::string why);
  void finish(base::Result<void> result, std::string_view behind);

  std::string wire_;  // the request's head
  const bool authorized_;
  http::ResponseParser parser_;
  net::TcpStream* stream_ = nullptr;
  Done done_;
  std::optional<base::Result<void>> answer_;  // once a head is whole
};

}  // namespace reprise::proxy
