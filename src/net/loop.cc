#include "net/loop.h"

#include <utility>

#include "base/check.h"

namespace reprise::net {

Loop::Loop() : read_buffer_(new char[kReadBytes]) {
  CHECK(uv_loop_init(&loop_) == 0);
  CHECK(uv_async_init(&loop_, &async_, [](uv_async_t* handle) {
          static_cast<Loop*>(handle->data)->drain_mailbox();
        }) == 0);
  // What one callback wakes runs in the same turn: after polling for input's callbacks, before
  // polling for the timers'.
  CHECK(uv_check_init(&loop_, &check_) == 0);
  CHECK(uv_prepare_init(&loop_, &prepare_) == 0);
  async_.data = check_.data = prepare_.data = this;
  uv_check_start(&check_,
                 [](uv_check_t* handle) { static_cast<Loop*>(handle->data)->run_local(); });
  uv_prepare_start(&prepare_,
                   [](uv_prepare_t* handle) { static_cast<Loop*>(handle->data)->begin_turn(); });
  uv_unref(reinterpret_cast<uv_handle_t*>(&check_));
  uv_unref(reinterpret_cast<uv_handle_t*>(&prepare_));
}

Loop::~Loop() {
  stop();
  if (!uv_is_closing(reinterpret_cast<uv_handle_t*>(&async_))) close_handles();
  run_local();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) run_local();
  run_local();
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  CHECK(uv_loop_close(&loop_) == 0);
}

void Loop::run() {
  while (uv_run(&loop_, UV_RUN_DEFAULT) != 0) {
  }
  run_local();
}

void Loop::stop() {
  std::scoped_lock lock(mutex_);
  if (std::exchange(closed_, true)) return;
  uv_async_send(&async_);
}

void Loop::close_handles() {
  uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&check_), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&prepare_), nullptr);
}

bool Loop::post(base::Task task) {
  std::scoped_lock lock(mutex_);
  if (closed_ || posted_.size() >= kPostedMax) return false;
  posted_.push_back(std::move(task));
  if (!std::exchange(signalled_, true)) uv_async_send(&async_);
  return true;
}

void Loop::wake(base::Wakeup& wakeup) noexcept {
  if (on_own_thread()) {
    local_.push_back(wakeup);
    return;
  }
  std::scoped_lock lock(mutex_);
  woken_.push_back(wakeup);
  if (!closed_ && !std::exchange(signalled_, true)) uv_async_send(&async_);
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
    signalled_ = false;
    local_.splice_back(woken_);
    tasks.swap(posted_);
    closing = closed_;
  }
  for (base::Task& task : tasks) task();
  run_local();
  if (closing && !uv_is_closing(reinterpret_cast<uv_handle_t*>(&async_))) close_handles();
}

// Until its first turn a loop has no thread, and everybody's wake-ups go by the mailbox: who made
// it need not be who runs it.
void Loop::begin_turn() {
  thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
  run_local();
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
