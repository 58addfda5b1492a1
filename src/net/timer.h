#pragma once

#include <cstdint>

#include "net/loop.h"
#include "net/uv_handle.h"

namespace reprise::net {

// Timer: one wait of any length; where many waits have the same, TimeoutQueue costs less.
// Owner: whoever waits. Thread: its loop's. Dying or stop() calls it off.
class Timer {
 public:
  using Callback = void (*)(void* owner) noexcept;
  Timer(Loop& loop, Callback callback, void* owner);
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Starts the wait, anew if it is under way.
  void start(uint64_t ms);
  void stop();

 private:
  const Callback callback_;
  void* const owner_;
  UvHandle<uv_timer_t> timer_;
};

}  // namespace reprise::net
