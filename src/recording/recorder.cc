#include "recording/recorder.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "recording/cursor.h"

namespace reprise::recording {

Recorder::Recorder(std::shared_ptr<Recording> recording, const base::Clock& clock,
                   base::Wakeup& writer)
    : recording_(std::move(recording)),
      clock_(clock),
      writer_(writer),
      started_us_(clock.monotonic_us()) {
  std::scoped_lock lock(recording_->mutex_);
  CHECK(recording_->writer_ == nullptr && recording_->state_ == State::kOpen);
  recording_->writer_ = &writer_;
  keeping_ = recording_->keep_ == Keep::kKept;
  if (recording_->abandoned_) recording_->wake_writer_locked();
}

Recorder::~Recorder() {
  if (!ended_) fail({Failure::kAbandoned, "the answer was given up"});
}

uint32_t Recorder::elapsed_ms() const {
  const int64_t elapsed = (clock_.monotonic_us() - started_us_) / 1000;
  return static_cast<uint32_t>(
      std::clamp<int64_t>(elapsed, 0, std::numeric_limits<uint32_t>::max()));
}

void Recorder::interim(http::ResponseHead head) {
  auto shared = std::make_shared<const http::ResponseHead>(std::move(head));
  std::scoped_lock lock(recording_->mutex_);
  recording_->interim_.push_back(std::move(shared));
  recording_->wake_readers_locked();
}

void Recorder::head(http::ResponseHead head) {
  auto shared = std::make_shared<const http::ResponseHead>(std::move(head));
  std::scoped_lock lock(recording_->mutex_);
  CHECK(recording_->head_ == nullptr);
  recording_->head_ = std::move(shared);
  recording_->wake_readers_locked();
}

Recorder::Flow Recorder::append(base::Bytes bytes) {
  CHECK(!ended_);
  Recording& recording = *recording_;
  const uint32_t offset_ms = elapsed_ms();
  std::scoped_lock lock(recording.mutex_);
  CHECK(recording.head_ != nullptr);
  if (bytes.empty()) return flow_locked();
  if (recording.budget_ != nullptr)
    recording.budget_->charge(bytes.size() + Recording::kChunkOverhead);
  recording.appended_ += bytes.size();
  recording.chunks_.push_back({std::move(bytes), offset_ms, std::exchange(recording.at_end_, 0)});
  if (keeping_ && recording.outgrown_locked()) {
    recording.stop_keeping_locked();
    keeping_ = false;
  }
  recording.drop_consumed_locked();
  recording.wake_readers_locked();
  return flow_locked();
}

Recorder::Flow Recorder::flow() {
  std::scoped_lock lock(recording_->mutex_);
  if (std::exchange(recording_->writer_woken_, false)) writer_.executor().cancel(writer_);
  return flow_locked();
}

Recorder::Flow Recorder::flow_locked() {
  if (recording_->keep_ == Keep::kPassing && recording_->readers_ == 0) {
    recording_->abandoned_ = true;
  }
  if (recording_->abandoned_) return Flow::kAbandoned;
  recording_->writer_waits_ = recording_->writer_must_wait_locked();
  return recording_->writer_waits_ ? Flow::kWait : Flow::kGoOn;
}

void Recorder::stop_keeping() {
  std::scoped_lock lock(recording_->mutex_);
  recording_->stop_keeping_locked();
  recording_->drop_consumed_locked();
  keeping_ = false;
}

void Recorder::complete(http::Fields trailers) {
  auto shared =
      trailers.empty() ? nullptr : std::make_shared<const http::Fields>(std::move(trailers));
  std::scoped_lock lock(recording_->mutex_);
  CHECK(!ended_ && recording_->head_ != nullptr);
  ended_ = true;
  recording_->trailers_ = std::move(shared);
  recording_->state_ = State::kComplete;
  detach_writer_locked();
  recording_->wake_readers_locked();
}

void Recorder::fail(FailureReport report) {
  std::scoped_lock lock(recording_->mutex_);
  CHECK(!ended_);
  ended_ = true;
  recording_->failure_ = std::move(report);
  recording_->state_ = State::kFailed;
  detach_writer_locked();
  recording_->wake_readers_locked();
}

std::shared_ptr<Recording> Recorder::hand_over() {
  std::scoped_lock lock(recording_->mutex_);
  CHECK(!ended_);
  ended_ = true;
  detach_writer_locked();
  recording_->writer_woken_ = false;
  return recording_;
}

void Recorder::detach_writer_locked() {
  recording_->writer_ = nullptr;
  writer_.executor().cancel(writer_);
}

}  // namespace reprise::recording
