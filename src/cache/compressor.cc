#include "cache/compressor.h"

#include <zstd.h>

#include <algorithm>

#include "base/check.h"

namespace reprise::cache {

namespace {

constexpr int kLevel = 1;
constexpr std::string_view kFrameStart = "\x28\xB5\x2F\xFD";  // RFC 8878 §3.1.1
constexpr size_t kWorthBytesMin = 512;
// Expanding a small frame costs more than its bytes save, unless it saves most of them.
constexpr size_t kSmallBytes = 4096;
constexpr size_t kKeptBytesMax = size_t{1} << 20;
constexpr size_t kOutputBytesMin = size_t{16} << 10;

}  // namespace

void Compressor::Free::operator()(ZSTD_CCtx_s* context) const { ZSTD_freeCCtx(context); }
void Compressor::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Compressor::Compressor() = default;
Compressor::~Compressor() = default;

char* Compressor::output(size_t bytes) {
  if (bytes > output_capacity_) {
    output_.reset();  // before the larger one, so that both never exist
    output_capacity_ = std::max(bytes, kOutputBytesMin);
    output_ = std::make_unique_for_overwrite<char[]>(output_capacity_);
  }
  return output_.get();
}

std::optional<std::string_view> Compressor::squeeze(std::string_view plain) {
  if (plain.size() < kWorthBytesMin) return std::nullopt;
  if (squeezing_ == nullptr) squeezing_.reset(ZSTD_createCCtx());
  CHECK(squeezing_ != nullptr);
  // Room for the result that is worth it, and no more: zstd gives up when it is used up.
  const size_t saved = plain.size() < kSmallBytes ? plain.size() / 4 * 3 : plain.size() / 8;
  const size_t room = plain.size() - saved;
  char* const out = output(room);
  const size_t size =
      ZSTD_compressCCtx(squeezing_.get(), out, room, plain.data(), plain.size(), kLevel);
  if (ZSTD_isError(size) != 0) return std::nullopt;
  return std::string_view(out, size);
}

tl::expected<std::string_view, ValueFault> Compressor::expand(std::string_view squeezed,
                                                              size_t bytes_max) {
  // Not the formats before 1.0, for which the library still has its old decoders.
  if (!squeezed.starts_with(kFrameStart)) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  const unsigned long long size = ZSTD_getFrameContentSize(squeezed.data(), squeezed.size());
  if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  if (size > bytes_max) return tl::unexpected(ValueFault::kTooLarge);
  // One frame and nothing behind it.
  if (ZSTD_findFrameCompressedSize(squeezed.data(), squeezed.size()) != squeezed.size()) {
    return tl::unexpected(ValueFault::kCorrupt);
  }
  if (expanding_ == nullptr) expanding_.reset(ZSTD_createDCtx());
  CHECK(expanding_ != nullptr);
  char* const out = output(size);
  const size_t written =
      ZSTD_decompressDCtx(expanding_.get(), out, size, squeezed.data(), squeezed.size());
  if (written != size) return tl::unexpected(ValueFault::kCorrupt);
  return std::string_view(out, size);
}

void Compressor::trim() {
  if (output_capacity_ <= kKeptBytesMax) return;
  output_.reset();
  output_capacity_ = 0;
}

}  // namespace reprise::cache
