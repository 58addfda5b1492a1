#include "cache/cassette_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/duration.h"
#include "base/json_layout.h"
#include "base/timestamp.h"
#include "cache/cassette_body.h"
#include "cache/rendition.h"
#include "openai/replay_head.h"

// Writing: an entry becomes one compact JSON text, and that is laid out. Reading is in
// cassette_file_read.cc.

namespace reprise::cache {

namespace {

using base::ErrorKind;
using base::JsonWriter;

// A question's body lies in the question, and that in the document.
constexpr size_t kDepthAround = 2;

void write_form(const openai::Form& form, JsonWriter& out) {
  out.key("form").begin_object().member("stream", form.stream);
  // Of anything else these mean nothing.
  if (form.stream) {
    out.member("include_usage", form.include_usage);
    out.member("include_obfuscation", form.include_obfuscation);
  }
  out.end_object();
}

void write_bytes(std::string_view name, std::string_view bytes, JsonWriter& out) {
  out.key(name).raw(json_of_bytes(bytes));
}

void write_recording(const Entry& entry, JsonWriter& out) {
  out.key("recording").begin_object();
  out.member("asked_at", base::rfc3339_utc_us(entry.asked_at_us));
  out.member("recorded_at", base::rfc3339_utc_us(entry.recorded_at_us));
  out.member("duration_ms", entry.duration_ms);
  out.member("ttl", base::format_duration(entry.ttl_ms));
  write_form(entry.form, out);
  write_bytes("model", entry.model_answered, out);
  write_bytes("finish_reason", entry.finish_reason, out);
  out.key("usage");
  if (entry.usage.present) {
    out.begin_object().member("prompt_tokens", entry.usage.prompt);
    out.member("completion_tokens", entry.usage.completion);
    out.member("total_tokens", entry.usage.total).end_object();
  } else {
    out.null();
  }
  out.end_object();
}

void write_head(const http::ResponseHead& head, JsonWriter& out) {
  out.member("status", head.status);
  write_bytes("reason", head.reason, out);
  out.key("headers").begin_array();
  for (size_t i = 0; i < head.fields.size(); ++i) {
    const http::Fields::Field field = head.fields[i];
    if (!openai::belongs_to_answer(field.name, openai::ReplayBody::kDecoded)) continue;
    out.begin_array().value(field.name).raw(json_of_bytes(field.value)).end_array();
  }
  out.end_array();
}

// The answer without its content coding; null if that cannot be undone.
std::shared_ptr<const recording::Record> plain_answer(const Entry& entry, size_t bytes_max) {
  if (!is_coded(*entry.answer)) return entry.answer;
  return make_rendition(entry, {openai::Conversion::Step::kNone, entry.form}, bytes_max)->answer;
}

}  // namespace

// Escapes seldom make a text much larger; what they make larger still is not kept.
size_t CassetteCodec::file_bytes_max() const {
  constexpr size_t kAround = size_t{4} << 20;  // names, times, members
  constexpr size_t kEscaping = 4;
  const size_t body_max = std::min(object_bytes_max_, base::JsonNormaliser::kTextBytesMax);
  return std::min(kAround + kQuestionBytesMax + kEscaping * body_max,
                  base::JsonNormaliser::kTextBytesMax);
}

base::Result<std::string> CassetteCodec::encode(const Entry& entry, std::string_view question) {
  CHECK(entry.answer != nullptr);
  const std::shared_ptr<const recording::Record> answer = plain_answer(entry, object_bytes_max_);
  if (answer == nullptr) {
    return base::fail(ErrorKind::kRefuse, "its content coding cannot be undone");
  }
  JsonWriter out;
  out.begin_object().member("reprise_cassette", kVersion);
  out.member("key", entry.key.hex());
  out.member("proof", base::hex_of(entry.proof));
  write_question(entry, question, out);
  write_recording(entry, out);
  out.key("answer").begin_object();
  write_head(answer->head(), out);
  write_body(*answer, entry.form.stream ? BodyKind::kStream : BodyKind::kWhole, part_, out);
  out.end_object().end_object();
  auto text =
      base::lay_out_json(std::move(out).take(), base::JsonLayout::kGathered, file_bytes_max());
  if (!text) {
    return base::fail(ErrorKind::kRefuse, "its file would have more than " +
                                              std::to_string(file_bytes_max()) + " bytes");
  }
  return *std::move(text) + '\n';
}

void CassetteCodec::write_question(const Entry& entry, std::string_view question,
                                   JsonWriter& out) const {
  out.key("question").begin_object();
  out.member("route", openai::route_name(entry.route));
  write_bytes("namespace", entry.name_space, out);
  write_bytes("model", entry.model_asked, out);
  write_form(entry.asked_form, out);
  out.key("members").begin_array();
  for (const openai::MemberHash& member : entry.members) {
    out.begin_array().raw(json_of_bytes(member.name)).value(base::hex_of(member.hash)).end_array();
  }
  out.end_array();
  const bool nests =
      base::json_depth(question) <= base::JsonNormaliser::kDepthMax - kDepthAround &&
      base::lay_out_json(question, base::JsonLayout::kGathered, kQuestionBytesMax).has_value();
  if (nests && !question.empty()) {
    out.key("body").raw(question);
  } else if (!question.empty() && question.size() <= kQuestionBytesMax) {
    out.member("body", question);
  }
  out.end_object();
}

}  // namespace reprise::cache
