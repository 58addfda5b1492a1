#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "openai/pace.h"
#include "recording/record.h"

namespace reprise::proxy {

// PaceSchedule: when the pieces of a recorded event stream are due, counted from its replay's
// beginning: at the times at which they came, or so many events per second, the first at once.
// Comments go with the event behind them. Thread: one.
class PaceSchedule {
 public:
  // `record` outlives the schedule. `pace` is not kInstant.
  PaceSchedule(const recording::Record& record, const openai::Pace& pace);

  // How many of the body's bytes are due by `elapsed_us`. Looks no further than about `bytes_max`
  // beyond what it has found due before.
  size_t due_bytes(int64_t elapsed_us, size_t bytes_max);
  // When more is due than was found so far; there must be more.
  int64_t next_due_us() const;

 private:
  size_t step_end() const;

  const recording::Record& record_;
  const openai::Pace pace_;
  size_t due_ = 0;
  uint64_t step_ = 0;  // the next mark or event
};

}  // namespace reprise::proxy
