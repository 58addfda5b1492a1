#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "openai/conversion.h"

// Any text is converted or refused within its bound, and what was assembled can be spoken in
// pieces and assembled to the same again. The first byte chooses the route and what is done, the
// second the form and the bound; the rest is the body.

namespace {

using reprise::openai::assemble;
using reprise::openai::Converted;
using reprise::openai::Form;
using reprise::openai::rebuild;
using reprise::openai::Route;
using reprise::openai::synthesise;
using reprise::openai::Unconvertible;

constexpr size_t kRoomy = size_t{16} << 20;
constexpr Route kRoutes[] = {Route::kChatCompletions, Route::kCompletions, Route::kResponses,
                             Route::kMessages};

bool has_choices(Route route) {
  return route == Route::kChatCompletions || route == Route::kCompletions;
}

// The whole answer that `json` is once it was spoken; refused where a stream would be too large.
Converted echo(Route route, std::string_view json) {
  Form wanted{.stream = true, .include_usage = true};
  Converted stream = synthesise(route, json, wanted, kRoomy);
  if (!stream && stream.error() == Unconvertible::kUsage) {
    wanted.include_usage = false;
    stream = synthesise(route, json, wanted, kRoomy);
  }
  return stream ? assemble(route, *stream, kRoomy) : stream;
}

void check_settled(Route route, const std::string& json) {
  const Converted again = echo(route, json);
  if (!again && again.error() == Unconvertible::kTooLarge) return;
  if (has_choices(route)) {
    CHECK(again && *again == json);
    return;
  }
  // These may be given what only a stream needs, or refused for what no stream can say.
  if (!again) return;
  const Converted settled = echo(route, *again);
  CHECK(settled && *settled == *again);
}

void check_bound(const Converted& converted, size_t bytes_max) {
  CHECK(!converted || converted->size() <= bytes_max);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Route route = kRoutes[data[0] & 3];
  const Form wanted{.stream = true,
                    .include_usage = (data[1] & 1) != 0,
                    .include_obfuscation = (data[1] & 2) != 0};
  const size_t bytes_max = (data[1] & 4) != 0 ? kRoomy : size_t{1} << (data[1] >> 4);
  const std::string body(reinterpret_cast<const char*>(data) + 2, size - 2);
  switch (data[0] >> 2 & 3) {
    case 0: {
      const Converted whole = assemble(route, body, bytes_max);
      check_bound(whole, bytes_max);
      if (whole) check_settled(route, *whole);
      break;
    }
    case 1: {
      const Converted stream = synthesise(route, body, wanted, bytes_max);
      check_bound(stream, bytes_max);
      const Converted whole = stream ? assemble(route, *stream, kRoomy) : stream;
      if (whole) check_settled(route, *whole);
      break;
    }
    default: {
      const Converted stream = rebuild(route, body, wanted, bytes_max);
      check_bound(stream, bytes_max);
      // What is in the wanted form already stays as it is.
      if (stream) CHECK(rebuild(route, *stream, wanted, bytes_max) == stream);
      break;
    }
  }
  return 0;
}
