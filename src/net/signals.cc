#include "net/signals.h"

#include <utility>

namespace reprise::net {

Signals::Signals(Loop& loop, const std::vector<int>& numbers, std::function<void(int)> callback)
    : callback_(std::move(callback)) {
  for (const int number : numbers) {
    UvHandle<uv_signal_t> handle;
    CHECK(uv_signal_init(loop.uv(), handle.get()) == 0);
    handle.opened(this);
    CHECK(uv_signal_start(
              handle.get(),
              [](uv_signal_t* signal, int received) {
                auto* self = static_cast<Signals*>(signal->data);
                if (self != nullptr) self->callback_(received);
              },
              number) == 0);
    handles_.push_back(std::move(handle));
  }
}

}  // namespace reprise::net
