#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string_view>

namespace reprise::base::log {

enum class Level : uint8_t { kDebug, kInfo, kWarn, kError };
enum class Format : uint8_t { kText, kJson };
enum class Access : uint8_t { kOff, kOn };

// Lines that wait to be written, in each of the two logs; beyond it the oldest is lost and counted.
inline constexpr size_t kQueueLinesMax = 4096;
// Longer values are cut and end in an ellipsis.
inline constexpr size_t kValueBytesMax = 2048;

// Field: one key=value pair of a line. Borrows its text, so it lives no longer than the call. Keys
// are ours; values may come from anywhere, but never a secret, a query, a header's value or a body.
class Field {
 public:
  enum class Kind : uint8_t { kText, kSigned, kUnsigned, kReal, kTruth };

  Field(std::string_view name, std::string_view value)
      : key_(name), kind_(Kind::kText), text_(value) {}
  Field(std::string_view name, const char* value) : Field(name, std::string_view(value)) {}
  Field(std::string_view name, double value) : key_(name), kind_(Kind::kReal), real_(value) {}
  Field(std::string_view name, bool value) : key_(name), kind_(Kind::kTruth), truth_(value) {}
  template <std::signed_integral T>
  Field(std::string_view name, T value) : key_(name), kind_(Kind::kSigned), signed_(value) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Field(std::string_view name, T value)
      : key_(name), kind_(Kind::kUnsigned), unsigned_(value) {}

  std::string_view key() const { return key_; }
  Kind kind() const { return kind_; }
  std::string_view text() const { return text_; }
  int64_t as_signed() const { return signed_; }
  uint64_t as_unsigned() const { return unsigned_; }
  double real() const { return real_; }
  bool truth() const { return truth_; }

 private:
  std::string_view key_;
  Kind kind_;
  union {
    std::string_view text_;
    int64_t signed_;
    uint64_t unsigned_;
    double real_;
    bool truth_;
  };
};

using Fields = std::initializer_list<Field>;

// AccessRecord: one finished request. Borrows its texts for the call; empty ones are written as
// such.
struct AccessRecord {
  std::string_view client;
  std::string_view method;
  std::string_view route;
  std::string_view path;  // what follows a '?' is not written
  int status = 0;
  std::string_view cache;
  std::string_view reason;
  std::string_view key;
  std::string_view model;
  uint64_t bytes = 0;
  double ttfb_ms = 0;
  double duration_ms = 0;
};

namespace detail {
inline std::atomic<Level> threshold{Level::kInfo};
inline std::atomic<bool> access_wanted{false};
void write(Level level, std::string_view message, Fields fields);
void write_access(const AccessRecord& record);
}  // namespace detail

inline bool enabled(Level level) {
  return level >= detail::threshold.load(std::memory_order_relaxed);
}
inline bool access_enabled() { return detail::access_wanted.load(std::memory_order_relaxed); }

// One line: a message of ours, constant so that it can be searched for, and what was met as fields.
// Any thread; never waits. Before the first Log and after the last, lines go straight to stderr.
inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::kDebug)) detail::write(Level::kDebug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::kInfo)) detail::write(Level::kInfo, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) {
  if (enabled(Level::kWarn)) detail::write(Level::kWarn, message, fields);
}
inline void error(std::string_view message, Fields fields = {}) {
  detail::write(Level::kError, message, fields);
}

// One line in the access log, if there is one. Any thread; never waits.
inline void access(const AccessRecord& record) {
  if (access_enabled()) detail::write_access(record);
}

// Any thread.
void set_level(Level level);
// Lines lost so far because whoever reads the logs was too slow.
uint64_t lines_lost();

struct Settings {
  Level level = Level::kInfo;
  Format format = Format::kText;
  Access access = Access::kOff;
  int error_fd = 2;
  int access_fd = 1;
  int64_t drain_ms = 2000;  // how long the destructor waits for a reader that does not read
};

// Log: the threads and queues behind the functions above, while it lives.
// Owner: main. Thread: made and destroyed on one thread, while no other logs. At most one.
// Invariant: a descriptor that takes nothing costs lines, never time, until the destructor's drain.
class Log {
 public:
  explicit Log(const Settings& settings);
  // Writes what waits.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  struct Outputs;

 private:
  std::unique_ptr<Outputs> outputs_;
};

}  // namespace reprise::base::log
