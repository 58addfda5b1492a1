#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "openai/stream_rebuilder.h"

// A stream is rebuilt to the same, and refused for the same reason, however it is cut, and what was
// rebuilt stays as it is. The first byte chooses the route and the form, the second where it is
// cut; the rest is the stream.

namespace {

using reprise::openai::Form;
using reprise::openai::Refused;
using reprise::openai::Route;
using reprise::openai::StreamRebuilder;

constexpr Route kRoutes[] = {Route::kChatCompletions, Route::kCompletions, Route::kResponses,
                             Route::kMessages};

// Rebuilt: what came of a stream, and why it ended early if it did.
struct Rebuilt {
  std::string stream;
  Refused refused;
  bool operator==(const Rebuilt&) const = default;
};

// In pieces of `first`, then of `size` bytes.
Rebuilt rebuilt(StreamRebuilder rebuilder, std::string_view stream, size_t first, size_t size) {
  Rebuilt result;
  const auto keep = [&](std::string_view piece) { result.stream.append(piece); };
  while (!stream.empty() && !result.refused) {
    result.refused = rebuilder.feed(stream.substr(0, first), keep);
    stream.remove_prefix(std::min(first, stream.size()));
    first = size;
  }
  if (!result.refused) result.refused = rebuilder.finish(keep);
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Route route = kRoutes[data[0] & 3];
  const Form wanted{.stream = true,
                    .include_usage = (data[0] & 4) != 0,
                    .include_obfuscation = (data[0] & 8) != 0};
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const bool narrow = (data[0] & 16) != 0;
  const size_t event_max = narrow ? size_t{data[1]} : stream.size();
  const auto rebuilder = [&] { return StreamRebuilder(route, wanted, event_max); };
  const Rebuilt whole = rebuilt(rebuilder(), stream, stream.size(), 1);
  CHECK(rebuilt(rebuilder(), stream, 1, 1) == whole);
  CHECK(rebuilt(rebuilder(), stream, 1 + size_t{data[1]}, 1 + size_t{data[1]} % 7) == whole);
  if (whole.refused || narrow) return 0;
  const Rebuilt again =
      rebuilt(StreamRebuilder(route, wanted, whole.stream.size()), whole.stream, 3, 64);
  CHECK(again == whole);
  return 0;
}
