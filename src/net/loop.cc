#include "net/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/check.h"

namespace reprise::net {

// uv_async_send would do, but spins while its sender is between two of its steps, which is just
// where the kernel suspends a sender in favour of the loop that it has woken.
Loop::Loop()
    : read_buffer_(new char[kReadBytes]), eventfd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  CHECK(eventfd_ >= 0);
  CHECK(uv_loop_init(&loop_) == 0);
  CHECK(uv_poll_init(&loop_, &poll_, eventfd_) == 0);
  // What one callback wakes runs in the same turn: after polling for input's callbacks, before
  // polling for the timers'.
  CHECK(uv_check_init(&loop_, &check_) == 0);
  CHECK(uv_prepare_init(&loop_, &prepare_) == 0);
  poll_.data = check_.data = prepare_.data = this;
  uv_check_start(&check_, [](uv_check_t* handle) { static_cast<Loop*>(handle->data)->end_turn(); });
  uv_prepare_start(&prepare_,
                   [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->begin_turn(); });
  CHECK(uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* handle, int, int) {
          static_cast<Loop*>(handle->data)->drain_mailbox();
        }) == 0);
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
}

Loop::~Loop() {
  stop();
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&poll_))) close_handles();
  run_local();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) run_local();
  run_local();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  CHECK(uv_loop_close(&loop_) == 0);
  ::close(eventfd_);
}

void Loop::run() {
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  run_local();
}

void Loop::stop() {
  std::scoped_lock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  signal_locked();
}

void Loop::close_handles() {
  uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
}

bool Loop::post(base::Task task) {
  std::scoped_lock lock(mutex_);
  if (closed_ || posted_.size() >= kPostedMax) return false;
  posted_.push_back(std::move(task));
  if (!signalled_) signal_locked();
  return true;
}

void Loop::wake(base::Wakeup& wakeup) noexcept {
  if (on_own_thread()) {
    local_.push_back(wakeup);
    return;
  }
  std::scoped_lock lock(mutex_);
  woken_.push_back(wakeup);
  if (!closed_ && !signalled_) signal_locked();
}

// Its counter cannot overflow: it is read whenever it is not 0.
void Loop::signal_locked() {
  signalled_ = true;
  const uint64_t one = 1;
  CHECK(::write(eventfd_, &one, sizeof(one)) == sizeof(one));
}

void Loop::cancel(base::Wakeup& wakeup) noexcept {
  std::scoped_lock lock(mutex_);
  wakeup.unlink();
}

void Loop::drain_mailbox() {
  std::vector<base::Task> tasks;
  bool closing = false;
  {
    std::scoped_lock lock(mutex_);
    uint64_t signals = 0;
    if (::read(eventfd_, &signals, sizeof(signals)) < 0) CHECK(errno == EAGAIN);
    signalled_ = false;
    local_.splice_back(woken_);
    tasks.swap(posted_);
    closing = closed_;
  }
  for (base::Task& task : tasks) task();
  run_local();
  if (closing && !uv_is_closing(reinterpret_cast<uv_handle_t*>(&poll_))) close_handles();
}

// Until its first turn a loop has no thread, and everybody's wake-ups go by the mailbox: who made
// it need not be who runs it.
void Loop::begin_turn() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  end_turn();
}

void Loop::end_turn() {
  run_local();
  while (base::Wakeup* wakeup = turn_end_.pop_front()) wakeup->run();
}

// Wake-ups may queue further ones and retire objects; both are finished before input is polled
// again.
void Loop::run_local() {
  while (!local_.empty() || !retired_.empty()) {
    while (base::Wakeup* wakeup = local_.pop_front()) wakeup->run();
    std::vector<Retired> retired;
    retired.swap(retired_);
    for (const Retired& dead : retired) dead.destroy(dead.object);
  }
}

}  // namespace reprise::net
