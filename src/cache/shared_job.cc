#include "cache/shared_job.h"

#include <chrono>

namespace reprise::cache {

// The node is queued under our lock, so it is either with its executor by now or never will be.
void SharedJob::forget() {
  std::scoped_lock lock(mutex_);
  forgotten_ = true;
  base::Wakeup* const waiter = std::exchange(waiter_, nullptr);
  if (waiter != nullptr) waiter->executor().cancel(*waiter);
}

bool SharedJob::wait_ms(int64_t ms) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, std::chrono::milliseconds(ms),
                           [this] { return end_ != End::kPending; });
}

SharedJob::End SharedJob::end() const {
  std::scoped_lock lock(mutex_);
  return end_;
}

bool SharedJob::forgotten() const {
  std::scoped_lock lock(mutex_);
  return forgotten_;
}

void SharedJob::settle(End end) {
  std::scoped_lock lock(mutex_);
  if (end_ != End::kPending) return;
  end_ = end;
  settled_.notify_all();
  if (waiter_ != nullptr) waiter_->executor().wake(*waiter_);
}

size_t SharedWrite::bytes() const {
  constexpr size_t kBare = sizeof(SharedWrite) + 64;
  return kBare + payload.size() + (entry == nullptr ? 0 : entry->cost_bytes());
}

}  // namespace reprise::cache
