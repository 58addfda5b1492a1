#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "cache/lane_queue.h"

namespace reprise::cache {

// JobThread: a thread for what blocks. It takes jobs from a bounded queue, in order.
// Owner: a tier. Thread: any, but for the work itself.
template <typename Job>
class JobThread {
 public:
  using Batch = std::vector<std::shared_ptr<Job>>;
  using Work = std::function<void(const Batch& batch)>;

  // Bounds: what may wait, what makes one batch, and how long it waits for a job. Work is done then
  // too, with an empty batch.
  struct Bounds {
    size_t waiting_cost_max = 0;
    size_t batch_cost_max = 0;
    int64_t idle_us = 0;
  };

  JobThread(const Bounds& bounds, Work work)
      : bounds_(bounds),
        work_(std::move(work)),
        queue_(bounds.waiting_cost_max),
        thread_([this] { run(); }) {}
  ~JobThread() { finish(); }
  JobThread(const JobThread&) = delete;
  JobThread& operator=(const JobThread&) = delete;

  // False if the queue is full or finished: then it is the caller who settles the job.
  [[nodiscard]] bool submit(std::shared_ptr<Job> job, size_t cost) {
    return queue_.push(std::move(job), cost);
  }

  // Takes no more, and does what waits.
  void finish() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    Batch batch;
    while (queue_.take(bounds_.idle_us, bounds_.batch_cost_max, &batch)) {
      work_(batch);
      batch.clear();
    }
  }

  const Bounds bounds_;
  const Work work_;
  LaneQueue<Job> queue_;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace reprise::cache
