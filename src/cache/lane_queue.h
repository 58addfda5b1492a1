#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace reprise::cache {

// LaneQueue: what waits for a lane's thread, bounded by what it costs.
// Owner: a lane. Thread: take() the lane's; the rest any.
template <typename Job>
class LaneQueue {
 public:
  explicit LaneQueue(size_t cost_max) : cost_max_(cost_max) {}

  // Tell: whether the thread hears of it at once, or by the next tell().
  enum class Tell : uint8_t { kNow, kLater };

  // False if it is full or closed.
  [[nodiscard]] bool push(std::shared_ptr<Job> job, size_t cost, Tell when = Tell::kNow) {
    {
      std::scoped_lock lock(mutex_);
      if (closed_ || cost_ + cost > cost_max_) return false;
      cost_ += cost;
      jobs_.push_back({std::move(job), cost});
    }
    if (when == Tell::kNow) tell();
    return true;
  }
  // Without the lock, which the thread would run into at once; and not while it is awake.
  void tell() {
    {
      std::scoped_lock lock(mutex_);
      if (!std::exchange(asleep_, false)) return;
    }
    arrived_.notify_one();
  }

  // Waits until there is something, a nudge came, it is closed, or `wait_us` have passed. Takes
  // jobs in order into `batch` for as long as they cost no more than `batch_cost_max` together, but
  // at least one. False once it is closed and empty.
  bool take(int64_t wait_us, size_t batch_cost_max, std::vector<std::shared_ptr<Job>>* batch) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(wait_us);
    while (!closed_ && !nudged_ && jobs_.empty()) {
      asleep_ = true;
      if (arrived_.wait_until(lock, until) == std::cv_status::timeout) break;
    }
    asleep_ = false;
    nudged_ = false;
    size_t taken = 0;
    while (!jobs_.empty() && (taken == 0 || taken + jobs_.front().cost <= batch_cost_max)) {
      taken += jobs_.front().cost;
      batch->push_back(std::move(jobs_.front().job));
      jobs_.pop_front();
    }
    cost_ -= taken;
    return !closed_ || !batch->empty();
  }

  void nudge() {
    {
      std::scoped_lock lock(mutex_);
      nudged_ = true;
    }
    tell();
  }
  // No more is taken in; what is there still comes out.
  void close() {
    {
      std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    tell();
  }

 private:
  struct Waiting {
    std::shared_ptr<Job> job;
    size_t cost = 0;
  };
  const size_t cost_max_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Waiting> jobs_;  // guarded by mutex_, as is all below
  size_t cost_ = 0;
  bool asleep_ = false;
  bool nudged_ = false;
  bool closed_ = false;
};

}  // namespace reprise::cache
