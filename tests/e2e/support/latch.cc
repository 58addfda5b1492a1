#include "e2e/support/latch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>

namespace reprise::e2e {

Latch::Latch() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw HarnessError("no eventfd");
}

Latch::~Latch() { close(fd_); }

void Latch::release() {
  if (released_.exchange(true, std::memory_order_acq_rel)) return;
  const uint64_t one = 1;
  if (write(fd_, &one, sizeof one) != sizeof one) throw HarnessError("latch does not open");
}

void Latch::wait(std::chrono::milliseconds patience) const {
  const Deadline deadline(patience);
  while (!released()) {
    if (deadline.passed()) throw HarnessError("nobody released the latch in time");
    pollfd waiting{fd_, POLLIN, 0};
    poll(&waiting, 1, deadline.left_ms());
  }
}

}  // namespace reprise::e2e
