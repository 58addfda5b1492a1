#include "net/timer.h"

namespace reprise::net {

Timer::Timer(Loop& loop, Callback callback, void* owner) : callback_(callback), owner_(owner) {
  CHECK(uv_timer_init(loop.uv(), timer_.get()) == 0);
  timer_.opened(this);
  // A wait is no reason to keep a loop running that has nothing else left.
  uv_unref(timer_.base());
}

void Timer::start(uint64_t ms) {
  uv_timer_start(
      timer_.get(),
      [](uv_timer_t* timer) {
        if (timer->data == nullptr) return;
        const auto* self = static_cast<Timer*>(timer->data);
        self->callback_(self->owner_);
      },
      ms, 0);
}

void Timer::stop() { uv_timer_stop(timer_.get()); }

}  // namespace reprise::net
