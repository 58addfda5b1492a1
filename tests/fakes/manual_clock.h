#pragma once

#include <atomic>

#include "base/clock.h"

namespace reprise::fakes {

// ManualClock: time passes when a test says so. Thread: any.
class ManualClock final : public base::Clock {
 public:
  explicit ManualClock(int64_t wall_us = 1'700'000'000'000'000) : wall_us_(wall_us) {}

  int64_t monotonic_us() const override { return monotonic_us_; }
  int64_t wall_us() const override { return wall_us_; }

  void advance_ms(int64_t ms) { advance_us(ms * 1000); }
  void advance_us(int64_t us) {
    monotonic_us_ += us;
    wall_us_ += us;
  }
  // The wall clock may jump; the other one never does.
  void set_wall_us(int64_t us) { wall_us_ = us; }

 private:
  std::atomic<int64_t> monotonic_us_{1'000'000};
  std::atomic<int64_t> wall_us_;
};

}  // namespace reprise::fakes
