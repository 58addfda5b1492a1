#include "openai/error_body.h"

#include <array>

#include "base/json_writer.h"

namespace reprise::openai {

namespace {

struct Traits {
  ErrorCode code;
  int status;
  std::string_view name;
  http::Fields::Field extra{};  // with an empty name: none
};

constexpr http::Fields::Field kRetryAfter = {"Retry-After", "1"};
constexpr http::Fields::Field kNoRetry = {"x-should-retry", "false"};
constexpr http::Fields::Field kBearer = {"WWW-Authenticate", "Bearer realm=\"reprise\""};
constexpr http::Fields::Field kAllow = {"Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"};

constexpr std::array kTraits = std::to_array<Traits>({
    {ErrorCode::kBadRequest, 400, "bad_request"},
    {ErrorCode::kUnauthorized, 401, "unauthorized", kBearer},
    {ErrorCode::kForbidden, 403, "forbidden"},
    {ErrorCode::kNotFound, 404, "not_found"},
    {ErrorCode::kMethodNotAllowed, 405, "method_not_allowed", kAllow},
    {ErrorCode::kRequestTimeout, 408, "request_timeout"},
    {ErrorCode::kUriTooLong, 414, "uri_too_long"},
    {ErrorCode::kExpectationFailed, 417, "expectation_failed"},
    {ErrorCode::kHeadersTooLarge, 431, "headers_too_large"},
    {ErrorCode::kUpstreamUnreachable, 502, "upstream_unreachable"},
    {ErrorCode::kUpstreamTls, 502, "upstream_tls"},
    {ErrorCode::kUpstreamProtocol, 502, "upstream_protocol"},
    {ErrorCode::kOverloaded, 503, "overloaded", kRetryAfter},
    {ErrorCode::kDraining, 503, "draining", kRetryAfter},
    {ErrorCode::kUpstreamTimeout, 504, "upstream_timeout"},
    {ErrorCode::kNotCached, 504, "not_cached", kNoRetry},
});

constexpr bool in_order() {
  for (size_t i = 0; i < kTraits.size(); ++i) {
    if (static_cast<size_t>(kTraits[i].code) != i) return false;
  }
  return true;
}
static_assert(in_order());

const Traits& traits_of(ErrorCode code) { return kTraits[static_cast<size_t>(code)]; }

}  // namespace

int error_status(ErrorCode code) { return traits_of(code).status; }

std::string_view error_name(ErrorCode code) { return traits_of(code).name; }

std::string error_body(ErrorCode code, std::string_view message) {
  base::JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.member("message", message).member("type", "reprise_error");
  json.key("param").null().member("code", error_name(code));
  json.end_object().end_object();
  return std::move(json).take();
}

void add_error_fields(ErrorCode code, http::Fields* fields) {
  fields->add("Content-Type", "application/json");
  const http::Fields::Field& extra = traits_of(code).extra;
  if (!extra.name.empty()) fields->add(extra.name, extra.value);
}

}  // namespace reprise::openai
