#pragma once

#include <cstdint>
#include <string_view>

namespace reprise::app {

// The processors this process may use: those of its affinity mask, and no more than its control
// group's quota pays for, rounded up. At least 1.
uint32_t available_cores();

// The processors that a cgroup v2 cpu.max ("QUOTA PERIOD" or "max PERIOD") pays for; 0: any number.
uint32_t quota_cores(std::string_view cpu_max);

}  // namespace reprise::app
