#include "http/line_gate.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

// States, by section:
//   request head    kMethodStart kMethod kTargetStart kTarget kRequestVersion kLineCr kLineLf,
//   fields response head   kResponseVersion kStatusSpace kStatusCode kReasonSpace kReason kLineLf,
//   fields fields          kFieldStart kName kValue kLineLf, back to kFieldStart; kEndLf, kDone
//   trailers        fields
//   chunk line      kSizeStart kSize [kExtension] kEndLf kDone
//   chunk end       kChunkCr kChunkLf kDone
// kRefused follows any of them.

namespace reprise::http {

namespace {
constexpr std::string_view kVersionStart = "HTTP/1.";

// The first byte in [at, end) that is not of the class.
const char* skip(const char* at, const char* end, CharClass allowed) {
  while (at != end && is_char(*at, allowed)) ++at;
  return at;
}
}  // namespace

void LineGate::start(Section section) {
  bytes_left_ = limits_.head_bytes_max;
  fields_left_ = limits_.fields_max;
  index_ = 0;
  switch (section) {
    case Section::kRequestHead:
      target_bytes_left_ = limits_.uri_bytes_max;
      state_ = State::kMethodStart;
      return;
    case Section::kResponseHead:
      state_ = State::kResponseVersion;
      return;
    case Section::kTrailers:
      state_ = State::kFieldStart;
      return;
    case Section::kChunkLine:
      bytes_left_ = std::numeric_limits<size_t>::max();  // digits and extensions have bounds
      chunk_size_ = 0;
      state_ = State::kSizeStart;
      return;
    case Section::kChunkEnd:
      state_ = State::kChunkCr;
      return;
  }
}

LineGate::Scan LineGate::scan(std::string_view input) {
  const char* at = input.data();
  const char* const end = at + std::min(input.size(), bytes_left_);
  while (at != end && state_ < State::kDone) at = step(at, end);
  const auto accepted = static_cast<size_t>(at - input.data());
  bytes_left_ -= accepted;
  if (state_ == State::kDone) return {accepted, Verdict::kDone};
  if (state_ != State::kRefused && accepted < input.size()) refuse(at, 431, "head too large");
  return {accepted, state_ == State::kRefused ? Verdict::kRefused : Verdict::kMore};
}

const char* LineGate::step(const char* at, const char* end) {
  switch (state_) {
    case State::kMethodStart:
    case State::kMethod:
      return method(at, end);
    case State::kTargetStart:
    case State::kTarget:
      return target(at, end);
    case State::kRequestVersion:
      return version(at, State::kLineCr);
    case State::kResponseVersion:
      return version(at, State::kStatusSpace);
    case State::kStatusSpace:
      return exactly(at, ' ', State::kStatusCode);
    case State::kStatusCode:
      return status_code(at);
    case State::kReasonSpace:
      // "HTTP/1.1 200" without the space before an absent reason is common enough to be let
      // through.
      if (*at == '\r') return exactly(at, '\r', State::kLineLf);
      return exactly(at, ' ', State::kReason);
    case State::kLineCr:
      return exactly(at, '\r', State::kLineLf);
    case State::kLineLf:
      return exactly(at, '\n', State::kFieldStart);
    case State::kFieldStart:
      return field_start(at);
    case State::kName:
      return name(at, end);
    case State::kReason:
    case State::kValue:
      return text(at, end);
    case State::kEndLf:
    case State::kChunkLf:
      return exactly(at, '\n', State::kDone);
    case State::kSizeStart:
    case State::kSize:
      return chunk_size(at, end);
    case State::kExtension:
      return extension(at, end);
    case State::kChunkCr:
      return exactly(at, '\r', State::kChunkLf);
    case State::kDone:
    case State::kRefused:
      break;
  }
  CHECK(false);
  return at;
}

const char* LineGate::method(const char* at, const char* end) {
  const char* const stop = skip(at, end, kTokenChar);
  if (stop != at) state_ = State::kMethod;
  if (stop == end) return stop;
  if (state_ == State::kMethodStart) return refuse(stop, 400, "bad byte where a method begins");
  if (*stop != ' ') return refuse(stop, 400, "bad byte in the method");
  state_ = State::kTargetStart;
  return stop + 1;
}

const char* LineGate::target(const char* at, const char* end) {
  const auto window = std::min(static_cast<size_t>(end - at), target_bytes_left_);
  const char* const stop = skip(at, at + window, kTargetChar);
  target_bytes_left_ -= static_cast<size_t>(stop - at);
  if (stop != at) state_ = State::kTarget;
  if (stop == end) return stop;
  if (is_char(*stop, kTargetChar)) return refuse(stop, 414, "request target too long");
  if (state_ == State::kTargetStart) return refuse(stop, 400, "bad byte where a target begins");
  if (*stop != ' ') return refuse(stop, 400, "bad byte in the request target");
  state_ = State::kRequestVersion;
  return stop + 1;
}

const char* LineGate::version(const char* at, State next) {
  if (index_ == kVersionStart.size()) {
    if (*at != '0' && *at != '1') {
      return refuse(at, is_char(*at, kDigitChar) ? 505 : 400, "not HTTP/1.0 or HTTP/1.1");
    }
    index_ = 0;
    state_ = next;
    return at + 1;
  }
  if (*at != kVersionStart[index_]) {
    const bool other_major = kVersionStart[index_] == '1' && is_char(*at, kDigitChar);
    return refuse(at, other_major ? 505 : 400, "not HTTP/1.0 or HTTP/1.1");
  }
  ++index_;
  return at + 1;
}

const char* LineGate::status_code(const char* at) {
  if (!is_char(*at, kDigitChar) || (index_ == 0 && *at == '0')) {
    return refuse(at, 400, "bad status code");
  }
  if (++index_ == 3) state_ = State::kReasonSpace;
  return at + 1;
}

const char* LineGate::field_start(const char* at) {
  if (*at == '\r') {
    state_ = State::kEndLf;
    return at + 1;
  }
  if (*at == ' ' || *at == '\t') return refuse(at, 400, "folded field line");
  if (!is_char(*at, kTokenChar)) return refuse(at, 400, "bad byte where a field name begins");
  if (fields_left_ == 0) return refuse(at, 431, "too many fields");
  --fields_left_;
  state_ = State::kName;
  return at + 1;
}

const char* LineGate::name(const char* at, const char* end) {
  const char* const stop = skip(at, end, kTokenChar);
  if (stop == end) return stop;
  if (*stop != ':') return refuse(stop, 400, "bad byte in a field name");
  state_ = State::kValue;
  return stop + 1;
}

const char* LineGate::text(const char* at, const char* end) {
  const char* const stop = skip(at, end, kValueChar);
  if (stop == end) return stop;
  if (*stop != '\r') return refuse(stop, 400, "control byte in a field value");
  state_ = State::kLineLf;
  return stop + 1;
}

const char* LineGate::chunk_size(const char* at, const char* end) {
  const char* stop = at;
  for (; stop != end && is_char(*stop, kHexChar); ++stop) {
    if (++index_ > kChunkSizeDigitsMax) return refuse(stop, 400, "chunk size too long");
    const int digit = *stop <= '9' ? *stop - '0' : (*stop | 0x20) - 'a' + 10;
    chunk_size_ = chunk_size_ << 4 | static_cast<uint64_t>(digit);
    state_ = State::kSize;
  }
  if (stop == end) return stop;
  if (state_ == State::kSizeStart) return refuse(stop, 400, "bad chunk size");
  if (*stop != ';') return exactly(stop, '\r', State::kEndLf);
  state_ = State::kExtension;
  extension_ = Extension::kBeforeName;
  return stop + 1;
}

const char* LineGate::extension(const char* at, const char* end) {
  for (; at != end; ++at) {
    const bool whole = extension_ == Extension::kName || extension_ == Extension::kValue ||
                       extension_ == Extension::kQuotedEnd;
    if (whole && *at == '\r') return exactly(at, '\r', State::kEndLf);
    if (extension_bytes_left_ == 0) return refuse(at, 400, "too many chunk extensions");
    extension_ = after(extension_, *at);
    if (extension_ == Extension::kBad) return refuse(at, 400, "bad chunk extension");
    --extension_bytes_left_;
  }
  return at;
}

LineGate::Extension LineGate::after(Extension before, char c) {
  using enum Extension;
  const bool space = c == ' ' || c == '\t';
  const bool token = is_char(c, kTokenChar);
  switch (before) {
    case kBeforeName:
      return token ? kName : space ? kBeforeName : kBad;
    case kName:
      if (token) return kName;
      [[fallthrough]];
    case kAfterName:
      return c == '=' ? kBeforeValue : c == ';' ? kBeforeName : space ? kAfterName : kBad;
    case kBeforeValue:
      return token ? kValue : c == '"' ? kQuoted : space ? kBeforeValue : kBad;
    case kValue:
      if (token) return kValue;
      [[fallthrough]];
    case kQuotedEnd:
    case kAfterValue:
      return c == ';' ? kBeforeName : space ? kAfterValue : kBad;
    case kQuoted:
      if (c == '"') return kQuotedEnd;
      return c == '\\' ? kEscaped : is_char(c, kExtensionChar) ? kQuoted : kBad;
    case kEscaped:
      return is_char(c, kExtensionChar) ? kQuoted : kBad;
    case kBad:
      break;
  }
  return kBad;
}

const char* LineGate::exactly(const char* at, char wanted, State next) {
  if (*at != wanted) {
    return refuse(at, 400, wanted == ' ' ? "expected a space" : "expected CRLF and nothing else");
  }
  state_ = next;
  return at + 1;
}

const char* LineGate::refuse(const char* at, int status, const char* detail) {
  state_ = State::kRefused;
  refusal_ = {status, detail};
  return at;
}

}  // namespace reprise::http
