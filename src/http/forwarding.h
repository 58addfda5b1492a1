#pragma once

#include <string>

#include "http/fields.h"

namespace reprise::http {

// Hop: what the removed fields said that the next hop may still need to know.
struct Hop {
  bool te_trailers = false;  // TE: trailers, the sender takes trailers
  std::string upgrade;       // the Upgrade field, if Connection named it; else empty
};

// Removes what belongs to one connection (RFC 9110 §7.6.1), in both directions: Connection and
// every field it names, Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade,
// HTTP2-Settings, and Proxy-Authorization, Proxy-Authenticate and Proxy-Authentication-Info:
// reprise never asks for proxy credentials, so such a field was meant for somebody before it, or
// was sent in error, and a credential must not travel on. What stays keeps its order, case and
// value. Connection cannot remove Host or Content-Length: it would reroute or reframe the message.
// Allocates only for a Connection that names other fields.
Hop strip_hop_by_hop(Fields& fields);

}  // namespace reprise::http
