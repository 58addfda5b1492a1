#include "proxy/admin.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/json_writer.h"
#include "base/timestamp.h"
#include "cache/freshness.h"
#include "openai/directives.h"
#include "openai/error_body.h"
#include "proxy/metrics_text.h"
#include "proxy/purge_order.h"
#include "proxy/stats_json.h"

namespace reprise::proxy {
namespace {

using base::JsonWriter;
using openai::ErrorCode;

constexpr std::string_view kJson = "application/json";

OwnResponse content(int status, std::string_view type, std::string body) {
  OwnResponse response;
  response.status = status;
  response.fields.add("Content-Type", type);
  response.fields.add("Cache-Control", "no-store");
  response.fields.add("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

OwnResponse wrong_method(std::string_view allowed) {
  OwnResponse response =
      own_error(ErrorCode::kMethodNotAllowed, "this page answers other methods, see Allow");
  response.fields.remove("Allow");
  response.fields.add("Allow", allowed);
  return response;
}

std::string_view message_of(ErrorCode refused) {
  return refused == ErrorCode::kForbidden
             ? "not for web pages: Origin and Host must be this listener's own, or localhost"
             : "the admin token is required";
}

bool lists(std::string_view methods, std::string_view method) {
  bool found = false;
  http::for_each_element(methods, [&](std::string_view element) { found |= element == method; });
  return found;
}

// Takes every `name`= parameter out of `query` (with its question mark). The first one's value.
std::optional<std::string> take_parameter(std::string* query, std::string_view name) {
  std::optional<std::string> value;
  std::string kept;
  size_t at = 1;
  while (at < query->size()) {
    const size_t end = std::min(query->find('&', at), query->size());
    const std::string_view parameter = std::string_view(*query).substr(at, end - at);
    const size_t equals = std::min(parameter.find('='), parameter.size());
    if (parameter.substr(0, equals) == name) {
      if (!value) value = parameter.substr(std::min(equals + 1, parameter.size()));
    } else {
      kept += kept.empty() ? '?' : '&';
      kept += parameter;
    }
    at = end + 1;
  }
  if (value) *query = std::move(kept);
  return value;
}

std::string_view readiness_name(Readiness readiness) {
  switch (readiness) {
    case Readiness::kStarting:
      return "starting";
    case Readiness::kReady:
      return "ready";
    case Readiness::kDraining:
      return "draining";
  }
  CHECK(false);
}

void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) {
    json.null();
  } else {
    json.value(text);
  }
}

void write_usage(JsonWriter& json, const openai::Usage& usage) {
  json.key("usage");
  if (!usage.present) {
    json.null();
    return;
  }
  json.begin_object().member("prompt_tokens", usage.prompt);
  json.member("completion_tokens", usage.completion);
  json.member("total_tokens", usage.total).end_object();
}

std::string entry_json(const cache::Entry& entry, std::string_view tier, int64_t now_us) {
  JsonWriter json;
  json.begin_object().member("key", entry.key.hex());
  json.member("route", openai::route_name(entry.route));
  json.member("form", entry.form.stream ? "sse" : "json");
  write_text(json, "model", entry.model_answered);
  write_text(json, "finish_reason", entry.finish_reason);
  write_usage(json, entry.usage);
  json.member("stored", base::rfc3339_utc(entry.recorded_at_us));
  json.member("duration_ms", entry.duration_ms);
  json.member("bytes", entry.answer == nullptr ? 0 : entry.answer->body().size());
  json.member("ttl", cache::ttl_left_s(entry, now_us)).member("tier", tier);
  json.end_object();
  return std::move(json).take();
}

}  // namespace

Admin::Admin(const AdminSettings& settings, AdminParts parts)
    : guard_(settings.addresses, settings.token),
      name_space_(settings.name_space),
      parts_(std::move(parts)) {}

OwnResponse Admin::answer(const http::RequestHead& head, std::string_view body) const {
  Request request{head, body, {}, head.target, {}, {}};
  if (const size_t scheme_end = request.path.find("://");
      !request.path.starts_with('/') && scheme_end != std::string_view::npos) {
    const std::string_view behind = request.path.substr(scheme_end + 3);
    const size_t authority_end = std::min(behind.find_first_of("/?"), behind.size());
    request.authority = behind.substr(0, authority_end);
    request.path = behind.substr(authority_end);
  }
  const size_t path_end = std::min(request.path.find('?'), request.path.size());
  request.query = request.path.substr(path_end);
  request.path = request.path.substr(0, path_end);

  const Page* page = page_of(&request);
  const Access access = page == nullptr ? Access::kToken : page->access;
  if (const auto refused = guard_.refuse(head, request.authority, access)) {
    return own_error(*refused, message_of(*refused));
  }
  if (page == nullptr && head.method == "CONNECT") return wrong_method("GET, HEAD, POST, DELETE");
  if (page == nullptr) return own_error(ErrorCode::kNotFound, "there is no such page");
  if (!lists(page->methods, head.method)) return wrong_method(page->methods);
  return (this->*page->answer)(request);
}

const Admin::Page* Admin::page_of(Request* request) {
  static constexpr Page kPages[] = {
      {"/healthz", Access::kOpen, "GET, HEAD", &Admin::health},
      {"/readyz", Access::kOpen, "GET, HEAD", &Admin::readiness},
      {"/metrics", Access::kOpen, "GET, HEAD", &Admin::metrics},
      {"/stats", Access::kToken, "GET, HEAD", &Admin::stats},
      {"/entries/", Access::kToken, "GET, HEAD, DELETE", &Admin::entry},
      {"/purge", Access::kToken, "POST", &Admin::purge},
      {"/explain/", Access::kTokenField, "POST", &Admin::explain},
  };
  for (const Page& page : kPages) {
    const bool below = page.path.ends_with('/') && request->path.starts_with(page.path);
    if (!below && request->path != page.path) continue;
    request->rest = request->path.substr(page.path.size());
    return &page;
  }
  return nullptr;
}

OwnResponse Admin::health(const Request&) const {
  return content(200, kJson, R"({"status":"ok"})");
}

// Only what keeps requests from being taken: without its Memcached reprise goes on.
OwnResponse Admin::readiness(const Request&) const {
  const Readiness readiness = parts_.readiness.load(std::memory_order_acquire);
  JsonWriter json;
  json.begin_object().member("status", readiness_name(readiness));
  if (const Readings readings = parts_.read(); readings.memcached) {
    write_memcached_servers(json, "memcached", *readings.memcached);
  }
  json.end_object();
  return content(readiness == Readiness::kReady ? 200 : 503, kJson, std::move(json).take());
}

OwnResponse Admin::metrics(const Request&) const {
  return content(200, kMetricsContentType, metrics_text(parts_.read()));
}

OwnResponse Admin::stats(const Request&) const {
  return content(200, kJson, stats_json(parts_.read()));
}

Admin::Held Admin::find(const base::Digest128& key) const {
  for (const AdminParts::NamedTier& named : parts_.tiers) {
    std::shared_ptr<const cache::Entry> entry = named.tier.look_up(key);
    if (entry != nullptr && !parts_.purges.gone(*entry)) return {std::move(entry), named.name};
  }
  return {};
}

OwnResponse Admin::entry(const Request& request) const {
  base::Digest128 key;
  if (!base::Digest128::from_hex(request.rest, &key)) {
    return own_error(ErrorCode::kNotFound, "a key is 32 hex digits");
  }
  return request.head.method == "DELETE" ? delete_entry(key) : show_entry(key);
}

OwnResponse Admin::show_entry(const base::Digest128& key) const {
  const Held held = find(key);
  if (held.entry == nullptr) return own_error(ErrorCode::kNotFound, "no entry has this key");
  return content(200, kJson, entry_json(*held.entry, held.tier, parts_.clock.wall_us()));
}

OwnResponse Admin::delete_entry(const base::Digest128& key) const {
  const bool held = find(key).entry != nullptr;
  // First on record: an answer asked for before now must not slip in behind the removal. And on
  // record even if nothing is here, for others may hold it.
  parts_.purges.remove(key, parts_.clock.wall_us());
  for (const AdminParts::NamedTier& named : parts_.tiers) named.tier.remove(key);
  if (parts_.cassette != nullptr) parts_.cassette->keep_purges();
  if (parts_.memcached != nullptr) parts_.memcached->tell_purges();
  if (!held) return own_error(ErrorCode::kNotFound, "no entry has this key");
  OwnResponse response;
  response.status = 204;
  return response;
}

OwnResponse Admin::purge(const Request& request) const {
  const base::Result<PurgeOrder> order = parse_purge_order(request.body);
  if (!order) return own_error(ErrorCode::kBadRequest, order.error().detail);
  const int64_t now_us = parts_.clock.wall_us();
  JsonWriter json;
  json.begin_object().key("purged").begin_object();
  switch (order->scope) {
    case PurgeOrder::Scope::kAll:
      parts_.purges.purge_all(now_us);
      json.member("all", true);
      break;
    case PurgeOrder::Scope::kNamespace:
      parts_.purges.purge_namespace(openai::nest_namespace(name_space_, order->name), now_us);
      json.member("namespace", order->name);
      break;
    case PurgeOrder::Scope::kModel:
      parts_.purges.purge_model(order->name, now_us);
      json.member("model", order->name);
      break;
  }
  json.end_object().member("at", base::rfc3339_utc(now_us));
  if (parts_.cassette != nullptr) {
    json.key("cassette").begin_object().member("kept", parts_.cassette->keep_purges()).end_object();
  }
  if (parts_.memcached != nullptr) {
    const size_t told = parts_.memcached->tell_purges();
    json.key("memcached").begin_object().member("servers", parts_.memcached->servers());
    json.member("told", told).end_object();
  }
  json.end_object();
  return content(200, kJson, std::move(json).take());
}

OwnResponse Admin::explain(const Request& request) const {
  std::string query(request.query);
  Held other;
  if (const std::optional<std::string> text = take_parameter(&query, "key")) {
    base::Digest128 key;
    if (!base::Digest128::from_hex(*text, &key)) {
      return own_error(ErrorCode::kBadRequest, "key: expected 32 hex digits");
    }
    other = find(key);
    if (other.entry == nullptr) return own_error(ErrorCode::kNotFound, "no entry has this key");
  }
  http::RequestHead head = request.head;
  head.target = "/" + std::string(request.rest) + query;
  head.fields.remove(kAdminTokenField);
  const tl::expected<Explanation, Refusal> explanation =
      parts_.explain(head, request.body, other.entry.get());
  if (!explanation) return own_error(explanation.error().code, explanation.error().detail);
  return content(200, kJson, explanation_json(*explanation));
}

}  // namespace reprise::proxy
