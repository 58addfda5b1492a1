#include "proxy/purge_order.h"

#include <utility>

#include "base/json.h"
#include "openai/directives.h"

namespace reprise::proxy {
namespace {

base::Result<PurgeOrder> refuse(std::string detail) {
  return base::fail(base::ErrorKind::kRefuse, std::move(detail));
}

base::Result<PurgeOrder> named(PurgeOrder::Scope scope, std::string_view json) {
  if (!json.starts_with('"')) return refuse("the name must be a string");
  PurgeOrder order{scope, base::json_string_value(json)};
  if (scope == PurgeOrder::Scope::kNamespace && !order.name.empty() &&
      !openai::is_valid_label(order.name)) {
    return refuse("a namespace is at most 128 of A-Za-z0-9._:-");
  }
  if (scope == PurgeOrder::Scope::kModel &&
      (order.name.empty() || order.name.size() > PurgeOrder::kModelBytesMax)) {
    return refuse("a model has 1 to 1024 bytes");
  }
  return order;
}

}  // namespace

base::Result<PurgeOrder> parse_purge_order(std::string_view body) {
  constexpr const char* kExpected =
      R"(expected one of {"all":true}, {"namespace":"…"} and {"model":"…"})";
  if (body.size() > PurgeOrder::kBodyBytesMax) return refuse("the body is too large");
  base::JsonNormaliser json;
  if (json.read(body) != base::JsonFault::kNone || json.members().size() != 1) {
    return refuse(kExpected);
  }
  const std::string_view name = json.name(json.members().front());
  const std::string_view value = json.value(json.members().front());
  if (name == "all" && value == "true") return PurgeOrder{};
  if (name == "namespace") return named(PurgeOrder::Scope::kNamespace, value);
  if (name == "model") return named(PurgeOrder::Scope::kModel, value);
  return refuse(kExpected);
}

}  // namespace reprise::proxy
