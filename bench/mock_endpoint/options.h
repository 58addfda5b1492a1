#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::bench {

// Failure: how an answer goes wrong on purpose.
enum class Failure : uint8_t {
  kNone,
  kResetBeforeHead,  // the connection is reset instead of an answer
  kResetMid,         // reset after half the answer
  kTruncate,         // closed in order after half the answer, framing unfinished
  kErrorEvent,       // half the stream, an error event, [DONE]; an error object where no stream
  kNoDone,           // a stream that ends properly but without its end marker
  kHang,             // half the answer, then silence
};

std::optional<Failure> failure_named(std::string_view name);

// Manner: how an answer says what it says.
enum class Manner : uint8_t {
  kPlain,
  kRefusing,  // its text is a refusal; messages know none
  kCiting,    // its text names a source
  kCut,       // it ends at the limit that the asker has set
};

std::optional<Manner> manner_named(std::string_view name);

// Behaviour: what one answer is like. The command line sets it; X-Mock-* fields override it for one
// request.
struct Behaviour {
  int status = 200;
  uint32_t tokens = 24;
  uint32_t tokens_per_second = 0;  // 0: all at once
  uint32_t content_bytes = 0;      // 0: as long as the tokens are
  uint32_t delay_ms = 0;           // before the head
  Failure failure = Failure::kNone;
  Manner manner = Manner::kPlain;
  bool stamp = false;  // tokens carry the time at which they were sent
  std::string hold;    // half the answer waits until POST /mock/release/{hold}
};

}  // namespace reprise::bench
