#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "cache/freshness.h"
#include "http/message.h"
#include "openai/directives.h"
#include "openai/endpoint.h"
#include "openai/request.h"
#include "proxy/refusal.h"
#include "proxy/settings.h"
#include "proxy/upstream.h"

namespace reprise::proxy {

// Inquiry: a request without what concerns only us and this hop, and what it asks of the cache.
struct Inquiry {
  std::shared_ptr<const Upstream> upstream;
  openai::Route route = openai::Route::kOther;
  openai::Directives directives;
  cache::Terms terms;
  std::string name_space;            // the effective one
  std::vector<std::string> ignored;  // members, where the request itself names some
  http::RequestHead head;            // target as forwarded; Host and Expect still as they came
  std::string upgrade;               // the protocol that the client wants to switch to
  bool te_trailers = false;          // the client takes trailers
};

// Takes a request's head apart: upstream, route and directives, hop-by-hop and control fields
// removed, target as upstream wants it. `head` is used up unless it is refused.
tl::expected<void, Refusal> prepare(http::RequestHead& head, const Settings& settings,
                                    Inquiry* inquiry);

// What upstream is sent: with its own Host, and without Expect, which is answered here.
http::RequestHead head_to_forward(const Inquiry& inquiry);

// Why a request on a cacheable route is not looked up, as far as its head tells.
std::optional<openai::BypassReason> bypass_by_head(const Inquiry& inquiry,
                                                   const Settings& settings);

openai::QuestionInput question_input(const Inquiry& inquiry, const Settings& settings,
                                     std::string_view body);

}  // namespace reprise::proxy
