#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/entry.h"
#include "cache/freshness.h"
#include "proxy/exchange.h"
#include "proxy/inquiry.h"
#include "proxy/playback.h"
#include "proxy/pursuit.h"
#include "proxy/upstream_call.h"
#include "proxy/worker_context.h"

namespace reprise::proxy {

// ProxyExchange: one request's way: past the cache, to a remembered answer, into a flight, or
// upstream. States: see the .cc file.
// Owner: its ClientConnection. Thread: its loop's.
class ProxyExchange final : public Exchange,
                            private Playback::Teller,
                            private UpstreamCall::Caller {
 public:
  ProxyExchange(ClientConnection& connection, WorkerContext& context);
  ~ProxyExchange() override;

  void on_request_head(http::RequestHead& head) override;
  void on_request_body(std::string_view piece) override;
  void on_request_end(const http::Fields& trailers) override;
  void on_drained() override;
  void reset() override;

 private:
  enum class State : uint8_t { kIdle, kCollecting, kStreaming, kAnswering };
  // Found: what memory has for this question and what that is worth to this request.
  struct Found {
    std::shared_ptr<const cache::Entry> entry;  // null: nothing usable
    cache::Judgement judgement = cache::Judgement::kExpired;
    std::optional<openai::Unconvertible> refused;  // something, but not in the form that is wanted
  };
  enum class Join : uint8_t { kAllowed, kSameForm, kAlone };

  // The request's side: proxy_exchange.cc.
  void begin(http::RequestHead& head);
  void count_in();
  void decide();
  Found look_up();
  Found judge(std::shared_ptr<const cache::Entry> entry);
  bool serve_remembered();
  bool serve(Found found, std::string_view tier);
  void ask(Join join);
  bool may_look_further() const;
  void look_only();
  bool offline() const;
  void refuse_uncached();
  void refuse_contact(std::string_view what);
  void refuse_unknown();
  void on_scanned();
  void lead(const std::shared_ptr<cache::Flight>& flight, openai::QuestionDetails details,
            Join join);
  void follow(const std::shared_ptr<const cache::Flight>& flight);
  std::shared_ptr<cache::Flight> make_flight(const openai::QuestionDetails& details,
                                             recording::OnAbandon on_abandon);
  KeepTerms keep_terms(openai::QuestionDetails details);
  ForwardedRequest whole_request() const;
  void read_again();
  void refresh_behind();
  void bypass(openai::BypassReason reason);
  void pass(base::CacheResult result);
  void forward(std::shared_ptr<recording::Recording> recording, std::unique_ptr<Keeper> keeper);
  void pursue(const std::shared_ptr<cache::Flight>& flight, KeepTerms terms, Pursuit::Reach reach);
  base::Bytes body_on_the_wire() const;

  // The form of what is held, or arrives for others: proxy_form.cc.
  void present(std::shared_ptr<const cache::Entry> entry, const CacheNote& note);
  void render();
  void on_rendered();
  void play(const cache::Rendition* rendition);
  const openai::Pace& pace() const;
  void lack_form(openai::Unconvertible reason);
  void ask_for_form(openai::Unconvertible reason);
  void on_answer_whole() override;
  const openai::Form& followed_form() const;
  bool lacks_usage(const http::ResponseHead& head) const;
  void ask_for_usage();
  Playing adapt(const http::ResponseHead& head, std::unique_ptr<BodyFilter>* filter) const;
  bool takes_coding(const http::ResponseHead& head) const;

  // The answer's side: proxy_answer.cc.
  Playing on_answer_head(const http::ResponseHead& head, std::string* out) override;
  void on_answer_end() override;
  void on_answer_failed(bool began) override;
  Playing on_replay_head(std::string* out);
  bool declines(int status);
  void write_live_head(const http::ResponseHead& head, std::unique_ptr<BodyFilter> filter,
                       std::string* out);
  BodyForm set_live_framing(http::ResponseHead* head);
  void replay_instead();
  bool find_fallback();
  void take_held();
  void note_source();
  void ask_again();
  void ask_anew(Join join);
  void respond_error(openai::ErrorCode code, std::string_view message);
  void respond_failure(const recording::FailureReport& report);
  Persistence persistence() const;
  bool until_close() const { return playback_.body_form() == BodyForm::kUntilClose; }
  void note_first_byte();
  void account();
  void count_saved(const cache::Entry& entry, int64_t spared_us);
  void log_access(int64_t now_us);

  void on_body_wanted() override;
  void on_call_over() override;
  void on_upgraded(const http::ResponseHead& head, std::unique_ptr<net::Stream> upstream,
                   std::string_view behind) override;

  ClientConnection& connection_;
  WorkerContext& context_;
  std::shared_ptr<const Settings> settings_;  // in force when the request came
  Playback playback_;
  State state_ = State::kIdle;
  Inquiry inquiry_;
  http::Version client_version_ = http::Version::kHttp11;
  bool head_only_ = false;
  std::string body_;       // while collecting, and until forwarded
  http::Fields trailers_;  // of the request
  bool keyed_ = false;
  openai::Question question_;
  std::shared_ptr<const cache::Entry> entry_;       // being replayed
  const cache::Rendition* rendition_ = nullptr;     // of it; null: as recorded
  openai::Conversion conversion_;                   // of it
  std::shared_ptr<cache::RenderJob> rendering_;     // its rendition is being made
  std::optional<recording::FailureReport> outage_;  // that it stands in for
  std::shared_ptr<const cache::Entry> fallback_;    // may stand in for a failure
  std::shared_ptr<const cache::Flight> flight_;     // that answers it
  UpstreamCall* call_ = nullptr;
  base::Wakeup rendered_;
  std::shared_ptr<cache::CassetteScan> scan_;  // for the nearest known question
  base::Wakeup scanned_;
  bool counted_ = false;  // as one that is in flight
  bool follower_ = false;
  bool asked_alone_ = false;
  bool asked_twice_ = false;   // after a refresh came to nothing
  bool no_fallback_ = false;   // what is held has not the form that is wanted
  bool after_flight_ = false;  // another process's answer is whole, and looked for where it is held
  CacheNote note_;
  int status_ = 0;
  int64_t started_us_ = 0;
  int64_t first_byte_us_ = 0;
};

}  // namespace reprise::proxy
