#pragma once

#include <string>
#include <string_view>

#include "http/fields.h"
#include "http/head_rules.h"
#include "openai/error_body.h"

namespace reprise::proxy {

// OwnResponse: a whole answer of our own.
struct OwnResponse {
  int status = 200;
  http::Fields fields;  // Content-Length, Date and Connection are added
  std::string body;
};

// Delivery: how it goes out.
struct Delivery {
  bool closes = false;     // announce the end of the connection
  bool head_only = false;  // it answers HEAD
};

OwnResponse own_error(openai::ErrorCode code, std::string_view message);
// What answers a request that could not be understood.
OwnResponse own_error(const http::ParseError& error);

std::string to_wire(const OwnResponse& response, Delivery delivery);

// "Date: …\r\n" of now, made once a second on each thread (RFC 9110 §6.6.1).
std::string_view date_line();

}  // namespace reprise::proxy
