#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/sse.h"

// An event stream means the same however it is cut. The first byte chooses the size limit, the
// second the cuts; the rest is the stream.

namespace {

using reprise::http::SseReader;

void describe(const SseReader::Event& event, std::string* out) {
  out->append(event.name).append("|").append(event.data).append("@");
  out->append(std::to_string(event.end)).append("\n");
}

template <typename PieceSize>
std::string read(std::string_view stream, size_t limit, PieceSize piece_size) {
  SseReader reader(limit);
  std::string seen;
  while (!stream.empty()) {
    const std::string piece(stream.substr(0, piece_size()));
    stream.remove_prefix(piece.size());
    reader.feed(piece, [&](const SseReader::Event& event) {
      CHECK(event.name.size() + event.data.size() <= limit);
      describe(event, &seen);
    });
  }
  if (const auto pending = reader.take_pending()) describe(*pending, &seen.append("pending "));
  return seen.append(reader.overflowed() ? "overflow" : "").append(reader.has_ids() ? "ids" : "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t limit = data[0];
  uint32_t state = data[1];
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = read(stream, limit, [&] { return stream.size(); });
  CHECK(read(stream, limit, [] { return size_t{1}; }) == whole);
  CHECK(read(stream, limit, [&] {
          return size_t{1} + ((state = state * 1103515245 + 12345) >> 16) % 7;
        }) == whole);
  return 0;
}
