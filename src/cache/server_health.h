#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace reprise::cache {

// ServerHealth: whether a Memcached server is asked or left alone. One that fails is left alone for
// a pause, which doubles each time it fails again soon after; then one of the lanes probes it, and
// no request has to.
// Owner: MemcachedTier. Thread: any. Each change of state is logged, once.
class ServerHealth {
 public:
  static constexpr int64_t kPauseMinUs = 100'000;
  static constexpr int64_t kPauseMaxUs = 5'000'000;
  // A server that has been up for so long starts with the shortest pause again.
  static constexpr int64_t kStableUs = 10'000'000;

  // `clock` outlives it. `address` is what the log calls it.
  ServerHealth(std::string address, const base::Clock& clock)
      : address_(std::move(address)), clock_(clock) {}
  ServerHealth(const ServerHealth&) = delete;
  ServerHealth& operator=(const ServerHealth&) = delete;

  const std::string& address() const { return address_; }
  // False while it is left alone. One that has not been met yet is worth a try.
  bool usable() const { return state_.load(std::memory_order_relaxed) != State::kDown; }
  bool met() const { return state_.load(std::memory_order_relaxed) == State::kUp; }
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

  void worked() {
    if (!met()) come_up();
  }
  void failed(std::string_view why);
  // When the pause ends: monotonic. 0 while it is usable.
  int64_t probe_at_us() const { return probe_at_us_.load(std::memory_order_relaxed); }

 private:
  enum class State : uint8_t { kUnmet, kUp, kDown };
  void come_up();

  const std::string address_;
  const base::Clock& clock_;
  std::atomic<State> state_{State::kUnmet};
  std::atomic<int64_t> probe_at_us_{0};
  std::atomic<uint64_t> failures_{0};
  std::mutex mutex_;                // for changes
  int64_t pause_us_ = kPauseMinUs;  // guarded by mutex_
  int64_t up_since_us_ = 0;         // guarded by mutex_
};

}  // namespace reprise::cache
