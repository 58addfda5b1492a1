#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <tl/expected.hpp>

#include "cache/value_fault.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace reprise::cache {

// Compressor: zstd, with its contexts and its output kept from one call to the next: making them
// costs more than a short answer does. Both ways share the output.
// Owner: a codec. Thread: one at a time.
class Compressor {
 public:
  Compressor();
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;

  // `plain` as one zstd frame that says how large `plain` is; nothing if it is too short to be
  // worth it or saves less than an eighth. Valid until the next call.
  std::optional<std::string_view> squeeze(std::string_view plain);

  // What squeeze() was given. Refuses anything but one whole frame that says how much comes out
  // of it, and more than `bytes_max`, before it allocates. Valid until the next call.
  tl::expected<std::string_view, ValueFault> expand(std::string_view squeezed, size_t bytes_max);

  // Gives back what a large value has left behind. The last call's result ends here too.
  void trim();

 private:
  struct Free {
    void operator()(ZSTD_CCtx_s* context) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };
  char* output(size_t bytes);

  // Made when first needed: a thread that only reads has no use for the larger one.
  std::unique_ptr<ZSTD_CCtx_s, Free> squeezing_;
  std::unique_ptr<ZSTD_DCtx_s, Free> expanding_;
  std::unique_ptr<char[]> output_;
  size_t output_capacity_ = 0;
};

}  // namespace reprise::cache
