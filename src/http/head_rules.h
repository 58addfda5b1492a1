#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace reprise::http {

// ParseError: why a message was refused. `status` answers a request (400, 414, 417, 431, 501, 505);
// a bad response is a 502 whatever it says.
struct ParseError {
  int status = 0;
  std::string detail;
};

// Options that one message's Connection fields may list in all.
inline constexpr size_t kConnectionOptionsMax = 64;

// host [ ":" port ] without user information (RFC 9110 §4.2): what Host and targets may name.
bool valid_authority(std::string_view text);

// The rules that need a whole head: target form, Host, framing (RFC 9112 §6.3), persistence (§9.3),
// expectations. Fills what the head says about them; nothing if the head is good.
std::optional<ParseError> judge(RequestHead& head);

// What a response answers: no body follows the head of an answer to HEAD, and a 2xx to CONNECT is
// the end of HTTP on its connection.
enum class Answering : uint8_t { kHead, kConnect, kOther };

// After this head the connection speaks another protocol.
bool opens_tunnel(const ResponseHead& head, Answering answering);

// Also removes Content-Length and Transfer-Encoding from 1xx and 204 heads and from those that open
// a tunnel, where neither may be sent on (RFC 9110 §8.6, §9.3.6, RFC 9112 §6.1).
std::optional<ParseError> judge(ResponseHead& head, Answering answering);

// Refuses trailers that would reframe or reroute a message (Content-Length, Transfer-Encoding,
// Host) and drops the others that may only come in a head (RFC 9110 §6.5.1): whoever merges
// trailers into heads would let them pass unchecked.
std::optional<ParseError> judge_trailers(Fields& trailers);

}  // namespace reprise::http
