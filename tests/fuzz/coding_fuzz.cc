#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "http/content_coding.h"

// Any bytes decode, or fail, within the bound, and to the same however they are cut. The first byte
// chooses the codings, the second the cuts; the rest is the body. The body also stands for an
// Accept-Encoding.

namespace {

using reprise::http::Decoder;

constexpr size_t kOutputBytesMax = 100'000;
constexpr const char* kCodings[] = {"gzip",     "deflate",    "br",          "zstd",
                                    "gzip, br", "zstd, gzip", "br, deflate", "identity"};

struct Decoded {
  bool whole = false;
  std::string text;
};

template <typename PieceSize>
Decoded decode(const char* coding, std::string_view body, PieceSize piece_size) {
  const auto decoder = Decoder::make(coding, kOutputBytesMax);
  CHECK(decoder != nullptr);
  Decoded decoded;
  bool good = true;
  while (good && !body.empty()) {
    const std::string piece(body.substr(0, piece_size()));
    body.remove_prefix(piece.size());
    good =
        decoder->decode(piece, [&](std::string_view out) { decoded.text.append(out); }).has_value();
    CHECK(decoded.text.size() <= kOutputBytesMax);
  }
  decoded.whole = good && decoder->finish().has_value();
  return decoded;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const char* coding = kCodings[data[0] % std::size(kCodings)];
  uint32_t state = data[1];
  const std::string_view body(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Decoded whole = decode(coding, body, [&] { return body.size(); });
  const Decoded bytes = decode(coding, body, [] { return size_t{1}; });
  const Decoded parts = decode(
      coding, body, [&] { return size_t{1} + ((state = state * 1103515245 + 12345) >> 16) % 99; });
  CHECK(whole.whole == bytes.whole && whole.whole == parts.whole);
  if (whole.whole) CHECK(whole.text == bytes.text && whole.text == parts.text);
  reprise::http::accepts(body, coding);
  return 0;
}
