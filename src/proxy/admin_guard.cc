#include "proxy/admin_guard.h"

#include <algorithm>

namespace reprise::proxy {
namespace {

constexpr std::string_view kLocalhost = "localhost";

// Authority: host [ ":" port ]; brackets around an IPv6 literal stay.
struct Authority {
  std::string_view host;
  std::string_view port;
};

Authority split(std::string_view text) {
  const size_t literal_end = text.starts_with('[') ? text.find(']') : 0;
  if (literal_end == std::string_view::npos) return {};
  const size_t colon = text.find(':', literal_end);
  if (colon == std::string_view::npos) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

// "Bearer x" → "x" (RFC 6750 §2.1; schemes are case-insensitive). Empty for other schemes.
std::string_view bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!http::iequals(authorization.substr(0, kScheme.size()), kScheme)) return {};
  return http::trim(authorization.substr(kScheme.size()));
}

}  // namespace

AdminGuard::AdminGuard(const std::vector<std::string>& addresses, std::string_view token) {
  for (const std::string& address : addresses) {
    if (!address.starts_with("unix:")) addresses_.push_back(address);
  }
  if (!token.empty()) token_ = base::sha256(token);
}

std::optional<openai::ErrorCode> AdminGuard::refuse(const http::RequestHead& head,
                                                    std::string_view authority,
                                                    Access access) const {
  // Only HTTP/1.0 may leave Host out, and no browser does.
  const std::optional<std::string_view> host = head.fields.find("Host");
  if (!token_ && ((host && !own_host(*host)) || (!authority.empty() && !own_host(authority)))) {
    return openai::ErrorCode::kForbidden;
  }
  for (size_t i = 0; i < head.fields.size(); ++i) {
    const http::Fields::Field field = head.fields[i];
    if (http::iequals(field.name, "Origin") && !own_origin(field.value, host.value_or(""))) {
      return openai::ErrorCode::kForbidden;
    }
  }
  if (token_ && access != Access::kOpen && !shows_token(head.fields, access)) {
    return openai::ErrorCode::kUnauthorized;
  }
  return std::nullopt;
}

// Any port will do: it may be forwarded, and a page that names a foreign host fails by the host.
bool AdminGuard::own_host(std::string_view authority) const {
  const std::string_view host = split(authority).host;
  if (http::iequals(host, kLocalhost)) return true;
  return std::any_of(addresses_.begin(), addresses_.end(), [&](const std::string& address) {
    return http::iequals(host, split(address).host);
  });
}

bool AdminGuard::own_origin(std::string_view origin, std::string_view host) const {
  constexpr std::string_view kScheme = "http://";
  // A browser's origin is its address bar's, its Host what it connects to: equal, they are one
  // page. With a token we may also be behind something that speaks TLS for us.
  constexpr std::string_view kTlsScheme = "https://";
  if (token_ && origin.starts_with(kTlsScheme)) {
    return !host.empty() && http::iequals(origin.substr(kTlsScheme.size()), host);
  }
  if (!origin.starts_with(kScheme)) return false;
  const std::string_view authority = origin.substr(kScheme.size());
  const Authority named = split(authority);
  const std::string_view port = named.port.empty() ? "80" : named.port;
  if (!host.empty() && http::iequals(authority, host)) return true;
  return std::any_of(addresses_.begin(), addresses_.end(), [&](const std::string& address) {
    const Authority own = split(address);
    return port == own.port &&
           (http::iequals(named.host, own.host) || http::iequals(named.host, kLocalhost));
  });
}

bool AdminGuard::is_token(std::string_view text) const {
  const base::Sha256 digest = base::sha256(text);
  uint8_t difference = 0;
  for (size_t i = 0; i < digest.size(); ++i) difference |= digest[i] ^ (*token_)[i];
  return difference == 0;
}

bool AdminGuard::shows_token(const http::Fields& fields, Access access) const {
  const std::optional<std::string_view> own = fields.find(kAdminTokenField);
  if (own && is_token(*own)) return true;
  if (access == Access::kTokenField) return false;
  const std::optional<std::string_view> authorization = fields.find("Authorization");
  return authorization && is_token(bearer_token(*authorization));
}

}  // namespace reprise::proxy
