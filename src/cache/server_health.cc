#include "cache/server_health.h"

#include <algorithm>

#include "base/log.h"

namespace reprise::cache {

void ServerHealth::come_up() {
  std::scoped_lock lock(mutex_);
  if (state_ == State::kUp) return;
  up_since_us_ = clock_.monotonic_us();
  state_ = State::kUp;
  probe_at_us_ = 0;
  base::log::info("memcached server up", {{"address", address_}});
}

void ServerHealth::failed(std::string_view why) {
  std::scoped_lock lock(mutex_);
  const int64_t now_us = clock_.monotonic_us();
  if (state_ == State::kDown && now_us < probe_at_us_) return;  // both lanes met the same failure
  ++failures_;
  if (state_ == State::kUp && now_us - up_since_us_ >= kStableUs) pause_us_ = kPauseMinUs;
  probe_at_us_ = now_us + pause_us_;
  pause_us_ = std::min(pause_us_ * 2, kPauseMaxUs);
  if (state_ == State::kDown) return;
  state_ = State::kDown;
  base::log::warn("memcached server down", {{"address", address_}, {"why", why}});
}

}  // namespace reprise::cache
