#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "recording/recording.h"

namespace reprise::recording {

// Recorder: the one write end of a Recording. Dropped before an end was recorded, it fails the
// recording, so that no reader can hang.
// Owner: the upstream call, or whoever follows another process. Thread: the one it was made on.
class Recorder {
 public:
  // Flow: what the writer should do next.
  enum class Flow : uint8_t {
    kGoOn,
    kWait,       // stop reading from upstream until the wake-up says otherwise
    kAbandoned,  // nobody reads it any more: stop
  };

  // `writer` is queued when flow() may have changed; it and `clock` outlive the recorder.
  Recorder(std::shared_ptr<Recording> recording, const base::Clock& clock, base::Wakeup& writer);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  Recording& recording() { return *recording_; }
  const std::shared_ptr<Recording>& shared() const { return recording_; }

  void interim(http::ResponseHead head);
  void head(http::ResponseHead head);
  // Adds a chunk that nobody changes any more. Returns flow().
  Flow append(base::Bytes bytes);
  // At the wake-up, and whenever in doubt; also re-arms the wake-up.
  Flow flow();

  void complete(http::Fields trailers);
  void fail(FailureReport report);
  bool ended() const { return ended_; }
  // Leaves the recording open and untouched for another recorder, and does nothing any more.
  std::shared_ptr<Recording> hand_over();

  // Drops what has been read and takes no more newcomers: this answer will not be stored.
  void stop_keeping();
  bool keeping() const { return keeping_; }

  uint32_t elapsed_ms() const;

 private:
  Flow flow_locked();
  void detach_writer_locked();

  std::shared_ptr<Recording> recording_;
  const base::Clock& clock_;
  base::Wakeup& writer_;
  const int64_t started_us_;
  bool keeping_ = false;  // whether the recording is still a kept one: only we change that
  bool ended_ = false;
};

}  // namespace reprise::recording
