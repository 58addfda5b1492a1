#include "base/log.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string>

#include "base/check.h"
#include "base/clock.h"
#include "base/log_line.h"

namespace reprise::base::log {

namespace {

constexpr int kPollMs = 50;  // how late a writer may notice that the end has come

std::string& line_buffer() {
  thread_local std::string buffer;
  return buffer;
}

// Straight to the descriptor, for lines outside any Log's life.
void write_now(int fd, std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<size_t>(written));
  }
}

// DescriptorSink: whole lines, gathered up to what a pipe takes at once, written to a descriptor
// that others may share, which is why it is asked with poll() and not made non-blocking. Owner: its
// Output. Thread: the output's writer; give_up_after() from any.
class DescriptorSink final : public spdlog::sinks::sink {
 public:
  explicit DescriptorSink(int fd) : fd_(fd) {}

  void attach(spdlog::details::thread_pool& pool) { pool_ = &pool; }
  void give_up_after(int64_t wait_ms) {
    give_up_at_us_.store(clock_.monotonic_us() + wait_ms * 1000, std::memory_order_relaxed);
  }

  void log(const spdlog::details::log_msg& message) override {
    const size_t size = message.payload.size() + 1;
    if (gathered_.size() + size > PIPE_BUF) flush();
    gathered_.append(message.payload.data(), message.payload.size()) += '\n';
    // A reader should not have to wait for a line that the next one would push out.
    if (gathered_.size() >= PIPE_BUF || pool_ == nullptr || pool_->queue_size() == 0) flush();
  }

  void flush() override {
    std::string_view rest = gathered_;
    while (!rest.empty() && wait_until_writable()) {
      // Up to PIPE_BUF bytes, a pipe that is writable takes all of them without blocking.
      const ssize_t written = ::write(fd_, rest.data(), std::min<size_t>(rest.size(), PIPE_BUF));
      if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (written <= 0) break;
      rest.remove_prefix(static_cast<size_t>(written));
    }
    gathered_.clear();
  }

  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  // False once the reader has gone, or has not read for as long as the end may take.
  bool wait_until_writable() {
    while (true) {
      const int64_t give_up_at_us = give_up_at_us_.load(std::memory_order_relaxed);
      const bool last_try = clock_.monotonic_us() >= give_up_at_us;
      pollfd poll_fd{fd_, POLLOUT, 0};
      const int ready = ::poll(&poll_fd, 1, last_try ? 0 : kPollMs);
      if (ready > 0) return (poll_fd.revents & POLLOUT) != 0;
      if (last_try || (ready < 0 && errno != EINTR)) return false;
    }
  }

  const int fd_;
  SystemClock clock_;
  spdlog::details::thread_pool* pool_ = nullptr;
  std::string gathered_;
  std::atomic<int64_t> give_up_at_us_{INT64_MAX};
};

// Output: one log's queue, writer and descriptor. Each has its own, so that a blocked one holds up
// nothing else.
// Owner: Log::Outputs. Thread: put() any; the rest as for Log.
class Output {
 public:
  explicit Output(int fd)
      : sink_(std::make_shared<DescriptorSink>(fd)),
        pool_(std::make_shared<spdlog::details::thread_pool>(kQueueLinesMax, 1)),
        logger_(std::make_shared<spdlog::async_logger>(
            "reprise", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {
    sink_->attach(*pool_);
    logger_->set_level(spdlog::level::trace);  // whoever calls put() has decided
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void put(std::string_view line) {
    logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
  }
  void give_up_after(int64_t wait_ms) { sink_->give_up_after(wait_ms); }
  uint64_t lines_lost() const { return pool_->overrun_counter(); }
  // Until everything queued is written or given up.
  void drain() {
    pool_.reset();
    sink_->flush();
  }

 private:
  std::shared_ptr<DescriptorSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

}  // namespace

// Outputs: what a Log consists of. Owner: Log. Thread: any, for reading.
struct Log::Outputs {
  explicit Outputs(const Settings& settings)
      : format(settings.format), drain_ms(settings.drain_ms), errors(settings.error_fd) {
    if (settings.access == Access::kOn) access = std::make_unique<Output>(settings.access_fd);
  }

  const Format format;
  const int64_t drain_ms;
  Output errors;
  std::unique_ptr<Output> access;  // null: off
};

namespace {

// The one global: where a line goes from anywhere in the process. Set and cleared by Log.
std::atomic<Log::Outputs*> current{nullptr};

Moment now(Format format) { return {SystemClock().wall_us(), format}; }

}  // namespace

namespace detail {

void write(Level level, std::string_view message, Fields fields) {
  Log::Outputs* const outputs = current.load(std::memory_order_acquire);
  const Format format = outputs == nullptr ? Format::kText : outputs->format;
  std::string& line = line_buffer();
  write_event(now(format), {level, message, fields}, line);
  if (outputs == nullptr) return write_now(STDERR_FILENO, line);
  outputs->errors.put(line);
}

void write_access(const AccessRecord& record) {
  Log::Outputs* const outputs = current.load(std::memory_order_acquire);
  if (outputs == nullptr || outputs->access == nullptr) return;
  std::string& line = line_buffer();
  write_access_record(now(outputs->format), record, line);
  outputs->access->put(line);
}

}  // namespace detail

void set_level(Level level) { detail::threshold.store(level, std::memory_order_relaxed); }

uint64_t lines_lost() {
  const Log::Outputs* const outputs = current.load(std::memory_order_acquire);
  if (outputs == nullptr) return 0;
  return outputs->errors.lines_lost() + (outputs->access ? outputs->access->lines_lost() : 0);
}

Log::Log(const Settings& settings) : outputs_(std::make_unique<Outputs>(settings)) {
  CHECK(current.exchange(outputs_.get(), std::memory_order_acq_rel) == nullptr);
  set_level(settings.level);
  detail::access_wanted.store(settings.access == Access::kOn, std::memory_order_relaxed);
}

Log::~Log() {
  const uint64_t lost = lines_lost();
  if (lost != 0) warn("log lines lost", {{"lines", lost}});
  detail::access_wanted.store(false, std::memory_order_relaxed);
  current.store(nullptr, std::memory_order_release);
  outputs_->errors.give_up_after(outputs_->drain_ms);
  if (outputs_->access) outputs_->access->give_up_after(outputs_->drain_ms);
  outputs_->errors.drain();
  if (outputs_->access) outputs_->access->drain();
}

}  // namespace reprise::base::log
