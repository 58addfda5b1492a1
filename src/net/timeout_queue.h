#pragma once

#include <cstdint>

#include "base/intrusive_list.h"
#include "net/loop.h"
#include "net/uv_handle.h"

namespace reprise::net {

// Timeout: one wait's end. Owner: whoever waits. Dying or disarm() calls it off.
class Timeout : public base::IntrusiveNode {
 public:
  using Callback = void (*)(void* owner) noexcept;
  Timeout(Callback callback, void* owner) : callback_(callback), owner_(owner) {}
  void disarm() { unlink(); }
  bool armed() const { return linked(); }

 private:
  friend class TimeoutQueue;
  Callback callback_;
  void* owner_;
  uint64_t deadline_ms_ = 0;
};

// TimeoutQueue: all waits of one length. Since they end in the order in which they began, arming
// and disarming are list operations, and one timer serves them all. Owner: a worker. Thread: its
// loop's.
class TimeoutQueue {
 public:
  TimeoutQueue(Loop& loop, uint64_t duration_ms);
  TimeoutQueue(const TimeoutQueue&) = delete;
  TimeoutQueue& operator=(const TimeoutQueue&) = delete;

  // Starts the wait, anew if it is under way.
  void arm(Timeout& timeout);
  uint64_t duration_ms() const { return duration_ms_; }
  // For waits armed from now on; those under way end no later than one that begins now would.
  void set_duration_ms(uint64_t duration_ms);

 private:
  void expire();
  void start_timer();

  Loop& loop_;
  uint64_t duration_ms_;
  UvHandle<uv_timer_t> timer_;
  base::IntrusiveList<Timeout> waiting_;
};

}  // namespace reprise::net
