#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <string_view>

#include "base/json.h"
#include "http/sse.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// EventText: one event of a recorded stream.
struct EventText {
  std::string_view name;  // of its `event` line, often empty
  std::string_view data;  // as received, its lines joined with LF
  std::string_view json;  // raw JSON: an object; empty for [DONE]
};

// EventTexts: reads the events of a stream that comes in pieces, up to and with [DONE]. Events
// without any data are passed over. Refuses data that is no JSON object, and a stream that ends
// inside an event other than [DONE]. What `visit` is given lives as long as the call.
// Owner: a conversion. Thread: one. Bound: as SseReader, of `event_bytes_max`.
class EventTexts {
 public:
  using Visit = absl::FunctionRef<Refused(const EventText&)>;

  explicit EventTexts(size_t event_bytes_max) : reader_(event_bytes_max) {}

  // Both: until one is refused, by `visit` or by us; that is the answer from then on.
  Refused feed(std::string_view piece, Visit visit);
  Refused finish(Visit visit);

 private:
  void take(const http::SseReader::Event& event, Visit visit);

  http::SseReader reader_;
  base::JsonNormaliser normaliser_;
  Refused refused_;
  bool done_ = false;
};

// All of `stream` at once.
Refused read_events(std::string_view stream, EventTexts::Visit visit);

}  // namespace reprise::openai
