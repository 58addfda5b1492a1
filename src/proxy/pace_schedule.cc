#include "proxy/pace_schedule.h"

#include "base/check.h"

namespace reprise::proxy {

namespace {

// The end of the event that begins at `from`, comments before it included: behind the blank line
// that dispatches it, or of the body.
size_t event_end(std::string_view body, size_t from) {
  bool has_fields = false;
  size_t at = from;
  while (at < body.size()) {
    const size_t line_end = body.find_first_of("\r\n", at);
    if (line_end == std::string_view::npos) break;
    const bool blank = line_end == at;
    if (!blank && body[at] != ':') has_fields = true;
    at = line_end + 1;
    if (body[line_end] == '\r' && at < body.size() && body[at] == '\n') ++at;
    if (blank && has_fields) return at;
  }
  return body.size();
}

}  // namespace

PaceSchedule::PaceSchedule(const recording::Record& record, const openai::Pace& pace)
    : record_(record), pace_(pace) {
  CHECK(pace.kind != openai::Pace::Kind::kInstant);
}

size_t PaceSchedule::step_end() const {
  if (pace_.kind == openai::Pace::Kind::kRate) return event_end(record_.body().view(), due_);
  // What no mark speaks of came last.
  return step_ < record_.marks().size() ? record_.marks()[step_].end : record_.body().size();
}

size_t PaceSchedule::due_bytes(int64_t elapsed_us, size_t bytes_max) {
  const size_t before = due_;
  while (due_ < record_.body().size() && due_ - before < bytes_max && next_due_us() <= elapsed_us) {
    due_ = step_end();
    ++step_;
  }
  return due_;
}

int64_t PaceSchedule::next_due_us() const {
  if (pace_.kind == openai::Pace::Kind::kRate) {
    return static_cast<int64_t>(step_ * 1'000'000 / pace_.events_per_second);
  }
  return step_ < record_.marks().size() ? int64_t{record_.marks()[step_].offset_ms} * 1000 : 0;
}

}  // namespace reprise::proxy
