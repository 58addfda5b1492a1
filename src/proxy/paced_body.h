#pragma once

#include <cstddef>
#include <memory>

#include "base/executor.h"
#include "net/timer.h"
#include "proxy/pace_schedule.h"
#include "recording/cursor.h"

namespace reprise::proxy {

// PacedBody: gives a finished event stream piece by piece, each when it is due.
// Owner: a Playback. Thread: its loop's. One timer for as long as the replay lasts.
class PacedBody {
 public:
  // `due` is queued when there is more to take; it outlives the body.
  PacedBody(net::Loop& loop, std::shared_ptr<const recording::Record> record,
            const openai::Pace& pace, base::Wakeup& due);
  ~PacedBody();
  PacedBody(const PacedBody&) = delete;
  PacedBody& operator=(const PacedBody&) = delete;

  // As Cursor::next(), without the head.
  recording::Cursor::Status next(recording::Batch& batch, size_t bytes_max);

 private:
  net::Loop& loop_;
  const std::shared_ptr<const recording::Record> record_;
  base::Wakeup& due_;
  PaceSchedule schedule_;
  net::Timer timer_;
  const int64_t started_us_;
  size_t taken_ = 0;
};

}  // namespace reprise::proxy
