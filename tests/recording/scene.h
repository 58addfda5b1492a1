#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "fakes/manual_clock.h"
#include "fakes/manual_executor.h"
#include "recording/reader.h"
#include "recording/recorder.h"

namespace reprise::recording {

inline http::ResponseHead head_of(int status) {
  http::ResponseHead head;
  head.status = status;
  head.reason = "So it is";
  head.fields.add("Content-Type", "text/event-stream");
  return head;
}

inline base::Bytes bytes_of(std::string_view text) { return base::Bytes::copy_of(text); }
inline base::Bytes zeros(size_t size) { return bytes_of(std::string(size, '0')); }

// Scene: one recording with its writer, on an executor that the test runs by hand.
struct Scene {
  using Flow = Recorder::Flow;

  explicit Scene(Keep keep = Keep::kKept, const Limits& limits = {},
                 OnAbandon on_abandon = OnAbandon::kCancel)
      : recording(std::make_shared<Recording>(keep, on_abandon, limits, &budget)) {
    recorder.emplace(recording, clock, writer);
  }

  Flow append(std::string_view text) { return recorder->append(bytes_of(text)); }
  void complete() { recorder->complete({}); }
  void fail() { recorder->fail({Failure::kTruncated, "cut short"}); }
  // Lets go of the scene's own shares of the recording.
  std::weak_ptr<Recording> let_go() {
    const std::weak_ptr<Recording> last = recording;
    recorder.reset();
    recording.reset();
    return last;
  }

  fakes::ManualExecutor executor;
  fakes::ManualClock clock;
  Budget budget{1u << 30};
  size_t writer_wakes = 0;
  base::Wakeup writer{executor,
                      [](void* self) noexcept { ++static_cast<Scene*>(self)->writer_wakes; }, this};
  std::shared_ptr<Recording> recording;
  std::optional<Recorder> recorder;
};

}  // namespace reprise::recording
