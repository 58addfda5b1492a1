#include "e2e/support/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

extern char** environ;

namespace reprise::e2e {
namespace {

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw HarnessError("no pipe");
  return {ends[0], ends[1]};
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> environment = more;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "REPRISE_", 8) != 0) environment.emplace_back(*entry);
  }
  return environment;
}

// The child's side of fork: nothing here may allocate, for other threads may hold the heap's lock.
[[noreturn]] void become(char** args, char** environment, const Pipe& output, const Pipe& log,
                         size_t descriptors_max) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output.write_end, STDOUT_FILENO);
  dup2(log.write_end, STDERR_FILENO);
  if (descriptors_max > 0) {
    const rlimit limit{descriptors_max, descriptors_max};
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  execve(args[0], args, environment);
  _exit(127);
}

}  // namespace

Process::Process(const std::string& path, const Launch& launch) {
  std::vector<std::string> args{path};
  args.insert(args.end(), launch.args.begin(), launch.args.end());
  std::vector<std::string> environment = environment_with(launch.env);
  std::vector<char*> arg_pointers = pointers_to(args);
  std::vector<char*> environment_pointers = pointers_to(environment);
  const Pipe output = make_pipe();
  const Pipe log = make_pipe();
  pid_ = fork();
  if (pid_ == 0) {
    become(arg_pointers.data(), environment_pointers.data(), output, log, launch.descriptors_max);
  }
  close(output.write_end);
  close(log.write_end);
  if (pid_ < 0) throw HarnessError("cannot fork");
  output_reader_ = std::thread([this, output] { collect(output.read_end, &output_); });
  log_reader_ = std::thread([this, log] { collect(log.read_end, &log_); });
}

Process::~Process() {
  if (!reaped_) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  output_reader_.join();
  log_reader_.join();
}

void Process::collect(int fd, std::string* into) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    const std::lock_guard lock(mu_);
    if (count <= 0) {
      --streams_open_;
      changed_.notify_all();
      break;
    }
    into->append(buffer.data(), static_cast<size_t>(count));
    changed_.notify_all();
  }
  close(fd);
}

void Process::signal(int number) const {
  if (!reaped_) kill(pid_, number);
}

bool Process::running() const {
  siginfo_t info{};
  return !reaped_ &&
         waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == 0;
}

int Process::wait_exit() {
  if (!reaped_) {
    // Its output ends when it does, so that no polling is needed.
    std::unique_lock lock(mu_);
    if (!changed_.wait_for(lock, 2 * kPatience, [this] { return streams_open_ == 0; })) {
      throw HarnessError("the process does not end; its log:\n" + log_);
    }
    waitpid(pid_, &status_, 0);
    reaped_ = true;
  }
  return WIFEXITED(status_) ? WEXITSTATUS(status_) : -WTERMSIG(status_);
}

std::string Process::output() const {
  const std::lock_guard lock(mu_);
  return output_;
}

std::string Process::log() const {
  const std::lock_guard lock(mu_);
  return log_;
}

std::string Process::wait_log(std::string_view text) const {
  std::unique_lock lock(mu_);
  const auto there = [&] { return log_.find(text) != std::string::npos; };
  changed_.wait_for(lock, kPatience, [&] { return there() || streams_open_ == 0; });
  if (!there()) throw HarnessError("no \"" + std::string(text) + "\" in the log:\n" + log_);
  return log_;
}

size_t Process::resident_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  size_t total = 0;
  size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

size_t Process::open_descriptors() const {
  const std::filesystem::directory_iterator entries("/proc/" + std::to_string(pid_) + "/fd");
  return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

uint64_t Process::cpu_ticks() const {
  std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
  std::string line;
  std::getline(stat, line);
  std::istringstream rest(line.substr(line.rfind(')') + 2));
  std::string skipped;
  for (int field = 3; field < 14; ++field) rest >> skipped;
  uint64_t user = 0;
  uint64_t system = 0;
  rest >> user >> system;
  return user + system;
}

Finished run_reprise(const Launch& launch) {
  Process process(REPRISE_BINARY, launch);
  Finished finished;
  finished.status = process.wait_exit();
  finished.output = process.output();
  finished.log = process.log();
  return finished;
}

}  // namespace reprise::e2e
