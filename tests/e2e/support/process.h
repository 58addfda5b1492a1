#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "e2e/support/patience.h"

namespace reprise::e2e {

// Launch: how to start the binary.
struct Launch {
  std::vector<std::string> args;
  std::vector<std::string> env;  // "NAME=value", in addition to the test's own
  size_t descriptors_max = 0;    // 0: as the test has it
};

// Process: a child whose output is collected. It dies with its owner, or with the test.
// Owner: a Proxy or a test. Thread: any.
class Process {
 public:
  Process(const std::string& path, const Launch& launch);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  void signal(int number) const;
  // The exit status, or minus the number of the signal that killed it. Waits for it.
  int wait_exit();
  bool running() const;
  bool waited_for() const { return reaped_; }

  std::string output() const;  // stdout so far
  std::string log() const;     // stderr so far
  // Waits for `text` in stderr; throws with the log when the child ends first.
  std::string wait_log(std::string_view text) const;

  size_t resident_bytes() const;
  size_t open_descriptors() const;
  // User and system time so far, in clock ticks.
  uint64_t cpu_ticks() const;
  pid_t pid() const { return pid_; }

 private:
  void collect(int fd, std::string* into);

  pid_t pid_ = -1;
  bool reaped_ = false;
  int status_ = 0;
  mutable std::mutex mu_;
  mutable std::condition_variable changed_;
  std::string output_;    // guarded by mu_
  std::string log_;       // guarded by mu_
  int streams_open_ = 2;  // guarded by mu_
  std::thread output_reader_;
  std::thread log_reader_;
};

// Runs the binary to its end: for options that start nothing.
struct Finished {
  int status = 0;
  std::string output;
  std::string log;
};
Finished run_reprise(const Launch& launch);

}  // namespace reprise::e2e
