#include "recording/cursor.h"

#include <algorithm>
#include <utility>

namespace reprise::recording {

bool Cursor::join(std::shared_ptr<Recording> recording, Interest interest) {
  leave();
  std::scoped_lock lock(recording->mutex_);
  const bool first = recording->readers_ == 0 && recording->first_chunk_ == 0;
  const bool open_to_first = first && !recording->abandoned_ && recording->state_ == State::kOpen;
  if (!recording->joinable_locked() && !open_to_first) return false;
  interest_ = interest;
  if (interest_ == Interest::kReads) ++recording->readers_;
  recording->cursors_.push_back(*this);
  if (recording->chunks_.empty()) {
    ++recording->at_end_;
  } else {
    ++recording->chunks_.front().waiting;
  }
  recording_ = std::move(recording);
  chunk_ = consumed_ = 0;
  interim_ = 0;
  head_taken_ = armed_ = lagging_ = false;
  return true;
}

void Cursor::set_interest(Interest interest) {
  CHECK(recording_ != nullptr);
  std::scoped_lock lock(recording_->mutex_);
  if (interest_ == interest) return;
  interest_ = interest;
  if (chunk_ < recording_->first_chunk_) return;  // cut: it is not counted any more
  if (interest_ == Interest::kReads) {
    ++recording_->readers_;
  } else {
    --recording_->readers_;
    recording_->abandon_if_unread_locked();
  }
}

void Cursor::open(std::shared_ptr<const Record> record) {
  leave();
  record_ = std::move(record);
  chunk_ = consumed_ = 0;
  head_taken_ = armed_ = lagging_ = false;
}

void Cursor::leave() {
  record_.reset();
  if (recording_ == nullptr) return;
  // The lock goes before the recording may.
  const std::shared_ptr<Recording> recording = std::move(recording_);
  std::scoped_lock lock(recording->mutex_);
  disarm_locked();
  unlink();
  if (chunk_ < recording->first_chunk_) return;  // cut: it was not counted any more
  if (chunk_ == recording->first_chunk_ + recording->chunks_.size()) {
    --recording->at_end_;
  } else {
    --recording->chunks_[chunk_ - recording->first_chunk_].waiting;
  }
  recording->reader_left_locked(*this);
}

Cursor::Status Cursor::next(Batch& batch, size_t bytes_max) {
  if (record_ != nullptr) return next_of_record(batch);
  CHECK(recording_ != nullptr);
  std::scoped_lock lock(recording_->mutex_);
  disarm_locked();
  const Status status = next_locked(batch, bytes_max);
  if (status == Status::kPending) {
    armed_ = true;
    recording_->waiters_.push_back(wakeup_);
  }
  return status;
}

Cursor::Status Cursor::next_of_record(Batch& batch) {
  if (!std::exchange(head_taken_, true)) batch.head = {record_, &record_->head()};
  if (consumed_ == 0 && !record_->body().empty()) {
    batch.pieces[0] = record_->body();
    batch.piece_count = 1;
    batch.bytes = record_->body().size();
    consumed_ = batch.bytes;
  }
  return Status::kEnd;
}

Cursor::Status Cursor::next_locked(Batch& batch, size_t bytes_max) {
  if (chunk_ < recording_->first_chunk_) {
    lagging_ = true;
    return Status::kFailed;
  }
  if (interim_ < recording_->interim_.size()) {
    batch.interim = recording_->interim_[interim_++];
    return Status::kMore;
  }
  if (recording_->head_ != nullptr && !std::exchange(head_taken_, true))
    batch.head = recording_->head_;
  if (head_taken_) take_chunks_locked(batch, bytes_max);
  if (chunk_ < recording_->first_chunk_ + recording_->chunks_.size()) return Status::kMore;
  switch (recording_->state_) {
    case State::kOpen:
      return Status::kPending;
    case State::kComplete:
      batch.trailers = recording_->trailers_;
      return Status::kEnd;
    case State::kFailed:
      return Status::kFailed;
  }
  return Status::kFailed;
}

void Cursor::take_chunks_locked(Batch& batch, size_t bytes_max) {
  Recording& recording = *recording_;
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
  recording.cut_laggards_locked();
  recording.drop_consumed_locked();
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

bool Cursor::saw_head() const {
  if (recording_ == nullptr) return record_ != nullptr;
  std::scoped_lock lock(recording_->mutex_);
  return recording_->head_ != nullptr;
}

bool Cursor::failed() const {
  if (lagging_) return true;
  if (recording_ == nullptr) return false;
  std::scoped_lock lock(recording_->mutex_);
  return recording_->state_ == State::kFailed || chunk_ < recording_->first_chunk_;
}

FailureReport Cursor::failure() const {
  FailureReport lagging{Failure::kLagging, "the reader fell too far behind"};
  if (lagging_) return lagging;
  if (recording_ == nullptr) return {};
  std::scoped_lock lock(recording_->mutex_);
  if (chunk_ < recording_->first_chunk_) return lagging;
  return recording_->failure_;
}

}  // namespace reprise::recording
