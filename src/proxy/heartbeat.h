#pragma once

#include <cstddef>
#include <string_view>

#include "http/sse.h"
#include "net/timeout_queue.h"

namespace reprise::proxy {

// Heartbeat: watches an event stream that a client is sent live, and tells after each silence
// whether a comment may be put where the stream stands: between two events only, and never into a
// stream with `id` lines, which some readers take for events of their own.
// Owner: a Playback. Thread: its loop's.
class Heartbeat {
 public:
  static constexpr std::string_view kComment = ": ping\n\n";
  using Callback = net::Timeout::Callback;

  // `queue` says how long a silence is, and outlives the heartbeat. `due` is called after each.
  Heartbeat(net::TimeoutQueue& queue, size_t event_bytes_max, Callback due, void* owner);

  // What the client has just been sent.
  void on_sent(std::string_view piece);
  // Another silence begins.
  void rearm() { queue_.arm(silence_); }
  bool may_speak() const { return reader_.between_events() && !reader_.has_ids(); }

 private:
  net::TimeoutQueue& queue_;
  http::SseReader reader_;
  net::Timeout silence_;
};

}  // namespace reprise::proxy
