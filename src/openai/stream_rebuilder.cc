#include "openai/stream_rebuilder.h"

#include <limits>
#include <optional>

#include "openai/event_type.h"
#include "openai/obfuscation.h"

namespace reprise::openai {

StreamRebuilder::StreamRebuilder(Route route, const Form& wanted, size_t event_bytes_max)
    : route_(route),
      wanted_(wanted),
      events_(event_bytes_max),
      out_(std::numeric_limits<size_t>::max()) {}

bool StreamRebuilder::has_chunks() const {
  return route_ == Route::kChatCompletions || route_ == Route::kCompletions;
}

Refused StreamRebuilder::feed(std::string_view piece, Sink sink) {
  return deliver(events_.feed(piece, [this](const EventText& event) { return take(event); }), sink);
}

// A stream that ended without [DONE] gets none: nobody said it here either.
Refused StreamRebuilder::finish(Sink sink) {
  Refused refused = events_.finish([this](const EventText& event) { return take(event); });
  if (!refused) refused = add_usage();
  return deliver(refused, sink);
}

Refused StreamRebuilder::deliver(Refused refused, Sink sink) {
  if (!out_.held().empty()) sink(out_.held());
  out_.clear();
  return refused;
}

Refused StreamRebuilder::take(const EventText& event) {
  const bool done = event.json.empty();
  if (done) {
    if (const Refused refused = add_usage()) return refused;
  } else if (has_chunks() && read_chunk(event.json)) {
    has_usage_chunk_ = true;
    if (!wanted_.include_usage) return std::nullopt;
  }
  write(event);
  return std::nullopt;
}

// True for a chunk of usage: one without choices.
bool StreamRebuilder::read_chunk(std::string_view chunk) {
  bool has_choices = false;
  bool has_usage = false;
  base::for_each_json_member(chunk, [&](std::string_view name, std::string_view raw) {
    if (name == "choices") {
      has_choices = is_json_array(raw) && raw != "[]";
    } else if (name == "usage" && is_json_object(raw)) {
      has_usage = true;
      usage_.assign(raw);
    } else {
      head_.add(name, raw);
    }
  });
  return has_usage && !has_choices;
}

Refused StreamRebuilder::add_usage() {
  if (!has_chunks() || !wanted_.include_usage || has_usage_chunk_) return std::nullopt;
  if (usage_.empty()) return Unconvertible::kUsage;
  has_usage_chunk_ = true;
  out_.begin_event().begin_object();
  const bool chat = route_ == Route::kChatCompletions;
  head_.write(out_, chat ? "chat.completion.chunk" : "text_completion");
  head_.write_service(out_);
  out_.member("choices", "[]").member("usage", usage_).end_object().end_event();
  return std::nullopt;
}

bool StreamRebuilder::may_be_obfuscated(const EventText& event) const {
  return has_chunks() || (route_ == Route::kResponses && event_type(event).ends_with(".delta"));
}

void StreamRebuilder::write(const EventText& event) {
  if (event.json.empty() && has_chunks()) {
    out_.done();
    return;
  }
  std::optional<std::string> bare;
  if (!wanted_.include_obfuscation && may_be_obfuscated(event)) bare = without_obfuscation(event);
  out_.event(event.name, bare ? std::string_view(*bare) : event.data);
}

}  // namespace reprise::openai
