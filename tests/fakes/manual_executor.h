#pragma once

#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/executor.h"

namespace reprise::fakes {

// ManualExecutor: an executor run by hand. What its own thread wakes and what others wake wait in
// two lists, as with net::Loop, so that a test may look at what lies in either.
// Thread: run*() and cancel() on the owner's, which is the maker's until adopt(); the rest any.
class ManualExecutor : public base::Executor {
 public:
  ManualExecutor() : owner_(std::this_thread::get_id()) {}
  ~ManualExecutor() override { CHECK(wakeups_queued() == 0); }
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;

  [[nodiscard]] bool post(base::Task task) override {
    std::scoped_lock lock(mutex_);
    if (closed_) return false;
    posted_.push_back(std::move(task));
    return true;
  }
  void wake(base::Wakeup& wakeup) noexcept override {
    if (on_own_thread()) {
      local_.push_back(wakeup);
      return;
    }
    std::scoped_lock lock(mutex_);
    woken_.push_back(wakeup);
  }
  void cancel(base::Wakeup& wakeup) noexcept override {
    CHECK(on_own_thread());
    std::scoped_lock lock(mutex_);
    wakeup.unlink();
  }

  // Makes the calling thread the owner.
  void adopt() { owner_ = std::this_thread::get_id(); }
  void close() {
    std::scoped_lock lock(mutex_);
    closed_ = true;
  }

  // Moves what others woke to where it runs from, without running it.
  void pull() {
    CHECK(on_own_thread());
    std::scoped_lock lock(mutex_);
    local_.splice_back(woken_);
  }
  // Runs one task or, if there is none, one wake-up. False if there was neither.
  bool run_one() {
    if (base::Task task = take_task()) {
      task();
      return true;
    }
    pull();
    base::Wakeup* const wakeup = local_.pop_front();
    if (wakeup != nullptr) wakeup->run();
    return wakeup != nullptr;
  }
  // Runs everything, what comes meanwhile included; how much that was.
  size_t run() {
    size_t ran = 0;
    while (run_one()) ++ran;
    return ran;
  }
  // The owner's thread only, like run().
  size_t wakeups_queued() {
    std::scoped_lock lock(mutex_);
    size_t queued = 0;
    local_.for_each([&queued](const base::Wakeup&) { ++queued; });
    woken_.for_each([&queued](const base::Wakeup&) { ++queued; });
    return queued;
  }

 private:
  bool on_own_thread() const { return std::this_thread::get_id() == owner_; }
  base::Task take_task() {
    std::scoped_lock lock(mutex_);
    if (posted_.empty()) return nullptr;
    base::Task task = std::move(posted_.front());
    posted_.pop_front();
    return task;
  }

  std::thread::id owner_;
  base::IntrusiveList<base::Wakeup> local_;
  std::mutex mutex_;
  base::IntrusiveList<base::Wakeup> woken_;  // guarded by mutex_
  std::deque<base::Task> posted_;            // guarded by mutex_
  bool closed_ = false;                      // guarded by mutex_
};

}  // namespace reprise::fakes
