#include "recording/recording.h"

#include <algorithm>

#include "recording/cursor.h"

namespace reprise::recording {

Recording::Recording(Keep keep, OnAbandon on_abandon, const Limits& limits, Budget* budget)
    : keep_(keep), on_abandon_(on_abandon), limits_(limits), budget_(budget) {}

Recording::~Recording() {
  CHECK(readers_ == 0);
  if (budget_ == nullptr) return;
  for (const Chunk& chunk : chunks_) budget_->release(chunk.bytes.size() + kChunkOverhead);
}

std::shared_ptr<const Record> Recording::finished() const {
  std::scoped_lock lock(mutex_);
  CHECK(keep_ == Keep::kKept && head_ != nullptr);
  if (chunks_.size() == 1) {
    const Chunk& only = chunks_.front();
    return std::make_shared<const Record>(*head_, only.bytes,
                                          std::vector<Mark>{{appended_, only.offset_ms}});
  }
  base::Bytes body = base::Bytes::with_size(appended_);
  std::vector<Mark> marks;
  marks.reserve(chunks_.size());
  uint64_t end = 0;
  for (const Chunk& chunk : chunks_) {
    std::copy_n(chunk.bytes.data(), chunk.bytes.size(), body.mutable_data() + end);
    end += chunk.bytes.size();
    if (!marks.empty() && marks.back().offset_ms == chunk.offset_ms) marks.pop_back();
    marks.push_back({end, chunk.offset_ms});
  }
  return std::make_shared<const Record>(*head_, std::move(body), std::move(marks));
}

bool Recording::joinable() const {
  std::scoped_lock lock(mutex_);
  return joinable_locked();
}

bool Recording::joinable_locked() const {
  return !abandoned_ && keep_ == Keep::kKept && state_ != State::kFailed;
}

bool Recording::outgrown_locked() const {
  const uint64_t cost = appended_ + chunks_.size() * kChunkOverhead;
  return appended_ > limits_.kept_max || cost > limits_.kept_max * kCostFactorMax + kCostSlack;
}

uint64_t Recording::bytes_recorded() const {
  std::scoped_lock lock(mutex_);
  return appended_;
}

// Queueing a wake-up takes only the executor's leaf lock, so it happens under ours: a reader that
// leaves can then be sure that its node is either in waiters_ or with its executor, never in
// between.
void Recording::wake_readers_locked() {
  while (base::Wakeup* waiter = waiters_.pop_front()) waiter->executor().wake(*waiter);
}

void Recording::wake_writer_locked() {
  if (writer_ == nullptr || writer_woken_) return;
  writer_woken_ = true;
  writer_->executor().wake(*writer_);
}

// Whoever still had this chunk before it is cut, and counts no more: nobody goes on for its sake.
void Recording::release_front_locked() {
  const Chunk& front = chunks_.front();
  if (front.waiting > 0) readers_ -= readers_at_front_locked();
  if (budget_ != nullptr) budget_->release(front.bytes.size() + kChunkOverhead);
  dropped_ += front.bytes.size();
  chunks_.pop_front();
  ++first_chunk_;
}

size_t Recording::readers_at_front_locked() {
  size_t readers = 0;
  cursors_.for_each([&](const Cursor& reader) {
    const bool reads = reader.interest_ == Cursor::Interest::kReads;
    if (reads && reader.chunk_ == first_chunk_) ++readers;
  });
  return readers;
}

void Recording::reader_left_locked(const Cursor& reader) {
  if (reader.interest_ == Cursor::Interest::kReads) --readers_;
  if (keep_ == Keep::kPassing && reader.consumed() == fastest_) measure_fastest_locked();
  drop_consumed_locked();
  if (reader.interest_ == Cursor::Interest::kReads) abandon_if_unread_locked();
}

void Recording::abandon_if_unread_locked() {
  if (readers_ > 0 || state_ != State::kOpen) return;
  if (on_abandon_ == OnAbandon::kFinish && keep_ == Keep::kKept) return;
  abandoned_ = true;
  wake_writer_locked();
}

void Recording::measure_fastest_locked() {
  fastest_ = dropped_;
  cursors_.for_each(
      [this](const Cursor& reader) { fastest_ = std::max(fastest_, reader.consumed()); });
}

// While everything is kept nobody asks who is the fastest, so it may have left unnoticed.
void Recording::stop_keeping_locked() {
  if (keep_ == Keep::kPassing) return;
  keep_ = Keep::kPassing;
  measure_fastest_locked();
}

void Recording::drop_consumed_locked() {
  if (keep_ != Keep::kPassing) return;
  while (!chunks_.empty() && chunks_.front().waiting == 0) release_front_locked();
}

void Recording::cut_laggards_locked() {
  if (keep_ != Keep::kPassing) return;
  while (!chunks_.empty() && fastest_ > dropped_ + limits_.lag_max) release_front_locked();
}

bool Recording::writer_must_wait_locked() const {
  return keep_ == Keep::kPassing && fastest_lag_locked() >= limits_.window;
}

}  // namespace reprise::recording
