#pragma once

#include <absl/functional/function_ref.h>

#include <string_view>

#include "openai/raw_json.h"

namespace reprise::openai {

// EventText: one event of a recorded stream.
struct EventText {
  std::string_view name;  // of its `event` line, often empty
  std::string_view data;  // as received, its lines joined with LF
  std::string_view json;  // raw JSON: an object; empty for [DONE]
};

// Calls `visit` for each event of `stream` up to and with [DONE], until it refuses one. Events
// without any data are passed over. Refuses data that is no JSON object, and a stream that ends
// inside an event other than [DONE]. The views live as long as the call.
Refused read_events(std::string_view stream, absl::FunctionRef<Refused(const EventText&)> visit);

}  // namespace reprise::openai
