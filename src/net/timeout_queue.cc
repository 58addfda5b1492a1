#include "net/timeout_queue.h"

#include <algorithm>

namespace reprise::net {

TimeoutQueue::TimeoutQueue(Loop& loop, uint64_t duration_ms)
    : loop_(loop), duration_ms_(duration_ms) {
  CHECK(uv_timer_init(loop.uv(), timer_.get()) == 0);
  timer_.opened(this);
  // A wait is no reason to keep a loop running that has nothing else left.
  uv_unref(timer_.base());
}

void TimeoutQueue::arm(Timeout& timeout) {
  timeout.unlink();
  timeout.deadline_ms_ = loop_.now_ms() + duration_ms_;
  waiting_.push_back(timeout);
  if (!uv_is_active(timer_.base())) start_timer();
}

// So that they still end in the order in which they began.
void TimeoutQueue::set_duration_ms(uint64_t duration_ms) {
  duration_ms_ = duration_ms;
  const uint64_t latest_ms = loop_.now_ms() + duration_ms;
  waiting_.for_each([latest_ms](Timeout& timeout) {
    timeout.deadline_ms_ = std::min(timeout.deadline_ms_, latest_ms);
  });
  if (!waiting_.empty()) start_timer();
}

void TimeoutQueue::start_timer() {
  const uint64_t deadline = waiting_.front().deadline_ms_;
  const uint64_t now = loop_.now_ms();
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data != nullptr) static_cast<TimeoutQueue*>(timer->data)->expire();
      },
      deadline > now ? deadline - now : 0, 0);
}

void TimeoutQueue::expire() {
  const uint64_t now = loop_.now_ms();
  while (!waiting_.empty() && waiting_.front().deadline_ms_ <= now) {
    Timeout& timeout = waiting_.front();
    timeout.unlink();
    timeout.callback_(timeout.owner_);
  }
  if (!waiting_.empty()) start_timer();
}

}  // namespace reprise::net
