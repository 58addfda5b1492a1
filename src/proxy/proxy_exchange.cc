#include "proxy/proxy_exchange.h"

#include <algorithm>
#include <utility>

#include "http/writer.h"
#include "openai/choices_asked.h"

// States:
//   kIdle        no request                        -> kCollecting, kStreaming at a head
//   kCollecting  the body is read for its question -> kAnswering when it is whole,
//                                                     kStreaming when it grows too large
//   kStreaming   the body goes upstream as it comes -> kAnswering when it is whole
//   kAnswering   the answer is awaited or played    -> kIdle by reset()
// An answer may begin in every state but kIdle; kStreaming then goes on until the body or the
// answer ends.

namespace reprise::proxy {

using base::CacheResult;
using openai::BypassReason;

namespace {

// A reader may be slow for a while: cutting it costs its answer, holding on to it only memory.
constexpr size_t kLagMin = size_t{8} << 20;

recording::Limits limits_of(const Settings& settings) {
  recording::Limits limits;
  limits.kept_max = settings.object_max;
  limits.lag_max = std::max(settings.object_max, kLagMin);
  return limits;
}

// A body's memory is kept for the next request on the connection unless it was large.
constexpr size_t kBodyKeptMax = 64 * 1024;
// What a client may claim about its body's length before we believe it.
constexpr size_t kBodyReserveMax = 1024 * 1024;

}  // namespace

ProxyExchange::ProxyExchange(ClientConnection& connection, WorkerContext& context)
    : connection_(connection),
      context_(context),
      playback_(connection, *this, context.loop, context.scratch),
      rendered_(
          context.loop,
          [](void* self) noexcept { static_cast<ProxyExchange*>(self)->on_rendered(); }, this),
      scanned_(
          context.loop,
          [](void* self) noexcept { static_cast<ProxyExchange*>(self)->on_scanned(); }, this) {}

ProxyExchange::~ProxyExchange() { reset(); }

void ProxyExchange::reset() {
  if (state_ == State::kIdle) return;
  state_ = State::kIdle;
  playback_.stop();
  if (UpstreamCall* call = std::exchange(call_, nullptr)) call->forget_caller();
  account();
  if (rendering_ != nullptr) std::exchange(rendering_, nullptr)->forget();
  if (scan_ != nullptr) std::exchange(scan_, nullptr)->forget();
  entry_.reset();
  rendition_ = nullptr;
  outage_.reset();
  fallback_.reset();
  flight_.reset();
  trailers_.clear();
  body_.clear();
  if (body_.capacity() > kBodyKeptMax) std::string().swap(body_);
}

void ProxyExchange::on_request_head(http::RequestHead& head) {
  begin(head);
  if (state_ != State::kCollecting) count_in();
}

// An answer is under way once it is known where it comes from: whoever sees the count finds the
// request with those whom it joined.
void ProxyExchange::count_in() {
  if (state_ != State::kIdle && !std::exchange(counted_, true)) context_.metrics.stream_opened();
}

void ProxyExchange::begin(http::RequestHead& head) {
  started_us_ = context_.commons.clock.monotonic_us();
  first_byte_us_ = 0;
  status_ = 0;
  keyed_ = follower_ = asked_alone_ = asked_twice_ = false;
  no_fallback_ = after_flight_ = false;
  note_ = {};
  state_ = State::kStreaming;
  counted_ = false;
  client_version_ = head.version;
  head_only_ = head.method == "HEAD";
  settings_ = context_.commons.settings;
  const Settings& settings = *settings_;
  if (head.method == "CONNECT") {
    return respond_error(openai::ErrorCode::kMethodNotAllowed, "CONNECT is not served");
  }
  if (auto prepared = prepare(head, settings, &inquiry_); !prepared) {
    const Refusal& refusal = prepared.error();
    const bool cacheable = inquiry_.route != openai::Route::kOther;
    note_ = {cacheable ? CacheResult::kBypass : CacheResult::kPassed, "bypass",
             openai::error_name(refusal.code), false};
    return respond_error(refusal.code, refusal.detail);
  }
  connection_.send_continue();
  if (inquiry_.route == openai::Route::kOther) return pass(CacheResult::kPassed);
  if (const auto reason = bypass_by_head(inquiry_, settings)) return bypass(*reason);
  state_ = State::kCollecting;
  if (inquiry_.head.framing == http::Framing::kContentLength) {
    body_.reserve(std::min<uint64_t>(inquiry_.head.content_length, kBodyReserveMax));
  }
}

void ProxyExchange::on_request_body(std::string_view piece) {
  if (state_ == State::kCollecting) {
    body_.append(piece);
    if (body_.size() <= settings_->body_max) return;
    state_ = State::kStreaming;
    return bypass(BypassReason::kBodyTooLarge);
  }
  if (call_ == nullptr) return;
  call_->push_body(piece);
  if (call_ != nullptr && call_->congested()) connection_.pause_body();
}

void ProxyExchange::on_request_end(const http::Fields& trailers) {
  const State state = std::exchange(state_, State::kAnswering);
  if (state == State::kCollecting) {
    trailers_ = trailers;
    decide();
    return count_in();
  }
  if (call_ != nullptr) call_->end_body(trailers);
}

void ProxyExchange::on_body_wanted() { connection_.resume_body(); }

void ProxyExchange::on_call_over() {
  call_ = nullptr;
  connection_.resume_body();
}

void ProxyExchange::on_drained() { playback_.on_drained(); }

void ProxyExchange::decide() {
  const auto question = context_.questions.read(question_input(inquiry_, *settings_, body_));
  if (!question) return bypass(question.error());
  question_ = *question;
  keyed_ = true;
  if (serve_remembered()) return;
  if (inquiry_.terms.only_if_cached || offline()) {
    return may_look_further() ? look_only() : refuse_uncached();
  }
  ask(inquiry_.terms.no_cache || !settings_->coalesce ? Join::kAlone : Join::kAllowed);
}

ProxyExchange::Found ProxyExchange::look_up() {
  return judge(context_.commons.memory.find(question_.key, question_.proof));
}

ProxyExchange::Found ProxyExchange::judge(std::shared_ptr<const cache::Entry> entry) {
  Found found;
  if (entry == nullptr || context_.commons.purges.gone(*entry)) return found;
  found.refused = entry->refusal(question_.form);
  if (found.refused) return found;
  found.judgement =
      cache::judge(*entry, context_.commons.clock.wall_us(), inquiry_.terms, settings_->lenience);
  found.entry = std::move(entry);
  return found;
}

// Plays what memory has, if this request takes it; otherwise notes why upstream is asked.
bool ProxyExchange::serve_remembered() { return serve(look_up(), "memory"); }

bool ProxyExchange::serve(Found found, std::string_view tier) {
  const std::string_view lacking =
      found.refused ? openai::unconvertible_detail(*found.refused) : std::string_view();
  note_ = {CacheResult::kMiss, "uri-miss", lacking, false};
  if (found.entry == nullptr) return false;
  switch (found.judgement) {
    case cache::Judgement::kFresh:
      present(std::move(found.entry), {CacheResult::kHit, "", tier, false});
      return true;
    case cache::Judgement::kStale:
      refresh_behind();
      [[fallthrough]];
    case cache::Judgement::kMaxStale:
      present(std::move(found.entry),
              {CacheResult::kStale, "", cache::detail(found.judgement), false});
      return true;
    case cache::Judgement::kExpired:
      note_.forwarded = "stale";
      break;
    case cache::Judgement::kRefused:
      note_.forwarded = "request";
      break;
  }
  if (cache::may_replace_failure(*found.entry, context_.commons.clock.wall_us(), inquiry_.terms,
                                 settings_->lenience)) {
    fallback_ = std::move(found.entry);
  }
  return false;
}

std::shared_ptr<cache::Flight> ProxyExchange::make_flight(const openai::QuestionDetails& details,
                                                          recording::OnAbandon on_abandon) {
  const Settings& settings = *settings_;
  auto flight = std::make_shared<cache::Flight>();
  flight->key = question_.key;
  flight->proof = question_.proof;
  flight->route = question_.route;
  flight->form = question_.form;
  flight->asked_at_us = context_.commons.clock.wall_us();
  flight->name_space = inquiry_.name_space;
  flight->model_asked = details.model;
  flight->recording = std::make_shared<recording::Recording>(
      recording::Keep::kKept, on_abandon, limits_of(settings), &context_.commons.budget);
  return flight;
}

// Whether a slower tier is worth asking, and was not asked yet.
bool ProxyExchange::may_look_further() const {
  return context_.commons.has_slower_tier() && (!inquiry_.terms.no_cache || offline()) &&
         !asked_alone_ && inquiry_.upgrade.empty();
}

// Neither joins nor leads: what a slower tier holds, if anything.
void ProxyExchange::look_only() {
  const std::shared_ptr<cache::Flight> mine =
      make_flight(context_.questions.describe(), settings_->on_abort);
  CHECK(playback_.cursor().join(mine->recording));
  pursue(mine, {}, Pursuit::Reach::kWhatIsHeld);
}

// Joins a flight or leads one.
void ProxyExchange::ask(Join join) {
  if (offline()) return refuse_uncached();
  if (inquiry_.terms.no_cache) note_.forwarded = "request";
  if (context_.commons.budget.exhausted()) {
    if (may_look_further()) return look_only();
    context_.metrics.count_not_stored(static_cast<size_t>(openai::NotStored::kBudget));
    return pass(note_.result);
  }
  openai::QuestionDetails details = context_.questions.describe();
  const std::shared_ptr<cache::Flight> mine = make_flight(details, settings_->on_abort);
  if (join == Join::kAlone) {
    if (settings_->coalesce) {
      context_.commons.inflight.lead(mine, playback_.cursor());
    } else {
      CHECK(playback_.cursor().join(mine->recording));
    }
    return lead(mine, std::move(details), join);
  }
  const auto company =
      join == Join::kSameForm ? cache::Company::kSameForm : cache::Company::kAnyForm;
  const cache::InflightTable::Newcomer newcomer{mine, playback_.cursor(), company};
  const auto joined = context_.commons.inflight.join_or_lead(newcomer, [this] {
    const Found found = look_up();
    return found.entry != nullptr && found.judgement == cache::Judgement::kFresh;
  });
  if (joined == mine) return lead(mine, std::move(details), join);
  if (joined != nullptr) return follow(joined);
  if (!serve_remembered()) ask(Join::kAlone);
}

void ProxyExchange::follow(const std::shared_ptr<const cache::Flight>& flight) {
  flight_ = flight;
  follower_ = true;
  note_.result = CacheResult::kCoalesced;
  playback_.start(client_version_);
}

KeepTerms ProxyExchange::keep_terms(openai::QuestionDetails details) {
  KeepTerms terms;
  terms.asked = {question_.route, question_.form,
                 openai::choices_asked(question_.route, body_, context_.answers)};
  terms.details = std::move(details);
  terms.ttl_ms = inquiry_.directives.ttl_ms.value_or(settings_->ttl_ms);
  return terms;
}

void ProxyExchange::lead(const std::shared_ptr<cache::Flight>& flight,
                         openai::QuestionDetails details, Join join) {
  const Commons& commons = context_.commons;
  KeepTerms terms = keep_terms(std::move(details));
  note_.ttl_ms = terms.ttl_ms;
  note_.stored = terms.ttl_ms > 0 && (commons.memory.bytes_max() > 0 || commons.has_slower_tier());
  if (may_look_further()) {
    return pursue(flight, std::move(terms),
                  join == Join::kAlone ? Pursuit::Reach::kOwnRequest : Pursuit::Reach::kFleet);
  }
  auto keeper = std::make_unique<Keeper>(context_.commons, context_.metrics, context_.answers,
                                         flight, std::move(terms));
  flight_ = flight;
  forward(flight->recording, std::move(keeper));
}

void ProxyExchange::pursue(const std::shared_ptr<cache::Flight>& flight, KeepTerms terms,
                           Pursuit::Reach reach) {
  flight_ = flight;
  ForwardedRequest request;
  if (reach != Pursuit::Reach::kWhatIsHeld) request = whole_request();
  playback_.start(client_version_);
  context_.pursuits.start({flight, std::move(request), std::move(terms), inquiry_.terms, reach});
}

ForwardedRequest ProxyExchange::whole_request() const {
  ForwardedRequest request;
  request.upstream = inquiry_.upstream;
  request.head = head_to_forward(inquiry_);
  request.body = body_on_the_wire();
  return request;
}

void ProxyExchange::bypass(BypassReason reason) {
  context_.metrics.count_bypass(static_cast<size_t>(reason));
  note_ = {CacheResult::kBypass, "bypass", openai::bypass_name(reason), false};
  if (inquiry_.terms.only_if_cached) {
    return respond_error(openai::ErrorCode::kNotCached,
                         "the request bypasses the cache, and only-if-cached was asked for");
  }
  if (offline()) return refuse_contact("the request bypasses the cache");
  pass(CacheResult::kBypass);
}

// Forwards without keeping the answer; it is not remembered.
void ProxyExchange::pass(CacheResult result) {
  note_.result = result;
  if (offline()) return refuse_contact("answers of this path are not cached");
  auto recording = std::make_shared<recording::Recording>(
      recording::Keep::kPassing, recording::OnAbandon::kCancel, limits_of(*settings_),
      &context_.commons.budget);
  CHECK(playback_.cursor().join(recording));
  forward(std::move(recording), nullptr);
}

// A collected body goes out framed as it came in.
base::Bytes ProxyExchange::body_on_the_wire() const {
  if (inquiry_.head.framing != http::Framing::kChunked) return base::Bytes::copy_of(body_);
  std::string wire;
  if (!body_.empty()) {
    wire.append(http::ChunkHead(body_.size()).view()).append(body_).append(http::kCrlf);
  }
  http::write_last_chunk(wire, trailers_);
  return base::Bytes::copy_of(wire);
}

void ProxyExchange::forward(std::shared_ptr<recording::Recording> recording,
                            std::unique_ptr<Keeper> keeper) {
  ForwardedRequest request;
  request.upstream = inquiry_.upstream;
  request.head = head_to_forward(inquiry_);
  request.body_streams = !connection_.request_ended();
  if (!request.body_streams) request.body = body_on_the_wire();
  auto call = std::make_unique<UpstreamCall>(context_.calls, std::move(request),
                                             std::move(recording), std::move(keeper));
  call_ = context_.calls.start(std::move(call), this);
  if (!connection_.request_ended()) {
    call_->push_body(body_);
    std::string().swap(body_);
  }
  playback_.start(client_version_);
}

}  // namespace reprise::proxy
