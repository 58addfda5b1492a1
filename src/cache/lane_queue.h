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
// Owner: a lane. Thread: push(), nudge() and close() any; take() and taken() the lane's.
template <typename Job>
class LaneQueue {
 public:
  explicit LaneQueue(size_t cost_max) : cost_max_(cost_max) {}

  // False if it is full or closed.
  [[nodiscard]] bool push(std::shared_ptr<Job> job, size_t cost) {
    std::scoped_lock lock(mutex_);
    if (closed_ || cost_ + cost > cost_max_) return false;
    cost_ += cost;
    jobs_.push_back({std::move(job), cost});
    arrived_.notify_one();
    return true;
  }

  // Waits until there is something, a nudge came, it is closed, or `wait_us` have passed. Takes
  // jobs in order into `batch` for as long as they cost no more than `batch_cost_max` together, but
  // at least one. False once it is closed and empty.
  bool take(int64_t wait_us, size_t batch_cost_max, std::vector<std::shared_ptr<Job>>* batch) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, std::chrono::microseconds(wait_us),
                      [this] { return closed_ || nudged_ || !jobs_.empty(); });
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
    std::scoped_lock lock(mutex_);
    nudged_ = true;
    arrived_.notify_one();
  }
  // No more is taken in; what is there still comes out.
  void close() {
    std::scoped_lock lock(mutex_);
    closed_ = true;
    arrived_.notify_one();
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
  bool nudged_ = false;
  bool closed_ = false;
};

}  // namespace reprise::cache
