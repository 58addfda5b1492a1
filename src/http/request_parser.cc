#include <utility>

#include "base/check.h"
#include "http/machine.h"
#include "http/parser.h"

namespace reprise::http {

class RequestParser::Impl final : public Machine {
 public:
  Impl(const HeadLimits& limits, Handler& handler)
      : Machine(Direction::kRequests, limits), handler_(handler) {
    next();
  }
  void next() {
    empty(head_.fields);
    head_.clear();
    restart();
  }
  RequestHead& head() { return head_; }

 private:
  Fields& head_fields() override { return head_.fields; }
  void append_method(std::string_view piece) override { head_.method.append(piece); }
  void append_target(std::string_view piece) override { head_.target.append(piece); }
  std::optional<ParseError> judge_head(StartLine line, Body& body) override {
    head_.version = line.version;
    auto error = judge(head_);
    body = {head_.framing, head_.content_length};
    return error;
  }
  void head_ended() override { handler_.on_head(head_); }
  void deliver(std::string_view piece) override { handler_.on_body(piece); }
  void message_ended() override { handler_.on_end(trailers_); }

  Handler& handler_;
  RequestHead head_;
};

RequestParser::RequestParser(const HeadLimits& limits, Handler& handler)
    : impl_(std::make_unique<Impl>(limits, handler)) {}
RequestParser::~RequestParser() = default;

size_t RequestParser::feed(std::string_view input) { return impl_->feed(input); }
void RequestParser::next() {
  CHECK(state() == State::kEnded || idle());
  impl_->next();
}
RequestParser::State RequestParser::state() const {
  switch (impl_->phase()) {
    case Machine::Phase::kLeading:
    case Machine::Phase::kHead:
      return State::kHead;
    case Machine::Phase::kEnded:
      return State::kEnded;
    case Machine::Phase::kFailed:
      return State::kFailed;
    default:
      return State::kBody;
  }
}
bool RequestParser::idle() const { return impl_->phase() == Machine::Phase::kLeading; }
const ParseError& RequestParser::error() const { return impl_->error(); }
RequestHead& RequestParser::head() { return impl_->head(); }

}  // namespace reprise::http
