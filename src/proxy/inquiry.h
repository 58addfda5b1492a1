#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/freshness.h"
#include "http/message.h"
#include "openai/directives.h"
#include "openai/endpoint.h"
#include "openai/request.h"
#include "proxy/settings.h"

namespace reprise::proxy {

// Inquiry: a request without what concerns only us and this hop, and what it asks of the cache.
struct Inquiry {
  openai::Route route = openai::Route::kOther;
  openai::Directives directives;
  cache::Terms terms;
  std::string name_space;            // the effective one
  std::vector<std::string> ignored;  // members, where the request itself names some
  http::RequestHead head;            // target as forwarded; Host and Expect still as they came
  std::string upgrade;               // the protocol that the client wants to switch to
  bool te_trailers = false;          // the client takes trailers
};

// Takes a request's head apart: route and directives, hop-by-hop and control fields removed, Host
// and target as upstream wants them. `head` is used up. An error is the client's fault.
base::Result<void> prepare(http::RequestHead& head, const Settings& settings, Inquiry* inquiry);

// What upstream is sent: with its own Host, and without Expect, which is answered here.
http::RequestHead head_to_forward(const Inquiry& inquiry, const Settings& settings);

// Why a request on a cacheable route is not looked up, as far as its head tells.
std::optional<openai::BypassReason> bypass_by_head(const Inquiry& inquiry,
                                                   const Settings& settings);

openai::QuestionInput question_input(const Inquiry& inquiry, const Settings& settings,
                                     std::string_view body);

}  // namespace reprise::proxy
