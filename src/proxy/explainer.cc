#include "proxy/explainer.h"

#include <utility>

#include "cache/freshness.h"
#include "cache/nearest_question.h"

namespace reprise::proxy {

tl::expected<Explanation, Refusal> Explainer::explain(const http::RequestHead& head,
                                                      std::string_view body,
                                                      const cache::Entry* other) {
  Explanation explanation;
  http::RequestHead asked = head;
  Inquiry inquiry;
  if (auto prepared = prepare(asked, *commons_.settings, &inquiry); !prepared) {
    return tl::unexpected(prepared.error());
  }
  if (inquiry.route == openai::Route::kOther) {
    explanation.reason = "route";
    return explanation;
  }
  auto bypass = bypass_by_head(inquiry, *commons_.settings);
  if (!bypass && body.size() > commons_.settings->body_max) {
    bypass = openai::BypassReason::kBodyTooLarge;
  }
  if (bypass) {
    explanation.reason = openai::bypass_name(*bypass);
    return explanation;
  }
  const auto question = questions_.read(question_input(inquiry, *commons_.settings, body));
  if (!question) {
    explanation.reason = openai::bypass_name(question.error());
    return explanation;
  }
  openai::QuestionDetails details = questions_.describe();
  explanation.key = question->key;
  explanation.canonical = std::move(details.canonical);
  if (other != nullptr) {
    explanation.differs = cache::differing_members(details.members, other->members);
  }
  judge(inquiry, *question, &explanation);
  return explanation;
}

void Explainer::judge(const Inquiry& inquiry, const openai::Question& question,
                      Explanation* explanation) const {
  explanation->decision = Decision::kMiss;
  auto entry = commons_.memory.find(question.key, question.proof);
  explanation->tier = "memory";
  const auto look_up = [&](cache::Tier* tier, std::string_view name) {
    if (entry != nullptr || tier == nullptr) return;
    entry = tier->look_up(question.key);
    if (entry != nullptr && entry->proof != question.proof) entry = nullptr;
    explanation->tier = name;
  };
  look_up(commons_.cassette, "cassette");
  look_up(commons_.memcached, "memcached");
  if (entry == nullptr) {
    explanation->tier.clear();
    explanation->reason = "uri-miss";
    return;
  }
  const int64_t now_us = commons_.clock.wall_us();
  explanation->ttl_s = cache::ttl_left_s(*entry, now_us);
  if (commons_.purges.gone(*entry)) {
    explanation->reason = "purged";
    return;
  }
  const auto conversion = entry->conversion_to(question.form);
  if (conversion.step != openai::Conversion::Step::kNone && !entry->refusal(question.form)) {
    entry = commons_.renderer.render(entry, conversion);
  }
  if (const auto refused = entry->refusal(question.form)) {
    explanation->reason = openai::unconvertible_detail(*refused);
    return;
  }
  const cache::Judgement judgement =
      cache::judge(*entry, now_us, inquiry.terms, commons_.settings->lenience);
  switch (judgement) {
    case cache::Judgement::kFresh:
      explanation->decision = Decision::kHit;
      explanation->reason = "fresh";
      return;
    case cache::Judgement::kStale:
    case cache::Judgement::kMaxStale:
      explanation->decision = Decision::kStale;
      explanation->reason = cache::detail(judgement);
      return;
    case cache::Judgement::kExpired:
      explanation->reason = "stale";
      return;
    case cache::Judgement::kRefused:
      explanation->reason = "request";
      return;
  }
}

}  // namespace reprise::proxy
