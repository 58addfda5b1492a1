#include "app/option_proxy.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

#include "app/option_binding.h"
#include "app/option_values.h"
#include "http/chars.h"
#include "http/fields.h"
#include "openai/base64.h"

namespace reprise::app {

using binding::expected;

namespace {

constexpr std::string_view kScheme = "http://";

// What percent signs stand for; nothing if `text` is no user information (RFC 3986 §3.2.1), or has
// what RFC 7617 does not let into credentials.
std::optional<std::string> decoded(std::string_view text) {
  std::string plain;
  while (!text.empty()) {
    const size_t size = text.front() == '%' ? 3 : 1;
    const std::string_view piece = text.substr(0, size);
    text.remove_prefix(piece.size());
    if (size == 1) {
      if (!http::is_char(piece[0], http::kHostChar) && piece[0] != ':') return std::nullopt;
      plain += piece[0];
      continue;
    }
    if (piece.size() != 3 || !http::all_chars(piece.substr(1), http::kHexChar)) return std::nullopt;
    uint8_t byte = 0;
    std::from_chars(piece.data() + 1, piece.data() + 3, byte, 16);
    if (byte < 0x20 || byte == 0x7f) return std::nullopt;
    plain += static_cast<char>(byte);
  }
  return plain;
}

// The value of Proxy-Authorization (RFC 7617).
std::optional<std::string> basic_authorization(std::string_view user_info) {
  const size_t colon = std::min(user_info.find(':'), user_info.size());
  const auto user = decoded(user_info.substr(0, colon));
  const auto password = decoded(user_info.substr(std::min(colon + 1, user_info.size())));
  if (!user || !password || user->find(':') != std::string::npos) return std::nullopt;
  std::string value = "Basic ";
  openai::append_base64(value, *user + ":" + *password);
  return value;
}

}  // namespace

std::string ProxyAddress::text() const {
  return std::string(kScheme) + (user_info.empty() ? "" : user_info + "@") + server.text();
}

base::Result<ProxyAddress> parse_upstream_proxy(std::string_view text) {
  ProxyAddress proxy;
  if (http::iequals(text.substr(0, kScheme.size()), kScheme)) {
    text.remove_prefix(kScheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
  }
  const size_t at = text.rfind('@');
  auto server = parse_host_port(at == std::string_view::npos ? text : text.substr(at + 1));
  const bool other_scheme = text.find("://") != std::string_view::npos;
  if (!server || at == 0 || other_scheme)
    return expected("off or [http://][USER:PASSWORD@]HOST:PORT");
  proxy.server = *std::move(server);
  if (at == std::string_view::npos) return proxy;
  proxy.user_info = text.substr(0, at);
  if (proxy.user_info == kMask) {
    return expected("the user name and password: this is what --check prints in their place");
  }
  auto authorization = basic_authorization(proxy.user_info);
  if (!authorization) {
    return expected("USER:PASSWORD with all but letters, digits and -._~!$&'()*+,;= as %XX");
  }
  proxy.authorization = *std::move(authorization);
  return proxy;
}

std::string without_user_info(std::string_view text) {
  const size_t at = text.rfind('@');
  if (at == std::string_view::npos) return std::string(text);
  const size_t colon = text.substr(0, at).find(':');
  const bool scheme = colon != std::string_view::npos && text.substr(colon).starts_with("://");
  const size_t kept = scheme ? colon + 3 : 0;
  std::string shown(text.substr(0, kept));
  return shown.append(kMask).append(text.substr(at));
}

}  // namespace reprise::app
