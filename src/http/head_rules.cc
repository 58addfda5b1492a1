#include "http/head_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "http/chars.h"

namespace reprise::http {

namespace {

ParseError bad(const char* detail, int status = 400) { return {status, detail}; }

// Known: the fields of a head that say something about the message itself.
struct Known {
  std::string_view host;
  std::string_view length;
  std::string_view coding;
  size_t hosts = 0;
  size_t lengths = 0;
  size_t codings = 0;
  size_t options = 0;
  bool close = false;
  bool keep_alive = false;
  bool upgrade_option = false;
  bool upgrade_field = false;
  bool expects_continue = false;
  bool expects_other = false;

  explicit Known(const Fields& fields);
  void take(const Fields::Field& field);
  void take_connection(std::string_view value);
  void take_expect(std::string_view value);
};

Known::Known(const Fields& fields) {
  for (size_t i = 0; i < fields.size(); ++i) take(fields[i]);
}

void Known::take(const Fields::Field& field) {
  switch (field.name.size()) {
    case 4:
      if (!iequals(field.name, "host")) return;
      ++hosts;
      host = field.value;
      return;
    case 6:
      if (iequals(field.name, "expect")) take_expect(field.value);
      return;
    case 7:
      if (iequals(field.name, "upgrade")) upgrade_field |= !field.value.empty();
      return;
    case 10:
      if (iequals(field.name, "connection")) take_connection(field.value);
      return;
    case 14:
      if (!iequals(field.name, "content-length")) return;
      ++lengths;
      length = field.value;
      return;
    case 17:
      if (!iequals(field.name, "transfer-encoding")) return;
      ++codings;
      coding = field.value;
      return;
    default:
      return;
  }
}

void Known::take_connection(std::string_view value) {
  for_each_token(value, [this](std::string_view option) {
    ++options;
    close |= iequals(option, "close");
    keep_alive |= iequals(option, "keep-alive");
    upgrade_option |= iequals(option, "upgrade");
  });
}

void Known::take_expect(std::string_view value) {
  for_each_element(value, [this](std::string_view expectation) {
    (iequals(expectation, "100-continue") ? expects_continue : expects_other) = true;
  });
}

// 1*DIGIT that fits a signed 64-bit integer, as whoever counts the bytes may use one.
std::optional<uint64_t> parse_length(std::string_view text) {
  uint64_t length = 0;
  if (text.empty() || !all_chars(text, kDigitChar)) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (length > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return length;
}

// Why a Transfer-Encoding other than one "chunked" is refused: a list that ends in chunked, or has
// none, asks for codings we do not have; everything else is malformed.
ParseError judge_coding(const Known& known) {
  if (known.codings > 1) return bad("repeated Transfer-Encoding");
  size_t elements = 0;
  size_t chunked = 0;
  bool chunked_last = false;
  for_each_token(known.coding, [&](std::string_view element) {
    ++elements;
    chunked_last = iequals(element, "chunked");
    chunked += chunked_last ? 1 : 0;
  });
  if (elements == 0) return bad("empty Transfer-Encoding");
  if (chunked == 0 || (chunked == 1 && chunked_last && elements > 1)) {
    return bad("unknown transfer coding", 501);
  }
  return bad("malformed Transfer-Encoding");
}

template <typename Head>
std::optional<ParseError> judge_framing(Head& head, const Known& known) {
  head.framing = Framing::kNone;
  head.content_length = 0;
  if (known.options > kConnectionOptionsMax) return bad("too many connection options");
  if (known.lengths > 1) return bad("repeated Content-Length");
  if (known.codings > 0) {
    if (head.version == Version::kHttp10) return bad("Transfer-Encoding in HTTP/1.0");
    if (known.lengths > 0) return bad("Content-Length and Transfer-Encoding");
    if (known.codings > 1 || !iequals(known.coding, "chunked")) return judge_coding(known);
    head.framing = Framing::kChunked;
  } else if (known.lengths == 1) {
    const auto length = parse_length(known.length);
    if (!length) return bad("bad Content-Length");
    head.framing = Framing::kContentLength;
    head.content_length = *length;
  }
  return std::nullopt;
}

// RFC 9112 §9.3: what the sender allows.
bool persists(Version version, const Known& known) {
  if (known.close) return false;
  return version == Version::kHttp11 || known.keep_alive;
}

bool valid_port(std::string_view digits) {
  if (digits.size() > 5 || !all_chars(digits, kDigitChar)) return false;
  uint32_t port = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return port <= 65535;
}

bool valid_registered_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); ++i) {
    if (is_char(name[i], kHostChar)) continue;
    if (name[i] != '%' || name.size() - i < 3 || !all_chars(name.substr(i + 1, 2), kHexChar)) {
      return false;
    }
    i += 2;
  }
  return !name.empty();
}

bool valid_ipv6_literal(std::string_view text) {
  return text.find(':') != std::string_view::npos && text.size() <= 45 &&
         std::ranges::all_of(text,
                             [](char c) { return c == ':' || c == '.' || is_char(c, kHexChar); });
}

// The authority of an absolute-form target; nothing if it is not one.
std::optional<std::string_view> authority_of(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !iequals(target.substr(0, scheme.size()), scheme))
      continue;
    const std::string_view rest = target.substr(scheme.size());
    return rest.substr(0, rest.find_first_of("/?"));
  }
  return std::nullopt;
}

// The four forms of RFC 9112 §3.2.
bool valid_target(std::string_view method, std::string_view target) {
  if (method == "CONNECT") {
    return valid_authority(target) && target.back() != ']' && target.back() != ':' &&
           target.find(':') != std::string_view::npos;
  }
  if (target.front() == '/') return true;
  if (target == "*") return method == "OPTIONS";
  const auto authority = authority_of(target);
  return authority && valid_authority(*authority);
}

std::optional<ParseError> judge_host(const RequestHead& head, const Known& known) {
  if (known.hosts > 1) return bad("repeated Host");
  if (known.hosts == 0) {
    if (head.version == Version::kHttp11) return bad("missing Host");
    return std::nullopt;
  }
  if (!valid_authority(known.host)) return bad("bad Host");
  return std::nullopt;
}

void remove_framing(ResponseHead& head) {
  head.fields.remove("content-length");
  head.fields.remove("transfer-encoding");
}

// Framing fields of heads that no body ever follows: meaningless, but whoever sent them may think
// otherwise, so the connection is not used again.
void disarm(ResponseHead& head) {
  if (head.framing == Framing::kChunked || head.content_length > 0) head.keep_alive = false;
  remove_framing(head);
  head.framing = Framing::kNone;
  head.content_length = 0;
}

constexpr std::array<std::string_view, 3> kRefusedTrailers = {"content-length", "transfer-encoding",
                                                              "host"};
// Framing and routing, request modifiers, authentication, response control, content format.
constexpr std::array<std::string_view, 44> kDroppedTrailers = {"connection",
                                                               "keep-alive",
                                                               "proxy-connection",
                                                               "te",
                                                               "trailer",
                                                               "upgrade",
                                                               "http2-settings",
                                                               "forwarded",
                                                               "x-forwarded-for",
                                                               "x-forwarded-host",
                                                               "x-forwarded-proto",
                                                               "via",
                                                               "cache-control",
                                                               "expect",
                                                               "max-forwards",
                                                               "pragma",
                                                               "range",
                                                               "if-match",
                                                               "if-none-match",
                                                               "if-modified-since",
                                                               "if-unmodified-since",
                                                               "if-range",
                                                               "authorization",
                                                               "proxy-authorization",
                                                               "proxy-authenticate",
                                                               "www-authenticate",
                                                               "authentication-info",
                                                               "cookie",
                                                               "set-cookie",
                                                               "age",
                                                               "date",
                                                               "expires",
                                                               "location",
                                                               "retry-after",
                                                               "vary",
                                                               "warning",
                                                               "content-encoding",
                                                               "content-type",
                                                               "content-range",
                                                               "content-location",
                                                               "content-disposition",
                                                               "content-language",
                                                               "proxy-authentication-info",
                                                               "api-key"};

template <size_t N>
bool any_of_names(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::ranges::any_of(names, [&](std::string_view known) { return iequals(known, name); });
}

}  // namespace

bool valid_authority(std::string_view text) {
  size_t host_end = text.find(':');
  if (!text.empty() && text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos) return false;
    if (!valid_ipv6_literal(text.substr(1, bracket - 1))) return false;
    host_end = bracket + 1;
  } else if (!valid_registered_name(text.substr(0, host_end))) {
    return false;
  }
  if (host_end >= text.size()) return true;
  return text[host_end] == ':' && valid_port(text.substr(host_end + 1));
}

std::optional<ParseError> judge(RequestHead& head) {
  if (!valid_target(head.method, head.target)) return bad("bad request target");
  const Known known(head.fields);
  if (auto error = judge_host(head, known)) return error;
  if (auto error = judge_framing(head, known)) return error;
  if (known.expects_other) return bad("unknown expectation", 417);
  head.keep_alive = persists(head.version, known);
  if (head.method == "CONNECT") {
    // A body of CONNECT means nothing (RFC 9110 §9.3.6); what follows is never read as a request.
    head.framing = Framing::kNone;
    head.content_length = 0;
    head.keep_alive = false;
  }
  const bool has_body = head.framing == Framing::kChunked || head.content_length > 0;
  const bool http11 = head.version == Version::kHttp11;
  head.upgrade = http11 && known.upgrade_option && known.upgrade_field;
  head.expect_continue = http11 && known.expects_continue && has_body;
  return std::nullopt;
}

bool opens_tunnel(const ResponseHead& head, Answering answering) {
  return head.status == 101 || (answering == Answering::kConnect && head.status / 100 == 2);
}

std::optional<ParseError> judge(ResponseHead& head, Answering answering) {
  // What these heads say about a body is not even looked at (RFC 9110 §9.3.6).
  if (opens_tunnel(head, answering) && head.status != 101) remove_framing(head);
  const Known known(head.fields);
  if (auto error = judge_framing(head, known)) return error;
  head.keep_alive = persists(head.version, known);
  if (head.status < 200 || head.status == 204 || opens_tunnel(head, answering)) {
    disarm(head);
  } else if (answering == Answering::kHead || head.status == 304) {
    head.framing = Framing::kNone;
    head.content_length = 0;
  } else if (head.framing == Framing::kNone) {
    head.framing = Framing::kClose;
  }
  if (head.framing == Framing::kClose || opens_tunnel(head, answering)) head.keep_alive = false;
  return std::nullopt;
}

std::optional<ParseError> judge_trailers(Fields& trailers) {
  for (size_t i = 0; i < trailers.size(); ++i) {
    if (any_of_names(kRefusedTrailers, trailers[i].name)) return bad("forbidden trailer field");
  }
  trailers.remove_if(
      [](const Fields::Field& field) { return any_of_names(kDroppedTrailers, field.name); });
  return std::nullopt;
}

}  // namespace reprise::http
