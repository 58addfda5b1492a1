#pragma once

#include <cstdint>

namespace reprise::base {

// 64 bits that nobody can foresee, from the kernel, in well under a microsecond: what
// std::random_device takes from the processor can cost a hundred times as much.
uint64_t random_u64();

}  // namespace reprise::base
