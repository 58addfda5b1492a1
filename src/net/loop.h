#pragma once

#include <uv.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/executor.h"

namespace reprise::net {

// Loop: one thread's event loop and its mailbox.
// Owner: the worker whose thread runs it. Thread: the one that runs it; only post(), wake() and
// stop() may be called from others.
class Loop final : public base::Executor {
 public:
  Loop();
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop() was called and every handle on it is closed.
  void run();
  // Closes the mailbox: post() returns false from then on. Handles that others own keep run()
  // going.
  void stop();

  [[nodiscard]] bool post(base::Task task) override;
  void wake(base::Wakeup& wakeup) noexcept override;
  void cancel(base::Wakeup& wakeup) noexcept override;

  // Destroys `object` after the current callback, so that it may be in the middle of one of its
  // own.
  template <typename T>
  void retire(std::unique_ptr<T> object) {
    if (object == nullptr) return;
    retired_.push_back({object.release(), [](void* dead) { delete static_cast<T*>(dead); }});
  }

  // Runs now what a callback that is about to return to libuv has woken and retired, rather than at
  // the end of the turn: what one stream brought leaves before the next is read.
  void settle() { run_local(); }

  // Queues `wakeup`, which must be in no list, behind everything that this turn's input brings:
  // settle() does not run it. The loop's thread only.
  void at_turn_end(base::Wakeup& wakeup) { turn_end_.push_back(wakeup); }

  uv_loop_t* uv() { return &loop_; }
  // The loop's cached time in milliseconds; it moves once a turn.
  uint64_t now_ms() const { return uv_now(&loop_); }
  const base::Clock& clock() const { return clock_; }
  // One read's worth of memory that every stream of this loop shares; filled and used up in one
  // callback.
  std::span<char> read_buffer() { return {read_buffer_.get(), kReadBytes}; }

  static constexpr size_t kReadBytes = 64 * 1024;
  static constexpr size_t kPostedMax = 65536;

 private:
  struct Retired {
    void* object;
    void (*destroy)(void*);
  };
  bool on_own_thread() const {
    return thread_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }
  void drain_mailbox();
  void begin_turn();
  void run_local();
  void end_turn();
  void signal_locked();
  void close_handles();

  uv_loop_t loop_{};
  uv_poll_t poll_{};
  uv_prepare_t prepare_{};
  uv_check_t check_{};
  base::SystemClock clock_;
  std::atomic<std::thread::id> thread_{};
  std::unique_ptr<char[]> read_buffer_;
  base::IntrusiveList<base::Wakeup> local_;
  base::IntrusiveList<base::Wakeup> turn_end_;
  std::vector<Retired> retired_;

  const int eventfd_;

  std::mutex mutex_;  // a leaf: nothing is called while it is held
  base::IntrusiveList<base::Wakeup> woken_;
  std::vector<base::Task> posted_;
  bool signalled_ = false;
  bool closed_ = false;
};

}  // namespace reprise::net
