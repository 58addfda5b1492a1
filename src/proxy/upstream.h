#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::proxy {

// Upstream: an endpoint that requests are forwarded to. Immutable; whoever is on the way to one
// holds on to it, whatever the configuration says by then.
struct Upstream {
  std::string name;  // empty: the one for what no name claims
  std::string host;  // without brackets
  uint16_t port = 443;
  bool tls = true;
  std::string address;      // host and port, as CONNECT names them
  std::string authority;    // what Host says: the port only if it is not the scheme's
  std::string path_prefix;  // "" or "/…", without a trailing slash
  std::string url;          // normalised: part of every key
};

// True if a connection to one is as good as one to the other.
bool same_origin(const Upstream& a, const Upstream& b);

using UpstreamList = std::vector<std::shared_ptr<const Upstream>>;

// UpstreamChoice: where a request goes.
struct UpstreamChoice {
  const std::shared_ptr<const Upstream>* upstream = nullptr;  // null: nowhere; in the list
  std::string_view path;  // the target's origin-form without the name; its slash may be missing
};

// By the first segment of `target`'s path, byte by byte, which a name claims; `target` outlives
// the result.
UpstreamChoice choose_upstream(const UpstreamList& upstreams, std::string_view target);

}  // namespace reprise::proxy
