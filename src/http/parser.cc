#include "http/parser.h"

#include <llhttp.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "http/machine.h"
#include "http/writer.h"

// Phases of a message; all before kEnded take input:
//   kLeading -> kHead                                       (requests only: empty lines)
//   kHead -> kPayload | kUntilClose | kChunkLine | kEnded | kUpgraded
//   kHead -> kHead                                          (after an interim response)
//   kChunkLine -> kPayload -> kChunkEnd -> kChunkLine       (each chunk)
//   kChunkLine -> kTrailers -> kEnded                       (the last chunk)
//   kPayload -> kEnded; kUntilClose -> kEnded by finish()
//   any -> kFailed
// The gate cuts the input where these phases end, and llhttp reads every piece behind it. Both keep
// their own account of where heads, chunks and messages end: where they differ we refuse.

static_assert(LLHTTP_STRICT_MODE || LLHTTP_VERSION_MAJOR > 8, "llhttp has to be built strict");

namespace reprise::http {

struct Machine::Llhttp : llhttp_t {};

// Callbacks: from llhttp into the machine, never as far as a handler.
struct Machine::Callbacks {
  static Machine& of(llhttp_t* llhttp) { return *static_cast<Machine*>(llhttp->data); }

  static int method(llhttp_t* llhttp, const char* at, size_t size) {
    of(llhttp).append_method({at, size});
    return 0;
  }
  static int target(llhttp_t* llhttp, const char* at, size_t size) {
    of(llhttp).append_target({at, size});
    return 0;
  }
  static int reason(llhttp_t* llhttp, const char* at, size_t size) {
    of(llhttp).append_reason({at, size});
    return 0;
  }
  static int name(llhttp_t* llhttp, const char* at, size_t size) {
    Machine& machine = of(llhttp);
    if (!std::exchange(machine.in_name_, true)) machine.fields().begin();
    machine.fields().append_name({at, size});
    return 0;
  }
  static int name_ended(llhttp_t* llhttp) {
    of(llhttp).in_name_ = false;
    return 0;
  }
  static int value(llhttp_t* llhttp, const char* at, size_t size) {
    of(llhttp).fields().append_value({at, size});
    return 0;
  }
  static int value_ended(llhttp_t* llhttp) {
    of(llhttp).fields().trim_last();
    return 0;
  }
  static int head_ended(llhttp_t* llhttp) {
    Machine& machine = of(llhttp);
    machine.llhttp_head_ended_ = true;
    const StartLine line{llhttp->http_minor == 0 ? Version::kHttp10 : Version::kHttp11,
                         llhttp->status_code};
    if (auto error = machine.judge_head(line, machine.body_)) {
      machine.refuse(std::move(*error));
      return -1;
    }
    return machine.body_.framing == Framing::kNone ? 1 : 0;  // 1: no body, whatever the fields say
  }
  static int message_ended(llhttp_t* llhttp) {
    of(llhttp).llhttp_message_ended_ = true;
    return HPE_PAUSED;
  }

  static const llhttp_settings_t& settings() {
    static const llhttp_settings_t table = [] {
      llhttp_settings_t to;
      llhttp_settings_init(&to);
      to.on_method = method;
      to.on_url = target;
      to.on_status = reason;
      to.on_header_field = name;
      to.on_header_field_complete = name_ended;
      to.on_header_value = value;
      to.on_header_value_complete = value_ended;
      to.on_headers_complete = head_ended;
      to.on_message_complete = message_ended;
      return to;
    }();
    return table;
  }
};

Machine::Machine(Direction direction, const HeadLimits& limits)
    : direction_(direction), gate_(limits), llhttp_(std::make_unique<Llhttp>()) {
  const auto type = direction == Direction::kRequests ? HTTP_REQUEST : HTTP_RESPONSE;
  llhttp_init(llhttp_.get(), type, &Callbacks::settings());
  llhttp_->data = this;
}

Machine::~Machine() = default;

void Machine::restart() {
  llhttp_reset(llhttp_.get());
  gate_.start_message();
  empty(trailers_);
  touched_ = after_cr_ = in_name_ = llhttp_head_ended_ = llhttp_message_ended_ = false;
  empty_lines_ = 0;
  enter(direction_ == Direction::kRequests ? Phase::kLeading : Phase::kHead);
}

void Machine::pass_both_framings(bool pass) {
  llhttp_set_lenient_chunked_length(llhttp_.get(), pass ? 1 : 0);
}

void Machine::empty(Fields& fields) {
  fields.clear();
  if (fields.memory_bytes() > kKeptFieldBytesMax) fields.shrink_to_fit();
}

void Machine::enter(Phase phase) {
  using Section = LineGate::Section;
  phase_ = phase;
  if (phase == Phase::kHead) {
    gate_.start(direction_ == Direction::kRequests ? Section::kRequestHead
                                                   : Section::kResponseHead);
  } else if (phase == Phase::kChunkLine) {
    gate_.start(Section::kChunkLine);
  } else if (phase == Phase::kChunkEnd) {
    gate_.start(Section::kChunkEnd);
  } else if (phase == Phase::kTrailers) {
    gate_.start(Section::kTrailers);
  }
}

size_t Machine::feed(std::string_view input) {
  size_t used = 0;
  while (used < input.size() && phase_ < Phase::kEnded) {
    touched_ = true;
    used += step(input.substr(used));
  }
  return used;
}

size_t Machine::step(std::string_view input) {
  if (phase_ == Phase::kLeading) return skip_empty_lines(input);
  if (phase_ == Phase::kPayload || phase_ == Phase::kUntilClose) return read_payload(input);
  return read_lines(input);
}

// llhttp never sees these lines: it would take any number of them, and of bare CR and LF.
size_t Machine::skip_empty_lines(std::string_view input) {
  for (size_t i = 0; i < input.size(); ++i) {
    if (after_cr_) {
      if (input[i] != '\n') {
        refuse({400, "CR without LF"});
        return i;
      }
      after_cr_ = false;
    } else if (input[i] != '\r') {
      enter(Phase::kHead);
      return i;
    } else if (++empty_lines_ > kLeadingEmptyLinesMax) {
      refuse({400, "too many empty lines"});
      return i;
    } else {
      after_cr_ = true;
    }
  }
  return input.size();
}

size_t Machine::read_lines(std::string_view input) {
  const LineGate::Scan scan = gate_.scan(input);
  // First llhttp on what came before a refused byte: so the earliest error is reported, however
  // the input is cut. Of chunk lines it gets the size alone, when the line is whole: it does not
  // know all extensions, and nobody needs them.
  if (phase_ != Phase::kChunkLine && !run(input.substr(0, scan.accepted))) return scan.accepted;
  if (scan.verdict == LineGate::Verdict::kRefused) {
    refuse({gate_.refusal().status, gate_.refusal().detail});
  } else if (scan.verdict == LineGate::Verdict::kDone) {
    section_ended();
  }
  return scan.accepted;
}

size_t Machine::read_payload(std::string_view input) {
  const bool until_close = phase_ == Phase::kUntilClose;
  const auto size = until_close
                        ? input.size()
                        : static_cast<size_t>(std::min<uint64_t>(input.size(), payload_left_));
  const std::string_view piece = input.substr(0, size);
  if (!run(piece)) return size;
  if (!until_close) payload_left_ -= size;
  const bool chunked = body_.framing == Framing::kChunked;
  const bool whole = !until_close && payload_left_ == 0;
  if (!in_step(whole && !chunked)) return size;
  deliver(piece);
  if (whole && chunked) {
    enter(Phase::kChunkEnd);
  } else if (whole) {
    end_message();
  }
  return size;
}

void Machine::section_ended() {
  switch (phase_) {
    case Phase::kHead:
      enter_body();
      return;
    case Phase::kChunkLine:
      enter_chunk();
      return;
    case Phase::kChunkEnd:
      if (in_step(false)) enter(Phase::kChunkLine);
      return;
    case Phase::kTrailers:
      if (!in_step(true)) return;
      if (auto error = judge_trailers(trailers_)) return refuse(std::move(*error));
      end_message();
      return;
    default:
      CHECK(false);
  }
}

void Machine::enter_body() {
  const bool chunked = body_.framing == Framing::kChunked;
  const bool until_close = body_.framing == Framing::kClose;
  const bool empty = !chunked && !until_close && body_.content_length == 0;
  if (!in_step(empty) || !agrees_on_body()) return refuse({400, "ambiguous framing"});
  payload_left_ = body_.content_length;
  enter(chunked ? Phase::kChunkLine : until_close ? Phase::kUntilClose : Phase::kPayload);
  head_ended();
  if (empty && phase_ == Phase::kPayload) end_message();
}

void Machine::enter_chunk() {
  payload_left_ = gate_.chunk_size();
  if (payload_left_ > static_cast<uint64_t>(INT64_MAX)) return refuse({400, "chunk too large"});
  const bool last = payload_left_ == 0;
  if (!run(last ? "0\r\n" : ChunkHead(payload_left_).view()) || !in_step(false)) return;
  if (llhttp_->content_length != payload_left_) return refuse({400, "ambiguous framing"});
  enter(last ? Phase::kTrailers : Phase::kPayload);
}

bool Machine::agrees_on_body() const {
  if (!llhttp_head_ended_) return false;
  if (body_.framing == Framing::kNone) return true;
  if ((body_.framing == Framing::kChunked) != ((llhttp_->flags & F_CHUNKED) != 0)) return false;
  return body_.framing != Framing::kContentLength ||
         llhttp_->content_length == body_.content_length;
}

// llhttp and we must find the end of a message at the same byte.
bool Machine::in_step(bool ended) {
  if (llhttp_message_ended_ == ended) return true;
  refuse({400, "ambiguous framing"});
  return false;
}

bool Machine::run(std::string_view piece) {
  if (piece.empty()) return true;
  const llhttp_errno_t result = llhttp_execute(llhttp_.get(), piece.data(), piece.size());
  if (phase_ == Phase::kFailed) return false;
  if (result == HPE_OK) return true;
  const bool paused_at_end = result == HPE_PAUSED && llhttp_message_ended_ &&
                             llhttp_get_error_pos(llhttp_.get()) == piece.data() + piece.size();
  if (paused_at_end) return true;
  // The gate let only tokens and HTTP/1.x pass: these two mean a method that llhttp does not know
  // or knows from other protocols.
  const bool method = result == HPE_INVALID_METHOD || result == HPE_INVALID_CONSTANT;
  refuse({method ? 501 : 400, method ? "unknown method" : llhttp_get_error_reason(llhttp_.get())});
  return false;
}

void Machine::end_message() {
  phase_ = Phase::kEnded;
  message_ended();
}

void Machine::refuse(ParseError error) {
  error_ = std::move(error);
  phase_ = Phase::kFailed;
}

}  // namespace reprise::http
