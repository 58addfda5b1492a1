#include "openai/event_texts.h"

namespace reprise::openai {

namespace {
constexpr std::string_view kDone = "[DONE]";
}  // namespace

void EventTexts::take(const http::SseReader::Event& event, Visit visit) {
  if (done_ || refused_ || event.data.empty()) return;
  if (event.data == kDone) {
    done_ = true;
    refused_ = visit({event.name, event.data, {}});
    return;
  }
  refused_ = refused_for(normaliser_.read_next(event.data));
  if (!refused_) refused_ = visit({event.name, event.data, normaliser_.text()});
}

Refused EventTexts::feed(std::string_view piece, Visit visit) {
  if (done_ || refused_) return refused_;
  reader_.feed(piece, [&](const http::SseReader::Event& event) { take(event, visit); });
  if (!done_ && !refused_ && reader_.overflowed()) refused_ = Unconvertible::kTooLarge;
  return refused_;
}

Refused EventTexts::finish(Visit visit) {
  if (done_ || refused_) return refused_;
  const auto pending = reader_.take_pending();
  if (!pending) return std::nullopt;
  if (pending->data != kDone) return refused_ = Unconvertible::kMalformed;
  take(*pending, visit);
  return refused_;
}

Refused read_events(std::string_view stream, EventTexts::Visit visit) {
  EventTexts events(stream.size());
  const Refused refused = events.feed(stream, visit);
  return refused ? refused : events.finish(visit);
}

}  // namespace reprise::openai
