#include "proxy/inquiry.h"

#include <utility>

#include "http/forwarding.h"

namespace reprise::proxy {

namespace {

// Into a string whose memory is used again.
void write_target(const UpstreamChoice& choice, std::string* out) {
  out->clear();
  if (choice.path != "*") {
    out->append((*choice.upstream)->path_prefix);
    if (!choice.path.starts_with('/')) out->push_back('/');
  }
  out->append(choice.path);
}

cache::Terms terms_of(const openai::Directives& directives) {
  cache::Terms terms;
  terms.no_cache = directives.no_cache;
  terms.only_if_cached = directives.only_if_cached;
  terms.max_age_s = directives.max_age_s;
  terms.max_stale = directives.max_stale_s.has_value();
  terms.max_stale_s = directives.max_stale_s;
  terms.stale_if_error_s = directives.stale_if_error_s;
  return terms;
}

// Switching to HTTP/2 in clear would carry requests past everything that is checked here.
bool may_upgrade(std::string_view protocol) {
  return !protocol.empty() && !http::iequals(protocol.substr(0, 3), "h2c");
}

}  // namespace

tl::expected<void, Refusal> prepare(http::RequestHead& head, const Settings& settings,
                                    Inquiry* inquiry) {
  http::RequestHead& forwarded = inquiry->head;
  forwarded.method = head.method;
  inquiry->route = openai::Route::kOther;
  inquiry->directives = {};
  const UpstreamChoice choice = choose_upstream(settings.upstreams, head.target);
  if (choice.upstream == nullptr) {
    forwarded.target = choice.path;
    return tl::unexpected(Refusal{
        openai::ErrorCode::kNotFound,
        "the path does not begin with the name of an endpoint, and there is none without a name"});
  }
  inquiry->upstream = *choice.upstream;  // most often the same as for the request before this one
  write_target(choice, &forwarded.target);
  inquiry->route = openai::classify(head.method, choice.path);
  if (inquiry->route != openai::Route::kOther) {
    auto directives = openai::parse_directives(head.fields, settings.aliases);
    if (!directives) {
      return tl::unexpected(Refusal{openai::ErrorCode::kBadRequest, directives.error().detail});
    }
    inquiry->directives = std::move(*directives);
  }
  inquiry->terms = terms_of(inquiry->directives);
  inquiry->ignored = inquiry->directives.ignored;
  if (!inquiry->ignored.empty()) {
    inquiry->ignored.insert(inquiry->ignored.end(), settings.ignore.begin(), settings.ignore.end());
  }
  inquiry->name_space = openai::nest_namespace(settings.name_space, inquiry->directives.name_space);
  openai::strip_control_fields(inquiry->route, settings.aliases, &head.fields);
  const bool wants_upgrade = head.upgrade;
  http::Hop hop = http::strip_hop_by_hop(head.fields);
  inquiry->upgrade = wants_upgrade && may_upgrade(hop.upgrade) ? std::move(hop.upgrade) : "";
  forwarded.framing = head.framing;
  forwarded.content_length = head.content_length;
  forwarded.upgrade = !inquiry->upgrade.empty();
  // The parser gets the memory of the request before this one to fill again.
  std::swap(forwarded.fields, head.fields);
  inquiry->te_trailers = hop.te_trailers;
  return {};
}

http::RequestHead head_to_forward(const Inquiry& inquiry) {
  const std::string& host = inquiry.upstream->authority;
  http::RequestHead head;
  head.method = inquiry.head.method;
  head.target = inquiry.head.target;
  head.framing = inquiry.head.framing;
  head.content_length = inquiry.head.content_length;
  head.upgrade = inquiry.head.upgrade;
  bool host_stood = false;
  for (size_t i = 0; i < inquiry.head.fields.size(); ++i) {
    const http::Fields::Field field = inquiry.head.fields[i];
    if (http::iequals(field.name, "Host")) {
      head.fields.add(field.name, host);
      host_stood = true;
    } else if (!http::iequals(field.name, "Expect")) {
      head.fields.add(field.name, field.value);
    }
  }
  if (!host_stood) head.fields.add("Host", host);
  if (head.upgrade) {
    head.fields.add("Connection", "Upgrade");
    head.fields.add("Upgrade", inquiry.upgrade);
  } else if (inquiry.te_trailers) {
    head.fields.add("Connection", "TE");
    head.fields.add("TE", "trailers");
  }
  return head;
}

std::optional<openai::BypassReason> bypass_by_head(const Inquiry& inquiry,
                                                   const Settings& settings) {
  if (settings.mode == Mode::kOff) return openai::BypassReason::kModeOff;
  if (inquiry.directives.no_store) return openai::BypassReason::kNoStore;
  if (inquiry.head.framing == http::Framing::kContentLength &&
      inquiry.head.content_length > settings.body_max) {
    return openai::BypassReason::kBodyTooLarge;
  }
  return std::nullopt;
}

openai::QuestionInput question_input(const Inquiry& inquiry, const Settings& settings,
                                     std::string_view body) {
  openai::QuestionInput input;
  input.route = inquiry.route;
  input.scope = settings.scope;
  input.upstream_url = inquiry.upstream->url;
  input.target = inquiry.head.target;
  input.name_space = inquiry.name_space;
  input.fields = &inquiry.head.fields;
  input.body = body;
  input.custom_key = inquiry.directives.key;
  input.ignored = inquiry.ignored.empty() ? settings.ignore : inquiry.ignored;
  input.left_out = inquiry.directives.ignored;
  return input;
}

}  // namespace reprise::proxy
