#include "http/content_coding.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <cstdint>
#include <string>

#include "http/fields.h"

namespace reprise::http {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr size_t kOutputBytes = 16 * 1024;
constexpr size_t kCodingsMax = 2;
constexpr int kZstdWindowLogMax = 23;  // 8 MiB: what RFC 9659 allows for zstd as a content coding

bool is_gzip(std::string_view coding) {
  return iequals(coding, "gzip") || iequals(coding, "x-gzip");
}

}  // namespace

// Stage: a decompressor that is stepped. It never sees input after its end unless it can begin
// another member or frame there.
class Decoder::Stage {
 public:
  struct Step {
    bool ok = false;
    bool more = false;  // call again, with whatever input is left
    size_t output_bytes = 0;
  };

  virtual ~Stage() = default;
  // Takes from the front of `in`, writes at most `size` bytes to `out`.
  virtual Step step(std::string_view* in, char* out, size_t size) = 0;
  virtual bool ended() const = 0;
};

namespace {

using Step = Decoder::Stage::Step;

// Inflate: gzip (with members in a row, RFC 1952 §2.2), zlib or bare deflate.
class Inflate final : public Decoder::Stage {
 public:
  enum class Format : uint8_t { kGzip, kDeflate };

  explicit Inflate(Format format) : format_(format) {
    if (format == Format::kGzip) start(16 + MAX_WBITS);
  }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() override {
    if (started_) inflateEnd(&stream_);
  }

  Step step(std::string_view* in, char* out, size_t size) override {
    if (in->empty() && !held_ && !unflushed_) return {.ok = true};
    if (ended_) {
      // Only another gzip member may follow; a false one fails at its second byte.
      if (format_ != Format::kGzip || in->front() != '\x1f') return {};
      if (inflateReset(&stream_) != Z_OK) return {};
      ended_ = false;
    }
    if (!started_ && !choose_format(in)) return {.ok = !in_trouble_};
    if (held_) {
      // The first byte of the body waited for the second.
      held_ = false;
      std::string_view first(&held_byte_, 1);
      const Step taken = inflate_some(&first, out, size);
      return {taken.ok, true, taken.output_bytes};
    }
    return inflate_some(in, out, size);
  }

  bool ended() const override { return ended_; }

 private:
  void start(int window_bits) {
    started_ = inflateInit2(&stream_, window_bits) == Z_OK;
    in_trouble_ = !started_;
  }

  // `deflate` means zlib's format; bare deflate is told by its first two bytes not being zlib's.
  // False while the second has not come.
  bool choose_format(std::string_view* in) {
    if (in_trouble_) return false;
    if (!held_) {
      held_byte_ = in->front();
      held_ = true;
      in->remove_prefix(1);
    }
    if (in->empty()) return false;
    const unsigned first = static_cast<unsigned char>(held_byte_);
    const unsigned second = static_cast<unsigned char>(in->front());
    const bool zlib =
        (first & 0x0f) == Z_DEFLATED && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
    start(zlib ? MAX_WBITS : -MAX_WBITS);
    return started_;
  }

  Step inflate_some(std::string_view* in, char* out, size_t size) {
    constexpr size_t kInputMax = 1u << 30;
    const size_t given = in->size() < kInputMax ? in->size() : kInputMax;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in->data()));
    stream_.avail_in = static_cast<uInt>(given);
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    const int status = inflate(&stream_, Z_SYNC_FLUSH);
    in->remove_prefix(given - stream_.avail_in);
    const size_t written = size - stream_.avail_out;
    ended_ = status == Z_STREAM_END;
    unflushed_ = !ended_ && stream_.avail_out == 0;
    const bool ok = ended_ || status == Z_OK || status == Z_BUF_ERROR;
    return {ok, unflushed_ || !in->empty(), written};
  }

  const Format format_;
  z_stream stream_{};
  bool started_ = false;
  bool in_trouble_ = false;  // no memory for a window
  bool ended_ = false;
  bool unflushed_ = false;  // the last output was full: more may wait inside
  bool held_ = false;
  char held_byte_ = 0;
};

// Brotli: RFC 7932, one stream.
class Brotli final : public Decoder::Stage {
 public:
  Brotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;
  ~Brotli() override { BrotliDecoderDestroyInstance(state_); }

  Step step(std::string_view* in, char* out, size_t size) override {
    if (state_ == nullptr || (ended_ && !in->empty())) return {};
    if (ended_) return {.ok = true};
    size_t available_in = in->size();
    auto* next_in = reinterpret_cast<const uint8_t*>(in->data());
    size_t available_out = size;
    auto* next_out = reinterpret_cast<uint8_t*>(out);
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(
        state_, &available_in, &next_in, &available_out, &next_out, nullptr);
    in->remove_prefix(in->size() - available_in);
    ended_ = result == BROTLI_DECODER_RESULT_SUCCESS;
    return {result != BROTLI_DECODER_RESULT_ERROR,
            result == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT || !in->empty(),
            size - available_out};
  }

  bool ended() const override { return ended_; }

 private:
  BrotliDecoderState* state_;
  bool ended_ = false;
};

// Zstd: RFC 8878, with frames in a row.
class Zstd final : public Decoder::Stage {
 public:
  Zstd() : context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) return;
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeDCtx(context_); }

  Step step(std::string_view* in, char* out, size_t size) override {
    if (context_ == nullptr) return {};
    if (in->empty() && !unflushed_) return {.ok = true};
    ZSTD_inBuffer input{in->data(), in->size(), 0};
    ZSTD_outBuffer output{out, size, 0};
    const size_t hint = ZSTD_decompressStream(context_, &output, &input);
    if (ZSTD_isError(hint) != 0) return {};
    in->remove_prefix(input.pos);
    ended_ = hint == 0;
    unflushed_ = !ended_ && output.pos == output.size;
    return {true, unflushed_ || !in->empty(), output.pos};
  }

  bool ended() const override { return ended_; }

 private:
  ZSTD_DCtx* context_;
  bool ended_ = false;
  bool unflushed_ = false;  // the last output was full: more may wait inside
};

std::unique_ptr<Decoder::Stage> make_stage(std::string_view coding) {
  if (is_gzip(coding)) return std::make_unique<Inflate>(Inflate::Format::kGzip);
  if (iequals(coding, "deflate")) return std::make_unique<Inflate>(Inflate::Format::kDeflate);
  if (iequals(coding, "br")) return std::make_unique<Brotli>();
  if (iequals(coding, "zstd")) return std::make_unique<Zstd>();
  return nullptr;
}

}  // namespace

Decoder::Decoder(size_t output_bytes_max) : output_bytes_max_(output_bytes_max) {}

Decoder::~Decoder() = default;

std::unique_ptr<Decoder> Decoder::make(std::string_view content_encoding, size_t output_bytes_max) {
  std::unique_ptr<Decoder> decoder(new Decoder(output_bytes_max));
  bool known = true;
  for_each_element(content_encoding, [&](std::string_view coding) {
    if (!known || iequals(coding, "identity")) return;
    auto stage = decoder->stages_.size() < kCodingsMax ? make_stage(coding) : nullptr;
    known = stage != nullptr;
    if (known) decoder->stages_.insert(decoder->stages_.begin(), std::move(stage));
  });
  if (!known) return nullptr;
  return decoder;
}

Result<void> Decoder::decode(std::string_view in, Sink sink) {
  if (failed_) return fail(ErrorKind::kRefuse, "the body failed to decode before");
  Result<void> result = run(0, in, sink);
  failed_ = !result.has_value();
  return result;
}

Result<void> Decoder::run(size_t stage, std::string_view in, Sink sink) {
  if (stage == stages_.size()) return deliver(in, sink);
  std::array<char, kOutputBytes> out;
  Stage::Step step{.ok = true, .more = true};
  while (step.more) {
    step = stages_[stage]->step(&in, out.data(), out.size());
    if (!step.ok) return fail(ErrorKind::kRefuse, "the body does not match its content coding");
    if (step.output_bytes == 0) continue;
    // What lies between two codings may not be a bomb either.
    if (stage + 1 < stages_.size()) {
      between_bytes_ += step.output_bytes;
      over_limit_ = between_bytes_ > output_bytes_max_;
      if (over_limit_) return fail(ErrorKind::kRefuse, "the body is larger than allowed");
    }
    Result<void> passed = run(stage + 1, {out.data(), step.output_bytes}, sink);
    if (!passed) return passed;
  }
  return {};
}

// What fits comes out even when more does not: a reader sees the same bytes however they were cut.
Result<void> Decoder::deliver(std::string_view out, Sink sink) {
  const std::string_view fitting = out.substr(0, output_bytes_max_ - output_bytes_);
  output_bytes_ += fitting.size();
  if (!fitting.empty()) sink(fitting);
  over_limit_ = fitting.size() < out.size();
  if (over_limit_) return fail(ErrorKind::kRefuse, "the decoded body is larger than allowed");
  return {};
}

Result<void> Decoder::finish() const {
  if (failed_) return fail(ErrorKind::kRefuse, "the body failed to decode");
  for (const auto& stage : stages_) {
    if (!stage->ended()) return fail(ErrorKind::kRefuse, "the coded body is cut short");
  }
  return {};
}

namespace {

// A weight (RFC 9110 §12.4.2) other than zero; a malformed one counts as zero, since identity is
// always a right answer.
bool has_weight(std::string_view parameters) {
  bool positive = true;
  while (!parameters.empty()) {
    const size_t semicolon = parameters.find(';');
    const std::string_view parameter = trim(parameters.substr(0, semicolon));
    parameters.remove_prefix(semicolon == std::string_view::npos ? parameters.size()
                                                                 : semicolon + 1);
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !iequals(trim(parameter.substr(0, equals)), "q")) {
      continue;
    }
    const std::string_view weight = trim(parameter.substr(equals + 1));
    const std::string_view fraction = weight.size() > 2 ? weight.substr(2) : std::string_view();
    const bool shaped = !weight.empty() && (weight[0] == '0' || weight[0] == '1') &&
                        weight.size() <= 5 && (weight.size() == 1 || weight[1] == '.') &&
                        fraction.find_first_not_of("0123456789") == std::string_view::npos;
    const bool zero_fraction = fraction.find_first_not_of('0') == std::string_view::npos;
    positive = shaped && (weight[0] == '1' ? zero_fraction : !zero_fraction);
  }
  return positive;
}

bool accepts_one(std::string_view accept_encoding, std::string_view coding) {
  enum class Said : uint8_t { kNothing, kYes, kNo };
  Said by_name = Said::kNothing;
  Said by_star = Said::kNothing;
  for_each_element(accept_encoding, [&](std::string_view element) {
    const size_t semicolon = element.find(';');
    const std::string_view name = trim(element.substr(0, semicolon));
    const bool same = iequals(name, coding) || (is_gzip(name) && is_gzip(coding));
    if (!same && name != "*") return;
    const bool wanted =
        semicolon == std::string_view::npos || has_weight(element.substr(semicolon + 1));
    Said& said = same ? by_name : by_star;
    // Named twice with different weights: the refusal counts.
    if (said != Said::kNo) said = wanted ? Said::kYes : Said::kNo;
  });
  if (by_name != Said::kNothing) return by_name == Said::kYes;
  if (by_star != Said::kNothing) return by_star == Said::kYes;
  return iequals(coding, "identity");
}

}  // namespace

bool accepts(std::optional<std::string_view> accept_encoding, std::string_view content_encoding) {
  bool coded = false;
  bool accepted = true;
  for_each_element(content_encoding, [&](std::string_view coding) {
    if (iequals(coding, "identity")) return;
    coded = true;
    accepted = accepted && accept_encoding && accepts_one(*accept_encoding, coding);
  });
  return coded ? accepted : !accept_encoding || accepts_one(*accept_encoding, "identity");
}

}  // namespace reprise::http
