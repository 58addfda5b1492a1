#include <utility>

#include "base/check.h"
#include "http/machine.h"
#include "http/parser.h"

namespace reprise::http {

class ResponseParser::Impl final : public Machine {
 public:
  Impl(const HeadLimits& limits, Handler& handler)
      : Machine(Direction::kResponses, limits), handler_(handler) {
    expect(Answering::kOther);
  }
  void expect(Answering answering) {
    answering_ = answering;
    interims_ = 0;
    reusable_ = true;
    empty(head_.fields);
    head_.clear();
    pass_both_framings(answering == Answering::kConnect);
    restart();
  }
  bool finish() {
    if (phase() == Phase::kUntilClose) end_message();
    if (phase() == Phase::kEnded || phase() == Phase::kUpgraded) return true;
    if (phase() != Phase::kFailed) refuse({502, "connection closed before the end of an answer"});
    return false;
  }
  bool idle() const { return !touched() && interims_ == 0; }
  ResponseHead& head() { return head_; }

 private:
  Fields& head_fields() override { return head_.fields; }
  void append_reason(std::string_view piece) override { head_.reason.append(piece); }
  std::optional<ParseError> judge_head(StartLine line, Body& body) override {
    head_.version = line.version;
    head_.status = line.status;
    auto error = judge(head_, answering_);
    reusable_ = head_.keep_alive = head_.keep_alive && reusable_;
    body = {head_.framing, head_.content_length};
    return error;
  }
  void head_ended() override {
    if (opens_tunnel(head_, answering_)) enter(Phase::kUpgraded);
    if (head_.status == 101 || head_.status >= 200) return handler_.on_head(head_);
    if (++interims_ > kInterimResponsesMax) return refuse({502, "too many interim responses"});
    restart();
    handler_.on_interim(head_);
    head_.clear();
  }
  void deliver(std::string_view piece) override { handler_.on_body(piece); }
  void message_ended() override { handler_.on_end(trailers_); }

  Handler& handler_;
  ResponseHead head_;
  Answering answering_ = Answering::kOther;
  size_t interims_ = 0;
  bool reusable_ = true;  // an interim head may already have ruled it out
};

ResponseParser::ResponseParser(const HeadLimits& limits, Handler& handler)
    : impl_(std::make_unique<Impl>(limits, handler)) {}
ResponseParser::~ResponseParser() = default;

void ResponseParser::expect(Answering answering) {
  CHECK(state() == State::kEnded || idle());
  impl_->expect(answering);
}
size_t ResponseParser::feed(std::string_view input) { return impl_->feed(input); }
bool ResponseParser::finish() { return impl_->finish(); }
ResponseParser::State ResponseParser::state() const {
  switch (impl_->phase()) {
    case Machine::Phase::kLeading:
    case Machine::Phase::kHead:
      return State::kHead;
    case Machine::Phase::kEnded:
      return State::kEnded;
    case Machine::Phase::kUpgraded:
      return State::kUpgraded;
    case Machine::Phase::kFailed:
      return State::kFailed;
    default:
      return State::kBody;
  }
}
bool ResponseParser::idle() const { return impl_->idle(); }
const ParseError& ResponseParser::error() const { return impl_->error(); }
ResponseHead& ResponseParser::head() { return impl_->head(); }

}  // namespace reprise::http
