#include "openai/answer_reader.h"

#include <algorithm>
#include <utility>

namespace reprise::openai {

namespace {

constexpr std::string_view kDone = "[DONE]";

// A media type without its parameters (RFC 9110 §8.3.1).
std::string_view media_type(std::string_view content_type) {
  return http::trim(content_type.substr(0, content_type.find(';')));
}

}  // namespace

bool is_event_stream(const http::ResponseHead& head) {
  const auto content_type = head.fields.find("content-type");
  return content_type && http::iequals(media_type(*content_type), "text/event-stream");
}

AnswerReader::AnswerReader(const Asked& asked, size_t object_bytes_max, AnswerJson& json)
    : asked_(asked),
      object_bytes_max_(object_bytes_max),
      json_(json),
      judge_(make_judge(asked)),
      sse_(object_bytes_max) {}

void AnswerReader::on_head(const http::ResponseHead& head) { refuse(judge_head(head)); }

NotStored AnswerReader::judge_head(const http::ResponseHead& head) {
  if (head.status != 200) return NotStored::kStatus;
  const NotStored reason = choose_kind(head);
  if (reason != NotStored::kNone) return reason;
  if (head.framing == http::Framing::kClose) return NotStored::kCloseDelimited;
  if (head.framing == http::Framing::kContentLength && head.content_length > object_bytes_max_) {
    return NotStored::kTooLarge;
  }
  const auto codings = head.fields.combined("content-encoding");
  if (!codings || http::iequals(*codings, "identity")) return NotStored::kNone;
  decoder_ = http::Decoder::make(*codings, object_bytes_max_);
  return decoder_ == nullptr ? NotStored::kCoding : NotStored::kNone;
}

NotStored AnswerReader::choose_kind(const http::ResponseHead& head) {
  const auto content_type = head.fields.find("content-type");
  if (!content_type || head.fields.count("content-type") != 1) return NotStored::kContentType;
  const std::string_view type = media_type(*content_type);
  if (http::iequals(type, "application/json")) return NotStored::kNone;
  if (!is_event_stream(head) || !can_stream(asked_.route)) {
    return NotStored::kContentType;
  }
  kind_ = AnswerKind::kSse;
  return NotStored::kNone;
}

void AnswerReader::on_body(std::string_view raw) {
  if (reason_ != NotStored::kNone) return;
  // What fits is judged before the rest is refused: the verdict is to be the same however the bytes
  // are cut.
  const size_t room = object_bytes_max_ - raw_bytes_;
  const std::string_view fitting = raw.substr(0, room);
  raw_bytes_ += fitting.size();
  if (decoder_ == nullptr) {
    on_decoded(fitting);
  } else if (!decoder_->decode(fitting, [this](std::string_view piece) { on_decoded(piece); })) {
    refuse(decoder_->over_limit() ? NotStored::kTooLarge : NotStored::kCoding);
  }
  if (raw.size() > room) refuse(NotStored::kTooLarge);
}

void AnswerReader::on_decoded(std::string_view piece) {
  if (reason_ != NotStored::kNone) return;
  if (kind_ == AnswerKind::kSse) {
    on_stream(piece);
  } else {
    body_.append(piece);
  }
}

void AnswerReader::on_stream(std::string_view piece) {
  if (done_) return;
  const uint64_t begin = stream_bytes_;
  stream_bytes_ += piece.size();
  size_t checked = 0;
  // Clients decode comments and unknown fields too, so every byte is checked, in the stream's
  // order.
  const auto check_until = [&](size_t end) {
    if (!utf8_.feed(piece.substr(checked, end - checked))) refuse(NotStored::kInvalidUtf8);
    checked = end;
  };
  sse_.feed(piece, [&](const http::SseReader::Event& event) {
    if (done_ || reason_ != NotStored::kNone) return;
    check_until(static_cast<size_t>(event.end - begin));
    if (reason_ == NotStored::kNone) on_event(event);
  });
  if (done_ || reason_ != NotStored::kNone) return;
  check_until(piece.size());
  if (sse_.overflowed()) refuse(NotStored::kTooLarge);
}

void AnswerReader::on_event(const http::SseReader::Event& event) {
  if (event.name == "error") return refuse(NotStored::kErrorEvent);
  if (event.data.empty()) return;
  if (event.data == kDone) {
    done_ = true;
    return;
  }
  JsonObject payload;
  const NotStored reason = json_.parse(event.data, &payload);
  refuse(reason == NotStored::kNone ? judge_->on_event(event.name, payload) : reason);
}

Verdict AnswerReader::end(BodyEnd how) {
  if (reason_ == NotStored::kNone) refuse(conclude(how));
  json_.release_large();
  AnswerJudge::Findings found = std::move(*judge_).take_findings();
  Verdict verdict;
  verdict.reason = reason_;
  verdict.kind = kind_;
  verdict.model = std::move(found.model);
  verdict.finish_reason = std::move(found.finish_reason);
  verdict.usage = found.usage;
  verdict.form = recorded_form(verdict.usage);
  return verdict;
}

NotStored AnswerReader::conclude(BodyEnd how) {
  // A coded body is replayed coded: its own end must be there, [DONE] or not.
  if (decoder_ != nullptr && !decoder_->finish()) {
    return how == BodyEnd::kCut ? NotStored::kTruncated : NotStored::kCoding;
  }
  if (kind_ == AnswerKind::kSse) return conclude_stream(how);
  if (how == BodyEnd::kCut) return NotStored::kTruncated;
  if (body_.empty()) return NotStored::kEmpty;
  JsonObject answer;
  const NotStored reason = json_.parse_in_place(&body_, &answer);
  return reason == NotStored::kNone ? judge_->on_whole(answer) : reason;
}

NotStored AnswerReader::conclude_stream(BodyEnd how) {
  if (!done_) {
    // A last event without its blank line: clients drop it, or deliver it, or drop half of it.
    const auto pending = sse_.take_pending();
    if (pending && (pending->data != kDone || pending->name == "error")) {
      return NotStored::kTruncated;
    }
    done_ = pending.has_value();
  }
  if (!done_ && how == BodyEnd::kCut) return NotStored::kTruncated;
  if (!done_ && !utf8_.whole()) return NotStored::kInvalidUtf8;
  using StreamEnd = AnswerJudge::StreamEnd;
  return judge_->conclude(done_ ? StreamEnd::kDone : StreamEnd::kPlain);
}

Form AnswerReader::recorded_form(const Usage& usage) const {
  Form form;
  if (kind_ == AnswerKind::kJson) return form;
  if (asked_.form.stream) return asked_.form;
  // Nobody asked for a stream, so nobody said what is to be in it: it is what came.
  form.stream = true;
  form.include_usage = usage.present;
  return form;
}

void AnswerReader::refuse(NotStored reason) {
  if (reason == NotStored::kNone || reason_ != NotStored::kNone) return;
  reason_ = reason;
  body_.clear();
  body_.shrink_to_fit();
}

}  // namespace reprise::openai
