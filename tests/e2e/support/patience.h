#pragma once

#include <chrono>
#include <stdexcept>
#include <string>

namespace reprise::e2e {

// How long a wait that should succeed may take before the test fails. Generous, because
// sanitized builds on a busy machine are slow; a passing test never waits this long.
inline constexpr std::chrono::milliseconds kPatience{25000};

// Sanitized builds keep freed memory, so that its size says nothing.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kMemoryTells = false;
#else
inline constexpr bool kMemoryTells = true;
#endif

// UBSan's check of types opens a pipe to look at an object, and takes an object at which it cannot
// look for a bad one: with no descriptor left it cries wolf.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool kTypeChecksNeedDescriptors = true;
#else
inline constexpr bool kTypeChecksNeedDescriptors = false;
#endif

// HarnessError: a wait that failed or a message that could not be read. Tests, unlike the proxy,
// may throw: GoogleTest reports it as the failure of the test, and the test stays readable.
class HarnessError : public std::runtime_error {
 public:
  explicit HarnessError(const std::string& what) : std::runtime_error(what) {}
};

// Deadline: the moment at which a wait gives up.
class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds wait = kPatience)
      : end_(std::chrono::steady_clock::now() + wait) {}

  bool passed() const { return std::chrono::steady_clock::now() >= end_; }
  int left_ms() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) + 1 : 0;
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

}  // namespace reprise::e2e
