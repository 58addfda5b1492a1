#pragma once

#include <atomic>
#include <chrono>

#include "e2e/support/patience.h"

namespace reprise::e2e {

// Latch: something that happens once. Its descriptor becomes readable when it has, so that a
// script can wait for it and for the end of the test at once.
// Owner: the test. Thread: any.
class Latch {
 public:
  Latch();
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;
  ~Latch();

  void release();
  bool released() const { return released_.load(std::memory_order_acquire); }

  // Throws when it takes longer than `patience`.
  void wait(std::chrono::milliseconds patience = kPatience) const;

  int fd() const { return fd_; }

 private:
  int fd_;
  std::atomic<bool> released_{false};
};

}  // namespace reprise::e2e
