#include <utility>

#include "proxy/proxy_exchange.h"

// What ProxyExchange asks of upstream although its client is served from what is held.

namespace reprise::proxy {

// The reader of questions describes the last one it has read, which may be another exchange's.
void ProxyExchange::read_again() {
  const auto question = context_.questions.read(question_input(inquiry_, *settings_, body_));
  CHECK(question.has_value());
}

// Asks what this client asks, for a newer answer to what it is about to be given. Nobody waits for
// it, but others may join.
void ProxyExchange::refresh_behind() {
  Commons& commons = context_.commons;
  if (inquiry_.terms.only_if_cached || !inquiry_.upgrade.empty()) return;
  auto refresh = commons.refreshes.begin(question_.key);
  if (refresh == nullptr) return;
  read_again();
  openai::QuestionDetails details = context_.questions.describe();
  const std::shared_ptr<cache::Flight> flight = make_flight(details, recording::OnAbandon::kFinish);
  KeepTerms terms = keep_terms(std::move(details));
  if (terms.ttl_ms == 0 || commons.budget.exhausted() || !commons.inflight.lead_unread(flight)) {
    return refresh->defer();
  }
  terms.refresh = std::move(refresh);
  if (commons.memcached != nullptr) {
    return context_.pursuits.start(
        {flight, whole_request(), std::move(terms), {}, Pursuit::Reach::kRefresh});
  }
  auto keeper = std::make_unique<Keeper>(commons, context_.metrics, context_.answers, flight,
                                         std::move(terms));
  context_.calls.start(std::make_unique<UpstreamCall>(context_.calls, whole_request(),
                                                      flight->recording, std::move(keeper)),
                       nullptr);
}

}  // namespace reprise::proxy
