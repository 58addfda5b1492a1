#pragma once

#include <atomic>
#include <cstddef>

namespace reprise::recording {

// Budget: the bytes that all open recordings may hold together. Thread: any.
// Going over is not refused (bytes that have arrived must go somewhere): whoever starts a recording
// asks exhausted() first, and each recording is bounded by itself.
class Budget {
 public:
  explicit Budget(size_t bytes_max) : bytes_max_(bytes_max) {}
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  void charge(size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void release(size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  size_t held() const { return held_.load(std::memory_order_relaxed); }
  bool exhausted() const { return held() >= bytes_max_; }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> held_{0};
};

}  // namespace reprise::recording
