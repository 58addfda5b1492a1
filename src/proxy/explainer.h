#pragma once

#include <string_view>
#include <tl/expected.hpp>

#include "cache/entry.h"
#include "http/message.h"
#include "openai/request.h"
#include "proxy/commons.h"
#include "proxy/explanation.h"
#include "proxy/inquiry.h"
#include "proxy/refusal.h"

namespace reprise::proxy {

// Explainer: what would be done with a request, by the same steps as ProxyExchange takes.
// Owner: Server. Thread: one, the admin listener's.
class Explainer {
 public:
  explicit Explainer(Commons& commons) : commons_(commons) {}

  // `other` may be null.
  tl::expected<Explanation, Refusal> explain(const http::RequestHead& head, std::string_view body,
                                             const cache::Entry* other);

 private:
  void judge(const Inquiry& inquiry, const openai::Question& question,
             Explanation* explanation) const;

  Commons& commons_;
  openai::QuestionReader questions_;
};

}  // namespace reprise::proxy
