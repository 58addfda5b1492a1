#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/chars.h"

namespace reprise::http {

// HeadLimits: what a head may cost. Trailers have the same bounds once more.
struct HeadLimits {
  size_t head_bytes_max = 64 * 1024;  // the start line and the last empty line included
  size_t uri_bytes_max = 16 * 1024;
  size_t fields_max = 200;
};

// Bytes of chunk extensions that one message may carry: they mean nothing to anybody.
inline constexpr size_t kChunkExtensionBytesMax = 16 * 1024;
inline constexpr size_t kChunkSizeDigitsMax = 16;

// LineGate: the grammar of all that is not payload, byte by byte and with no second reading: CRLF
// and nothing else ends a line (RFC 9112 §2.2), no folding, no byte outside its class, single
// spaces in start lines, HTTP/1.0 or HTTP/1.1. llhttp runs behind it and never sees what the gate
// refuses. Owner: the parser. Thread: any one. Invariant: the verdict on a byte depends on the
// bytes before it, never on how they were cut.
class LineGate {
 public:
  enum class Section : uint8_t { kRequestHead, kResponseHead, kChunkLine, kChunkEnd, kTrailers };
  enum class Verdict : uint8_t { kMore, kDone, kRefused };
  struct Scan {
    size_t accepted;  // bytes of the input that belong to the section and are good
    Verdict verdict;
  };
  // `status` answers a request; a response's owner answers 502 whatever it is.
  struct Refusal {
    int status = 0;
    const char* detail = "";
  };

  explicit LineGate(const HeadLimits& limits) : limits_(limits) {}

  // The next message begins: its extension bytes are counted anew.
  void start_message() { extension_bytes_left_ = kChunkExtensionBytesMax; }
  void start(Section section);
  // Stops at the section's end, at the first bad byte, or at the end of the input.
  Scan scan(std::string_view input);
  // After kRefused.
  const Refusal& refusal() const { return refusal_; }
  // After a chunk line.
  uint64_t chunk_size() const { return chunk_size_; }

 private:
  enum class State : uint8_t {
    kMethodStart,
    kMethod,
    kTargetStart,
    kTarget,
    kRequestVersion,
    kResponseVersion,
    kStatusSpace,
    kStatusCode,
    kReasonSpace,
    kReason,
    kLineCr,
    kLineLf,
    kFieldStart,
    kName,
    kValue,
    kEndLf,
    kSizeStart,
    kSize,
    kExtension,
    kChunkCr,
    kChunkLf,
    kDone,
    kRefused,
  };

  // Where in a chunk extension (RFC 9112 §7.1.1).
  enum class Extension : uint8_t {
    kBeforeName,
    kName,
    kAfterName,
    kBeforeValue,
    kValue,
    kQuoted,
    kEscaped,
    kQuotedEnd,
    kAfterValue,
    kBad,
  };
  static Extension after(Extension before, char c);

  // Each takes the run of bytes that its state allows and the byte that ends it, returns where it
  // stopped, and leaves the state that comes next.
  const char* step(const char* at, const char* end);
  const char* method(const char* at, const char* end);
  const char* target(const char* at, const char* end);
  const char* version(const char* at, State next);
  const char* status_code(const char* at);
  const char* field_start(const char* at);
  const char* name(const char* at, const char* end);
  const char* text(const char* at, const char* end);
  const char* chunk_size(const char* at, const char* end);
  const char* extension(const char* at, const char* end);
  const char* exactly(const char* at, char wanted, State next);
  const char* refuse(const char* at, int status, const char* detail);

  const HeadLimits limits_;
  State state_ = State::kRefused;
  size_t bytes_left_ = 0;
  size_t target_bytes_left_ = 0;
  size_t fields_left_ = 0;
  size_t extension_bytes_left_ = 0;
  uint64_t chunk_size_ = 0;
  uint8_t index_ = 0;  // within a version, a status code or a chunk size
  Extension extension_ = Extension::kBad;
  Refusal refusal_;
};

}  // namespace reprise::http
