#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "openai/chunk_head.h"
#include "openai/event_texts.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// StreamRebuilder: turns an event stream that comes in pieces into one of another form: usage
// chunks are dropped or added, `obfuscation` is left out; all other data stays as it came. Each
// event leaves in the piece that completes it. What was recorded without obfuscation stays without
// it. Comments are dropped.
// Owner: a conversion, or the playback of a stream that still arrives. Thread: one.
// Bound: what `event_bytes_max` allows an event, twice; what a call gives, by what it was fed.
class StreamRebuilder {
 public:
  using Sink = absl::FunctionRef<void(std::string_view)>;

  StreamRebuilder(Route route, const Form& wanted, size_t event_bytes_max);

  // Both: the events that `piece`, or the stream's end, completes. Refused, for good, if the stream
  // is none or lacks what is wanted; what came before is given all the same.
  Refused feed(std::string_view piece, Sink sink);
  Refused finish(Sink sink);

 private:
  Refused take(const EventText& event);
  bool read_chunk(std::string_view chunk);
  Refused add_usage();
  void write(const EventText& event);
  Refused deliver(Refused refused, Sink sink);
  bool has_chunks() const;
  bool may_be_obfuscated(const EventText& event) const;

  const Route route_;
  const Form wanted_;
  EventTexts events_;
  RawWriter out_;
  ChunkHead head_;
  std::string usage_;
  bool has_usage_chunk_ = false;
};

}  // namespace reprise::openai
