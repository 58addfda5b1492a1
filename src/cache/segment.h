#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "http/message.h"
#include "recording/recording.h"

namespace reprise::cache {

// Segment: a run of an answer that is still arriving, as a flight's leader publishes it for those
// who follow in other processes. The first has the head, the last the end.
struct Segment {
  static constexpr size_t kBodyBytesMax = 16 * 1024;
  // How long a segment is kept while the answer goes on, and once it has ended.
  static constexpr int64_t kLifeMs = 600'000;
  static constexpr int64_t kLifeAtEndMs = 120'000;

  enum class End : uint8_t { kNone, kComplete, kFailed };

  std::shared_ptr<const http::ResponseHead> head;  // null: it came before
  base::Bytes body;
  End end = End::kNone;
  recording::FailureReport failure;  // of kFailed
  http::Fields trailers;             // of kComplete
};

std::string pack_segment(const Segment& segment);
// Nothing if it could not have been published: heads and trailers are checked as closely as if they
// had come from upstream.
std::optional<Segment> unpack_segment(std::string_view payload);

}  // namespace reprise::cache
