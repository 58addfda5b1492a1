#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace reprise::http {

// Decoder: undoes a body's content codings (RFC 9110 §8.4) piece by piece: gzip, deflate (zlib's
// format, and the bare one that some send), br, zstd, and two of them in a row.
// Owner: whoever reads the body. Thread: one.
// Bounds: at most `output_bytes_max` bytes come out of each coding; windows are at most 16 MiB.
class Decoder {
 public:
  using Sink = absl::FunctionRef<void(std::string_view)>;

  // For the value of Content-Encoding. Null if it names an unknown coding or more than two; never
  // null for an empty value or `identity`.
  static std::unique_ptr<Decoder> make(std::string_view content_encoding, size_t output_bytes_max);

  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  // Hands to `sink` all that `in` allows to decode, nothing is held back. Fails on malformed input,
  // on bytes after its end, and at the bound; then every later call fails too.
  base::Result<void> decode(std::string_view in, Sink sink);

  // At the body's end: fails if a coding's own end has not come.
  base::Result<void> finish() const;

  // The failure was that too much came out.
  bool over_limit() const { return over_limit_; }

  // One coding; defined in the .cc file.
  class Stage;

 private:
  explicit Decoder(size_t output_bytes_max);

  base::Result<void> run(size_t stage, std::string_view in, Sink sink);
  base::Result<void> deliver(std::string_view out, Sink sink);

  const size_t output_bytes_max_;
  std::vector<std::unique_ptr<Stage>> stages_;  // the last coding applied comes first
  size_t output_bytes_ = 0;
  size_t between_bytes_ = 0;  // from the first stage to the second
  bool failed_ = false;
  bool over_limit_ = false;
};

// True if a request with that Accept-Encoding takes a body with that Content-Encoding, all of whose
// codings it must accept (RFC 9110 §12.5.3). Without the field only identity is taken: the RFC
// would allow any coding, but clients that do not name one mostly cannot decode it.
bool accepts(std::optional<std::string_view> accept_encoding, std::string_view content_encoding);

}  // namespace reprise::http
