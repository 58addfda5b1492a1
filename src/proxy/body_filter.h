#pragma once

#include <absl/functional/function_ref.h>

#include <memory>
#include <optional>
#include <string_view>

#include "http/content_coding.h"
#include "openai/stream_rebuilder.h"

namespace reprise::proxy {

// BodyFilter: what a body that still arrives goes through on its way to a client who wants it
// otherwise than the one who asked for it: its coding undone, its events rebuilt, or both.
// Owner: a Playback. Thread: one.
class BodyFilter {
 public:
  using Sink = absl::FunctionRef<void(std::string_view)>;

  // Each may be null, not both.
  BodyFilter(std::unique_ptr<http::Decoder> decoder,
             std::unique_ptr<openai::StreamRebuilder> rebuilder);

  // Both: false, for good, if the body is not what it claims to be.
  bool feed(std::string_view piece, Sink sink);
  bool finish(Sink sink);

 private:
  std::unique_ptr<http::Decoder> decoder_;
  std::unique_ptr<openai::StreamRebuilder> rebuilder_;
};

}  // namespace reprise::proxy
