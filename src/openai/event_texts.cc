#include "openai/event_texts.h"

#include "base/json.h"
#include "http/sse.h"

namespace reprise::openai {

namespace {
constexpr std::string_view kDone = "[DONE]";
}  // namespace

Refused read_events(std::string_view stream, absl::FunctionRef<Refused(const EventText&)> visit) {
  base::JsonNormaliser normaliser;
  Refused refused;
  bool done = false;
  const auto take = [&](const http::SseReader::Event& event) {
    if (done || refused || event.data.empty()) return;
    if (event.data == kDone) {
      done = true;
      refused = visit({event.name, event.data, {}});
      return;
    }
    refused = refused_for(normaliser.read(event.data));
    if (!refused) refused = visit({event.name, event.data, normaliser.text()});
  };
  http::SseReader reader(stream.size());
  reader.feed(stream, take);
  if (refused || done) return refused;
  const auto pending = reader.take_pending();
  if (!pending) return std::nullopt;
  if (pending->data != kDone) return Unconvertible::kMalformed;
  take(*pending);
  return refused;
}

}  // namespace reprise::openai
