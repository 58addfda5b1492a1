#include "proxy/upstream.h"

namespace reprise::proxy {

namespace {

// The origin-form of a target: what an absolute-form names behind its authority (RFC 9112 §3.2.2).
std::string_view origin_form(std::string_view target) {
  const size_t scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string_view::npos) return target;
  const size_t path = target.find_first_of("/?", scheme + 3);
  return path == std::string_view::npos ? std::string_view("/") : target.substr(path);
}

std::string_view first_segment(std::string_view path) {
  if (!path.starts_with('/')) return {};
  path.remove_prefix(1);
  return path.substr(0, path.find_first_of("/?"));
}

}  // namespace

bool same_origin(const Upstream& a, const Upstream& b) {
  return a.tls == b.tls && a.port == b.port && a.host == b.host;
}

UpstreamChoice choose_upstream(const UpstreamList& upstreams, std::string_view target) {
  UpstreamChoice choice;
  choice.path = origin_form(target);
  const std::string_view segment = first_segment(choice.path);
  for (const auto& upstream : upstreams) {
    if (upstream->name.empty()) {
      choice.upstream = &upstream;
    } else if (upstream->name == segment) {
      return {&upstream, choice.path.substr(1 + segment.size())};
    }
  }
  return choice;
}

}  // namespace reprise::proxy
