#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/executor.h"

namespace reprise::fakes {

// ThreadExecutor: a thread of its own that runs what it is given. Its destructor runs what is
// queued, then ends the thread.
class ThreadExecutor final : public base::Executor {
 public:
  ThreadExecutor() : thread_([this] { run(); }) {}
  ~ThreadExecutor() override {
    close();
    thread_.join();
    CHECK(woken_.empty());
  }
  ThreadExecutor(const ThreadExecutor&) = delete;
  ThreadExecutor& operator=(const ThreadExecutor&) = delete;

  [[nodiscard]] bool post(base::Task task) override {
    std::scoped_lock lock(mutex_);
    if (closed_) return false;
    posted_.push_back(std::move(task));
    arrived_.notify_one();
    return true;
  }
  void wake(base::Wakeup& wakeup) noexcept override {
    std::scoped_lock lock(mutex_);
    woken_.push_back(wakeup);
    arrived_.notify_one();
  }
  void cancel(base::Wakeup& wakeup) noexcept override {
    CHECK(std::this_thread::get_id() == thread_.get_id());
    std::scoped_lock lock(mutex_);
    wakeup.unlink();
  }

  // Runs `job` on the thread and waits until it is done.
  void call(const std::function<void()>& job) {
    const auto done = std::make_shared<std::latch>(1);  // it may outlast this call a little
    CHECK(post([&job, done] {
      job();
      done->count_down();
    }));
    done->wait();
  }
  void close() {
    std::scoped_lock lock(mutex_);
    closed_ = true;
    arrived_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      arrived_.wait(lock, [this] { return closed_ || !posted_.empty() || !woken_.empty(); });
      if (!posted_.empty()) {
        base::Task task = std::move(posted_.front());
        posted_.pop_front();
        lock.unlock();
        task();
        task = nullptr;
        lock.lock();
      }
      base::Wakeup* const wakeup = woken_.pop_front();
      if (wakeup != nullptr) {
        lock.unlock();
        wakeup->run();
        lock.lock();
      }
      if (closed_ && posted_.empty() && woken_.empty()) return;
    }
  }

  std::mutex mutex_;  // a leaf
  std::condition_variable arrived_;
  base::IntrusiveList<base::Wakeup> woken_;  // guarded by mutex_
  std::deque<base::Task> posted_;            // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
  std::thread thread_;                       // last: it uses all of the above
};

}  // namespace reprise::fakes
