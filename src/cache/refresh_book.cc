#include "cache/refresh_book.h"

#include <algorithm>

namespace reprise::cache {

RefreshBook::Refresh::~Refresh() { book_.end(*this); }

std::unique_ptr<RefreshBook::Refresh> RefreshBook::begin(const base::Digest128& key) {
  const int64_t now_us = clock_.monotonic_us();
  {
    std::scoped_lock lock(mutex_);
    if (pages_.size() >= kQuestionsMax && !pages_.contains(key)) forget_old_locked(now_us);
    if (pages_.size() >= kQuestionsMax && !pages_.contains(key)) return nullptr;
    Page& page = pages_[key];
    if (page.under_way || now_us < page.not_before_us) return nullptr;
    page.under_way = true;
  }
  return std::make_unique<Refresh>(*this, key);
}

void RefreshBook::end(const Refresh& refresh) {
  const int64_t now_us = clock_.monotonic_us();
  std::scoped_lock lock(mutex_);
  const auto at = pages_.find(refresh.key_);
  if (refresh.end_ == Refresh::End::kSucceeded) {
    pages_.erase(at);
    return;
  }
  Page& page = at->second;
  page.under_way = false;
  if (refresh.end_ == Refresh::End::kDeferred) {
    page.not_before_us = now_us + kPauseMinUs;
    return;
  }
  constexpr uint32_t kDoublingsMax = 6;
  const int64_t pause_us = kPauseMinUs << std::min(page.failures, kDoublingsMax);
  page.not_before_us = now_us + std::min(pause_us, kPauseMaxUs);
  ++page.failures;
}

// A pause that is over and was not taken up: nobody asks any more, or the answer is in order.
void RefreshBook::forget_old_locked(int64_t now_us) {
  absl::erase_if(pages_, [now_us](const auto& page) {
    return !page.second.under_way && page.second.not_before_us + kPauseMaxUs < now_us;
  });
}

size_t RefreshBook::size() const {
  std::scoped_lock lock(mutex_);
  return pages_.size();
}

}  // namespace reprise::cache
