#include "proxy/paced_body.h"

#include <algorithm>
#include <utility>

namespace reprise::proxy {

using recording::Cursor;

PacedBody::PacedBody(net::Loop& loop, std::shared_ptr<const recording::Record> record,
                     const openai::Pace& pace, base::Wakeup& due)
    : loop_(loop),
      record_(std::move(record)),
      due_(due),
      schedule_(*record_, pace),
      timer_(
          loop,
          [](void* self) noexcept {
            base::Wakeup& wakeup = static_cast<PacedBody*>(self)->due_;
            if (!wakeup.linked()) wakeup.executor().wake(wakeup);
          },
          this),
      started_us_(loop.clock().monotonic_us()) {}

PacedBody::~PacedBody() { due_.executor().cancel(due_); }

Cursor::Status PacedBody::next(recording::Batch& batch, size_t bytes_max) {
  const int64_t elapsed_us = loop_.clock().monotonic_us() - started_us_;
  const size_t due = schedule_.due_bytes(elapsed_us, bytes_max);
  const size_t bytes = std::min(due - taken_, bytes_max);
  if (bytes > 0) {
    batch.pieces[0] = record_->body().slice(taken_, bytes);
    batch.piece_count = 1;
    batch.bytes = bytes;
    taken_ += bytes;
  }
  if (taken_ == record_->body().size()) return Cursor::Status::kEnd;
  if (bytes > 0) return Cursor::Status::kMore;
  // Rounded up: a timer that fires too early would find nothing.
  timer_.start(static_cast<uint64_t>((schedule_.next_due_us() - elapsed_us + 999) / 1000));
  return Cursor::Status::kPending;
}

}  // namespace reprise::proxy
