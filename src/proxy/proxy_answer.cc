#include <array>
#include <utility>

#include "base/log.h"
#include "http/forwarding.h"
#include "http/writer.h"
#include "openai/answer_reader.h"
#include "proxy/answer_head.h"
#include "proxy/proxy_exchange.h"

// The answer's side of ProxyExchange: heads, ends and failures of what is played to the client.

namespace reprise::proxy {

using base::CacheResult;
using openai::ErrorCode;
using recording::Failure;

namespace {

// What a stale answer may stand in for; other statuses say something about the request.
bool is_outage(int status) {
  switch (status) {
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
    case 529:
      return true;
    default:
      return false;
  }
}

ErrorCode error_of(Failure failure) {
  switch (failure) {
    case Failure::kUnreachable:
      return ErrorCode::kUpstreamUnreachable;
    case Failure::kTls:
      return ErrorCode::kUpstreamTls;
    case Failure::kTimeout:
      return ErrorCode::kUpstreamTimeout;
    case Failure::kOverloaded:
      return ErrorCode::kOverloaded;
    case Failure::kAbandoned:
    case Failure::kHeld:
      return ErrorCode::kDraining;
    case Failure::kProtocol:
    case Failure::kTruncated:
    case Failure::kLagging:
      return ErrorCode::kUpstreamProtocol;
  }
  return ErrorCode::kUpstreamProtocol;
}

bool has_no_body(int status) { return status == 204 || status == 304; }

}  // namespace

Persistence ProxyExchange::persistence() const {
  if (connection_.must_close() || !connection_.request_ended()) return Persistence::kClose;
  return client_version_ == http::Version::kHttp10 ? Persistence::kKeepHttp10 : Persistence::kKeep;
}

Playing ProxyExchange::on_answer_head(const http::ResponseHead& head, std::string* out) {
  if (entry_ != nullptr) return on_replay_head(out);
  note_source();
  if (declines(head.status)) return Playing::kNever;
  std::unique_ptr<BodyFilter> filter;
  if (follower_) {
    if (lacks_usage(head)) {
      playback_.stop();
      ask_for_usage();
      return Playing::kNever;
    }
    if (adapt(head, &filter) == Playing::kAtEnd) return Playing::kAtEnd;
  }
  note_first_byte();
  status_ = head.status;
  write_live_head(head, std::move(filter), out);
  return Playing::kNow;
}

Playing ProxyExchange::on_replay_head(std::string* out) {
  note_first_byte();
  status_ = entry_->answer->head().status;
  const ReplayHead replay{*entry_,       rendition_,        note_, context_.commons.clock.wall_us(),
                          persistence(), settings_->aliases};
  if (note_.result == CacheResult::kCoalesced) {
    write_collapsed_head(replay, context_.ids, out);
  } else {
    write_replay_head(replay, context_.ids, out);
  }
  return Playing::kNow;
}

// True if this answer is not for this client, who gets another one.
bool ProxyExchange::declines(int status) {
  if (status == 200) return false;
  const bool others_fault = follower_ && settings_->scope == openai::Scope::kGlobal;
  if (others_fault) {
    playback_.stop();
    ask_again();
    return true;
  }
  if (!is_outage(status) || !find_fallback()) return false;
  replay_instead();
  return true;
}

// An answer that may still end in any way is never announced as more than it is.
void ProxyExchange::write_live_head(const http::ResponseHead& head,
                                    std::unique_ptr<BodyFilter> filter, std::string* out) {
  http::ResponseHead answer = head;
  CacheNote note = note_;
  if (head.status != 200) note.stored = false;
  add_cache_fields(note, keyed_ ? &question_.key : nullptr, settings_->aliases, &answer.fields);
  if (filter != nullptr) {
    answer.fields.remove("Content-Encoding");
    answer.fields.remove("Content-Length");
    answer.framing = http::Framing::kChunked;
  }
  const BodyForm form = set_live_framing(&answer);
  http::write_head(*out, answer);
  playback_.set_body(form, std::move(filter));
  const bool open_ended = form == BodyForm::kChunked || form == BodyForm::kUntilClose;
  if (context_.heartbeats != nullptr && open_ended && head.status == 200 &&
      openai::is_event_stream(head) && !answer.fields.find("Content-Encoding")) {
    playback_.set_heartbeat(*context_.heartbeats, settings_->object_max);
  }
}

BodyForm ProxyExchange::set_live_framing(http::ResponseHead* head) {
  Persistence persists = persistence();
  BodyForm form = BodyForm::kPlain;
  if (head_only_ || has_no_body(head->status)) {
    form = BodyForm::kNone;
  } else if (head->framing == http::Framing::kChunked || head->framing == http::Framing::kClose) {
    const bool chunked = client_version_ == http::Version::kHttp11;
    form = chunked ? BodyForm::kChunked : BodyForm::kUntilClose;
    head->framing = chunked ? http::Framing::kChunked : http::Framing::kClose;
    if (!chunked) persists = Persistence::kClose;
  }
  if (persists == Persistence::kClose) head->fields.add("Connection", "close");
  if (persists == Persistence::kKeepHttp10) head->fields.add("Connection", "keep-alive");
  return form;
}

void ProxyExchange::on_answer_end() {
  // Who joins is spared a request of its own, but not the wait.
  if (follower_ && entry_ == nullptr && flight_->kept != nullptr) count_saved(*flight_->kept, 0);
  const bool closes = until_close() || persistence() == Persistence::kClose;
  connection_.end_response(closes ? ClientConnection::Reuse::kClose
                                  : ClientConnection::Reuse::kKeepAlive);
}

void ProxyExchange::on_answer_failed(bool began) {
  const recording::FailureReport report = playback_.cursor().failure();
  const bool head_came = playback_.cursor().saw_head();
  playback_.stop();
  if (report.failure == Failure::kHeld && !began) return take_held();
  note_source();
  if (began) {
    // Without a length or chunks only a reset tells a torn answer from a whole one.
    if (until_close()) connection_.reset_on_close();
    return connection_.cut();
  }
  // Cut behind its [DONE] it may be held all the same.
  if (follower_ && head_came) return on_answer_whole();
  const bool others_fault = follower_ && (settings_->scope == openai::Scope::kGlobal ||
                                          report.failure == Failure::kAbandoned);
  if (others_fault) return ask_again();
  if (!find_fallback()) return respond_failure(report);
  outage_ = report;
  replay_instead();
}

// A joiner whose flight came to nothing asks for itself. It waits for nobody else this time.
void ProxyExchange::ask_again() {
  note_ = {CacheResult::kMiss, "uri-miss", "", false};
  find_fallback();
  asked_alone_ = true;
  ask_anew(Join::kAlone);
}

void ProxyExchange::ask_anew(Join join) {
  flight_.reset();
  follower_ = false;
  read_again();
  ask(join);
}

// What a slower tier held instead of upstream's answer, if these directives take it; each reader of
// the flight judges for itself.
void ProxyExchange::take_held() {
  const bool shared = std::exchange(after_flight_, false);
  follower_ = false;
  Found found = judge(flight_->held);
  if (shared && found.entry != nullptr && found.judgement == cache::Judgement::kFresh) {
    return present(std::move(found.entry), {CacheResult::kCoalesced, "uri-miss", "", false});
  }
  if (found.refused) return ask_for_form(*found.refused);
  if (serve(std::move(found), flight_->held_in)) return;
  if (inquiry_.terms.only_if_cached || offline()) return refuse_uncached();
  // A refresh that left the matter to another process: that one can be followed.
  if (flight_->refreshes && !std::exchange(asked_twice_, true)) return ask_anew(Join::kAllowed);
  find_fallback();
  asked_alone_ = true;
  // Those who waited together find it missing together.
  ask_anew(shared && settings_->coalesce ? Join::kSameForm : Join::kAlone);
}

// Whom the answer comes from is known with its head or its failure.
void ProxyExchange::note_source() {
  if (flight_ == nullptr || follower_) return;
  if (flight_->source == cache::Flight::Source::kFleet) {
    follower_ = true;
    note_.result = CacheResult::kCoalesced;
    note_.stored = false;
    return;
  }
  if (flight_->held == nullptr || note_.result != CacheResult::kMiss) return;
  const cache::Judgement judgement = cache::judge(*flight_->held, context_.commons.clock.wall_us(),
                                                  inquiry_.terms, settings_->lenience);
  note_.forwarded = judgement == cache::Judgement::kRefused ? "request" : "stale";
}

// Only once the flight has a head or has failed.
bool ProxyExchange::find_fallback() {
  if (no_fallback_) return false;
  const std::shared_ptr<const cache::Entry> held = flight_ != nullptr ? flight_->held : nullptr;
  if (fallback_ == nullptr && held != nullptr && !held->refusal(question_.form) &&
      cache::may_replace_failure(*held, context_.commons.clock.wall_us(), inquiry_.terms,
                                 settings_->lenience)) {
    fallback_ = held;
  }
  if (fallback_ != nullptr && context_.commons.purges.gone(*fallback_)) fallback_.reset();
  return fallback_ != nullptr;
}

void ProxyExchange::replay_instead() {
  playback_.stop();
  if (UpstreamCall* call = std::exchange(call_, nullptr)) call->forget_caller();
  present(std::move(fallback_), {CacheResult::kStale, "", "stale-error", false});
}

void ProxyExchange::respond_error(ErrorCode code, std::string_view message) {
  OwnResponse response = own_error(code, message);
  note_.stored = false;
  status_ = response.status;
  add_cache_fields(note_, keyed_ ? &question_.key : nullptr, settings_->aliases, &response.fields);
  note_first_byte();
  connection_.respond(response);
}

void ProxyExchange::respond_failure(const recording::FailureReport& report) {
  respond_error(error_of(report.failure), report.detail);
}

void ProxyExchange::on_upgraded(const http::ResponseHead& head,
                                std::unique_ptr<net::Stream> upstream, std::string_view behind) {
  call_ = nullptr;
  playback_.stop();
  http::ResponseHead answer = head;
  http::strip_hop_by_hop(answer.fields);
  answer.fields.add("Connection", "Upgrade");
  answer.fields.add("Upgrade", inquiry_.upgrade);
  answer.framing = http::Framing::kNone;
  std::string text;
  http::write_head(text, answer);
  note_first_byte();
  status_ = answer.status;
  const std::array<net::Piece, 1> pieces{net::Piece::transient(text)};
  connection_.write(pieces);
  std::string from_client;
  Tunnel::Ends ends{connection_.take_stream(&from_client), std::move(upstream)};
  context_.tunnels.start(std::move(ends), from_client, behind);
}

void ProxyExchange::note_first_byte() {
  if (first_byte_us_ == 0) first_byte_us_ = context_.commons.clock.monotonic_us();
}

// Once per request, when it is over however it ended.
void ProxyExchange::account() {
  base::WorkerMetrics& metrics = context_.metrics;
  const int64_t now_us = context_.commons.clock.monotonic_us();
  metrics.count_request(static_cast<size_t>(inquiry_.route), note_.result);
  metrics.observe_request(note_.result, now_us - started_us_);
  if (first_byte_us_ != 0) metrics.observe_first_byte(note_.result, first_byte_us_ - started_us_);
  if (entry_ != nullptr && status_ != 0) {
    const bool waited = note_.result == CacheResult::kCoalesced;
    count_saved(*entry_, waited ? 0 : entry_->duration_ms * 1000);
  }
  if (counted_) metrics.stream_closed();
  if (base::log::access_enabled()) log_access(now_us);
}

void ProxyExchange::count_saved(const cache::Entry& entry, int64_t spared_us) {
  base::SavedWork saved{entry.usage.prompt, entry.usage.completion, spared_us, 0};
  const openai::Prices* prices = settings_->prices.get();
  if (prices != nullptr) saved.nano_usd = prices->nano_usd(entry.model_answered, entry.usage);
  context_.metrics.count_saved(entry.model_id, saved);
}

void ProxyExchange::log_access(int64_t now_us) {
  const std::string key = keyed_ ? question_.key.hex() : std::string();
  const std::string client = connection_.peer();
  base::log::AccessRecord record;
  record.client = client;
  record.method = inquiry_.head.method;
  record.route = openai::route_name(inquiry_.route);
  record.path = inquiry_.head.target;
  record.status = status_;
  record.cache = base::cache_result_name(note_.result);
  record.reason = note_.detail;
  record.key = key;
  record.model = entry_ != nullptr ? std::string_view(entry_->model_answered) : std::string_view();
  record.bytes = playback_.body_bytes();
  record.ttfb_ms =
      first_byte_us_ == 0 ? 0 : static_cast<double>(first_byte_us_ - started_us_) / 1e3;
  record.duration_ms = static_cast<double>(now_us - started_us_) / 1e3;
  base::log::access(record);
}

}  // namespace reprise::proxy
