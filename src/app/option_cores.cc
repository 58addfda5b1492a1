#include "app/option_cores.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>
#include <thread>

#include "app/option_values.h"

namespace reprise::app {

namespace {

constexpr size_t kProcessorsMax = 65536;

uint32_t affinity_cores() {
  // The kernel refuses a mask smaller than its own, whose size nobody tells.
  for (size_t processors = CPU_SETSIZE; processors <= kProcessorsMax; processors *= 2) {
    cpu_set_t* const mask = CPU_ALLOC(processors);
    if (mask == nullptr) break;
    const size_t size = CPU_ALLOC_SIZE(processors);
    CPU_ZERO_S(size, mask);
    const bool known = sched_getaffinity(0, size, mask) == 0;
    const bool too_small = !known && errno == EINVAL;
    const int count = known ? CPU_COUNT_S(size, mask) : 0;
    CPU_FREE(mask);
    if (count > 0) return static_cast<uint32_t>(count);
    if (!too_small) break;
  }
  return std::thread::hardware_concurrency();
}

}  // namespace

uint32_t quota_cores(std::string_view cpu_max) {
  while (cpu_max.ends_with('\n')) cpu_max.remove_suffix(1);
  const size_t space = cpu_max.find(' ');
  if (space == std::string_view::npos) return 0;
  constexpr uint64_t kMicrosecondsMax = uint64_t{1} << 40;
  const auto quota = parse_count(cpu_max.substr(0, space), 1, kMicrosecondsMax);
  const auto period = parse_count(cpu_max.substr(space + 1), 1, kMicrosecondsMax);
  if (!quota || !period) return 0;
  return static_cast<uint32_t>(std::min<uint64_t>((*quota + *period - 1) / *period, UINT32_MAX));
}

uint32_t available_cores() {
  // Inside a container, the namespace's root is the container's own group.
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string cpu_max;
  std::getline(file, cpu_max);
  const uint32_t quota = quota_cores(cpu_max);
  const uint32_t affinity = std::max(affinity_cores(), 1U);
  return quota == 0 ? affinity : std::min(affinity, quota);
}

}  // namespace reprise::app
