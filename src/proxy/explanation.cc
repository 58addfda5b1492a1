#include "proxy/explanation.h"

#include <utility>

#include "base/check.h"
#include "base/json_writer.h"

namespace reprise::proxy {
namespace {

std::string_view decision_name(Decision decision) {
  switch (decision) {
    case Decision::kHit:
      return "hit";
    case Decision::kStale:
      return "stale";
    case Decision::kMiss:
      return "miss";
    case Decision::kBypass:
      return "bypass";
  }
  CHECK(false);
}

void write_text(base::JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

}  // namespace

std::string explanation_json(const Explanation& explanation) {
  base::JsonWriter json;
  json.begin_object().member("decision", decision_name(explanation.decision));
  write_text(json, "reason", explanation.reason);
  write_text(json, "key", explanation.key ? explanation.key->hex() : std::string());
  write_text(json, "canonical", explanation.canonical.value_or(std::string()));
  write_text(json, "tier", explanation.tier);
  json.key("ttl");
  if (explanation.ttl_s) {
    json.value(*explanation.ttl_s);
  } else {
    json.null();
  }
  json.key("differs");
  if (explanation.differs) {
    json.begin_array();
    for (const std::string& member : *explanation.differs) json.value(member);
    json.end_array();
  } else {
    json.null();
  }
  json.end_object();
  return std::move(json).take();
}

}  // namespace reprise::proxy
