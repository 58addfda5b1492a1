#pragma once

#include <cstdint>
#include <string>

#include "http/fields.h"

namespace reprise::http {

// Version: HTTP/1.0 or HTTP/1.1; nothing else gets past the parser.
enum class Version : uint8_t { kHttp10, kHttp11 };

// Framing: how a message's body is delimited (RFC 9112 §6).
enum class Framing : uint8_t {
  kNone,           // no body: a request without either field, HEAD's answer, 1xx, 204, 304
  kContentLength,  // content_length bytes
  kChunked,        // Transfer-Encoding: chunked
  kClose,          // a response read until its connection closes
};

// RequestHead: a request's first line and fields, as parsed and found valid.
struct RequestHead {
  std::string method;  // as sent: methods are case-sensitive
  std::string target;  // origin-form, absolute-form, authority-form or "*", as sent
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  uint64_t content_length = 0;
  bool keep_alive = true;        // the client allows another request on its connection
  bool upgrade = false;          // Connection: upgrade and an Upgrade field
  bool expect_continue = false;  // Expect: 100-continue
  Fields fields;

  // Empty again, with the memory kept.
  void clear();
};

// ResponseHead: a response's status line and fields.
struct ResponseHead {
  int status = 0;
  std::string reason;
  Version version = Version::kHttp11;
  Framing framing = Framing::kNone;
  uint64_t content_length = 0;
  bool keep_alive = true;  // the upstream's connection may be used again after this message
  Fields fields;

  // Empty again, with the memory kept.
  void clear();
};

// True of a final status that a body follows: after any other one, clients would take the body for
// the next response.
constexpr bool has_body(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace reprise::http
