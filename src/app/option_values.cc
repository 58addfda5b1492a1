#include "app/option_values.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>

namespace reprise::app {

using base::Result;

namespace {

constexpr size_t kHostBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;
constexpr size_t kUpstreamNameBytesMax = 64;
constexpr size_t kNamespaceBytesMax = 128;
constexpr size_t kTokenBytesMax = 512;

tl::unexpected<base::Error> expected(std::string what) {
  return base::fail(base::ErrorKind::kRefuse, "expected " + std::move(what));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lower;
}

bool is_v4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}
bool is_v6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

// Resolvers read 127.1 or 0x7f000001 as addresses; what is no loopback here must be none there.
bool is_number(std::string_view label) {
  return label.starts_with("0x") || std::all_of(label.begin(), label.end(), is_digit);
}

// A DNS name or a dotted IPv4 address.
bool is_host(const std::string& host) {
  if (is_v4(host)) return true;
  std::string_view rest = host;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.empty() || rest.size() > kHostBytesMax) return false;
  while (true) {
    const size_t dot = rest.find('.');
    if (!is_label(rest.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return !is_number(rest);
    rest.remove_prefix(dot + 1);
  }
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

bool read_port(std::string_view text, uint16_t lowest, uint16_t* port) {
  const auto number = parse_count(text, lowest, UINT16_MAX);
  if (number) *port = static_cast<uint16_t>(*number);
  return number.has_value();
}

// HOST, HOST:PORT, [v6] or [v6]:PORT: where the host ends, and what is behind it ("" or ":PORT").
bool split_authority(std::string_view text, std::string* host, std::string_view* behind) {
  if (text.starts_with('[')) {
    const size_t end = text.find(']');
    if (end == std::string_view::npos) return false;
    *host = lower_case(text.substr(1, end - 1));
    *behind = text.substr(end + 1);
    return is_v6(*host);
  }
  const size_t colon = std::min(text.find(':'), text.size());
  *host = lower_case(text.substr(0, colon));
  *behind = text.substr(colon);
  return is_host(*host);
}

bool read_host_port(std::string_view text, uint16_t port_lowest, HostPort* out) {
  std::string_view behind;
  if (!split_authority(text, &out->host, &behind) || !behind.starts_with(':')) return false;
  return read_port(behind.substr(1), port_lowest, &out->port);
}

// What may stand in a path (RFC 3986 §3.3).
bool is_path(std::string_view path) {
  constexpr std::string_view kMarks = "/-._~!$&'()*+,;=:@";
  const auto is_hex = [](char c) {
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
  };
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (is_alphanumeric(c) || kMarks.find(c) != std::string_view::npos) continue;
    if (c != '%' || path.size() - i < 3 || !is_hex(path[i + 1]) || !is_hex(path[i + 2])) {
      return false;
    }
  }
  return true;
}

bool has_dot_segment(std::string_view path) {
  const std::string framed = std::string(path) + '/';
  return framed.find("/./") != std::string::npos || framed.find("/../") != std::string::npos;
}

std::string_view without_slashes(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool is_upstream_name(std::string_view name) {
  if (name.empty() || name.size() > kUpstreamNameBytesMax || name == "." || name == "..") {
    return false;
  }
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

Result<void> read_upstream_url(std::string_view text, UpstreamAddress* upstream) {
  constexpr std::string_view kExpected = "http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]";
  using Scheme = UpstreamAddress::Scheme;
  const size_t scheme_end = std::min(text.find("://"), text.size());
  const std::string scheme = lower_case(text.substr(0, scheme_end));
  if (scheme != "http" && scheme != "https") return expected(std::string(kExpected));
  text.remove_prefix(scheme_end + 3);

  const size_t authority_end = std::min(text.find_first_of("/?#"), text.size());
  const std::string_view authority = text.substr(0, authority_end);
  const std::string_view path = text.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) {
    return expected("a URL without user name and password: callers bring their own keys");
  }
  if (path.find_first_of("?#") != std::string_view::npos) {
    return expected("a URL without query and fragment");
  }
  std::string_view behind;
  upstream->scheme = scheme == "http" ? Scheme::kHttp : Scheme::kHttps;
  const uint16_t usual_port = upstream->scheme == Scheme::kHttp ? 80 : 443;
  upstream->port = usual_port;
  if (!split_authority(authority, &upstream->host, &behind))
    return expected(std::string(kExpected));
  if (!behind.empty() &&
      !(behind.front() == ':' && read_port(behind.substr(1), 1, &upstream->port))) {
    return expected("a port from 1 to 65535");
  }
  if (!is_path(path) || has_dot_segment(path)) {
    return expected("a path of URL characters, without . or .. segments");
  }
  std::string_view prefix = without_slashes(path);
  if (prefix.ends_with("/v1")) prefix = without_slashes(prefix.substr(0, prefix.size() - 3));

  upstream->path_prefix = prefix;
  upstream->authority = bracketed(upstream->host);
  if (upstream->port != usual_port) upstream->authority += ":" + std::to_string(upstream->port);
  upstream->url = scheme + "://" + upstream->authority + upstream->path_prefix;
  return {};
}

}  // namespace

std::string ListenAddress::text() const {
  if (kind == Kind::kUnix) return "unix:" + path;
  return bracketed(host) + ":" + std::to_string(port);
}

bool ListenAddress::is_loopback() const {
  if (kind == Kind::kUnix || host == "localhost") return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

std::string HostPort::text() const { return bracketed(host) + ":" + std::to_string(port); }

std::string UpstreamAddress::text() const {
  const std::string named = name.empty() ? url : name + "=" + url;
  // Reading takes one /v1 away.
  return path_prefix.ends_with("/v1") ? named + "/v1" : named;
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  constexpr std::string_view kUnixPrefix = "unix:";
  ListenAddress address;
  if (text.starts_with(kUnixPrefix)) {
    address.kind = ListenAddress::Kind::kUnix;
    address.path = text.substr(kUnixPrefix.size());
    if (address.path.empty() || address.path.size() >= sizeof(sockaddr_un::sun_path)) {
      return expected("unix: and a path of 1 to 107 bytes");
    }
    return address;
  }
  HostPort tcp;
  if (!read_host_port(text, 0, &tcp)) {
    return expected("HOST:PORT, [v6]:PORT or unix:PATH, with a port from 0 to 65535");
  }
  address.host = std::move(tcp.host);
  address.port = tcp.port;
  return address;
}

Result<HostPort> parse_host_port(std::string_view text) {
  HostPort address;
  if (!read_host_port(text, 1, &address)) {
    return expected("HOST:PORT or [v6]:PORT, with a port from 1 to 65535");
  }
  return address;
}

Result<UpstreamAddress> parse_upstream(std::string_view text) {
  UpstreamAddress upstream;
  const size_t equals = text.find('=');
  if (equals != std::string_view::npos && equals < text.find("://")) {
    upstream.name = text.substr(0, equals);
    text.remove_prefix(equals + 1);
    if (!is_upstream_name(upstream.name)) {
      return expected("NAME=URL with a name of 1 to 64 of A-Za-z0-9._-");
    }
  }
  if (auto read = read_upstream_url(text, &upstream); !read) return tl::unexpected(read.error());
  return upstream;
}

Result<std::string> parse_namespace(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '_' || c == ':' || c == '-';
  });
  if (!plain || text.size() > kNamespaceBytesMax) {
    return expected("at most 128 of A-Za-z0-9._:-");
  }
  return std::string(text);
}

Result<std::string> parse_admin_token(std::string_view text) {
  if (text == kMask) return expected("the token itself: this is what --check prints in its place");
  const bool visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!visible || text.empty() || text.size() > kTokenBytesMax) {
    return expected("none or 1 to 512 visible ASCII characters");
  }
  return std::string(text);
}

Result<uint64_t> parse_count(std::string_view text, uint64_t lowest, uint64_t highest) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || number < lowest || number > highest) {
    return expected("an integer from " + std::to_string(lowest) + " to " + std::to_string(highest));
  }
  return number;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.emplace_back(part);
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace reprise::app
