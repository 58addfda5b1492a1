#pragma once

#include <chrono>
#include <cstdint>

namespace reprise::base {

// Clock: the two times we need. Both in microseconds; thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t monotonic_us() const = 0;  // for durations and offsets
  virtual int64_t wall_us() const = 0;       // since the Unix epoch: what other processes compare
};

// SystemClock: the machine's clocks.
class SystemClock final : public Clock {
 public:
  int64_t monotonic_us() const override {
    return count(std::chrono::steady_clock::now().time_since_epoch());
  }
  int64_t wall_us() const override {
    return count(std::chrono::system_clock::now().time_since_epoch());
  }

 private:
  template <typename Duration>
  static int64_t count(Duration d) {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
  }
};

}  // namespace reprise::base
