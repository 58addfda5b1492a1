#include "proxy/own_response.h"

#include <chrono>

#include "base/timestamp.h"
#include "http/writer.h"

namespace reprise::proxy {

namespace {

using openai::ErrorCode;

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 414:
      return "URI Too Long";
    case 417:
      return "Expectation Failed";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

ErrorCode code_of(int status) {
  switch (status) {
    case 408:
      return ErrorCode::kRequestTimeout;
    case 414:
      return ErrorCode::kUriTooLong;
    case 417:
      return ErrorCode::kExpectationFailed;
    case 431:
      return ErrorCode::kHeadersTooLarge;
    default:
      return ErrorCode::kBadRequest;
  }
}

}  // namespace

OwnResponse own_error(ErrorCode code, std::string_view message) {
  OwnResponse response;
  response.status = openai::error_status(code);
  openai::add_error_fields(code, &response.fields);
  response.body = openai::error_body(code, message);
  return response;
}

// 501 and 505 keep their status: no code of ours says more than that the request is bad.
OwnResponse own_error(const http::ParseError& error) {
  OwnResponse response = own_error(code_of(error.status), error.detail);
  response.status = error.status;
  return response;
}

std::string to_wire(const OwnResponse& response, Delivery delivery) {
  std::string wire;
  http::write_status_line(wire, response.status, reason_of(response.status));
  wire.append(date_line());
  http::write_fields(wire, response.fields);
  if (response.status != 204) {
    http::write_field(wire, "Content-Length", std::to_string(response.body.size()));
  }
  if (delivery.closes) http::write_field(wire, "Connection", "close");
  wire.append(http::kCrlf);
  if (!delivery.head_only) wire.append(response.body);
  return wire;
}

std::string_view date_line() {
  struct Cached {
    int64_t second = -1;
    std::string line;
  };
  thread_local Cached cached;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  if (second != cached.second) {
    cached.second = second;
    cached.line = "Date: " + base::http_date(second) + "\r\n";
  }
  return cached.line;
}

}  // namespace reprise::proxy
