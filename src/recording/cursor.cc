#include "recording/cursor.h"

#include <algorithm>
#include <utility>

namespace reprise::recording {

bool Cursor::join(std::shared_ptr<Recording> recording) {
  leave();
  CHECK(!recording->frozen());
  std::scoped_lock lock(recording->mutex_);
  const bool first = recording->readers_ == 0 && recording->first_chunk_ == 0;
  const bool open_to_first = first && !recording->abandoned_ && recording->state_ == State::kOpen;
  if (!recording->joinable_locked() && !open_to_first) return false;
  ++recording->readers_;
  recording->cursors_.push_back(*this);
  if (recording->chunks_.empty()) {
    ++recording->at_end_;
  } else {
    ++recording->chunks_.front().waiting;
  }
  open_ = recording.get();
  recording_ = std::move(recording);
  chunk_ = consumed_ = 0;
  interim_ = 0;
  head_taken_ = armed_ = lagging_ = false;
  return true;
}

void Cursor::open(std::shared_ptr<const Recording> recording) {
  leave();
  CHECK(recording->frozen());
  recording_ = std::move(recording);
  open_ = nullptr;
  chunk_ = consumed_ = 0;
  head_taken_ = armed_ = lagging_ = false;
}

void Cursor::leave() {
  if (recording_ == nullptr) return;
  if (open_ != nullptr) {
    std::scoped_lock lock(open_->mutex_);
    disarm_locked();
    unlink();
    if (chunk_ == open_->first_chunk_ + open_->chunks_.size()) {
      --open_->at_end_;
    } else if (chunk_ >= open_->first_chunk_) {
      --open_->chunks_[chunk_ - open_->first_chunk_].waiting;
    }
    --open_->readers_;
    if (open_->keep_ == Keep::kPassing && consumed_ == open_->fastest_) {
      open_->fastest_ = open_->dropped_;
      open_->cursors_.for_each([this](const Cursor& other) {
        open_->fastest_ = std::max(open_->fastest_, other.consumed_);
      });
    }
    open_->drop_consumed_locked();
    if (open_->readers_ == 0 && open_->state_ == State::kOpen &&
        (open_->on_abandon_ == OnAbandon::kCancel || open_->keep_ == Keep::kPassing)) {
      open_->abandoned_ = true;
      open_->wake_writer_locked();
    }
  }
  open_ = nullptr;
  recording_.reset();
}

Cursor::Status Cursor::next(Batch& batch, size_t bytes_max) {
  CHECK(recording_ != nullptr);
  if (open_ == nullptr) return next_frozen(batch);
  std::scoped_lock lock(open_->mutex_);
  disarm_locked();
  const Status status = next_locked(batch, bytes_max);
  if (status == Status::kPending) {
    armed_ = true;
    open_->waiters_.push_back(wakeup_);
  }
  return status;
}

Cursor::Status Cursor::next_frozen(Batch& batch) {
  if (!std::exchange(head_taken_, true)) batch.head = recording_->head_;
  if (consumed_ == 0 && !recording_->body_.empty()) {
    batch.pieces[0] = recording_->body_;
    batch.piece_count = 1;
    batch.bytes = recording_->body_.size();
    consumed_ = batch.bytes;
  }
  return Status::kEnd;
}

Cursor::Status Cursor::next_locked(Batch& batch, size_t bytes_max) {
  if (chunk_ < open_->first_chunk_) {
    lagging_ = true;
    return Status::kFailed;
  }
  if (interim_ < open_->interim_.size()) {
    batch.interim = open_->interim_[interim_++];
    return Status::kMore;
  }
  if (open_->head_ != nullptr && !std::exchange(head_taken_, true)) batch.head = open_->head_;
  if (head_taken_) take_chunks_locked(batch, bytes_max);
  if (chunk_ < open_->first_chunk_ + open_->chunks_.size()) return Status::kMore;
  switch (open_->state_) {
    case State::kOpen:
      return Status::kPending;
    case State::kComplete:
      batch.trailers = open_->trailers_;
      return Status::kEnd;
    case State::kFailed:
      return Status::kFailed;
  }
  return Status::kFailed;
}

void Cursor::take_chunks_locked(Batch& batch, size_t bytes_max) {
  Recording& recording = *open_;
  const uint64_t end = recording.first_chunk_ + recording.chunks_.size();
  const uint64_t began = chunk_;
  while (chunk_ < end && batch.piece_count < Batch::kPiecesMax && batch.bytes < bytes_max) {
    const base::Bytes& bytes = recording.chunks_[chunk_ - recording.first_chunk_].bytes;
    batch.pieces[batch.piece_count++] = bytes;
    batch.bytes += bytes.size();
    ++chunk_;
  }
  if (chunk_ == began) return;
  --recording.chunks_[began - recording.first_chunk_].waiting;
  if (chunk_ == end) {
    ++recording.at_end_;
  } else {
    ++recording.chunks_[chunk_ - recording.first_chunk_].waiting;
  }
  consumed_ += batch.bytes;
  recording.fastest_ = std::max(recording.fastest_, consumed_);
  recording.drop_consumed_locked();
  recording.cut_laggards_locked();
  if (recording.writer_waits_ && !recording.writer_must_wait_locked()) {
    recording.wake_writer_locked();
  }
}

// The node is in waiters_ or with its executor; both are let go of under the recording's lock, so
// nobody can be about to queue it.
void Cursor::disarm_locked() {
  if (!std::exchange(armed_, false)) return;
  wakeup_.executor().cancel(wakeup_);
}

FailureReport Cursor::failure() const {
  if (lagging_) return {Failure::kLagging, "the reader fell too far behind"};
  if (open_ == nullptr) return {};
  std::scoped_lock lock(open_->mutex_);
  return open_->failure_;
}

}  // namespace reprise::recording
