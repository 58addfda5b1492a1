#include "openai/replay_head.h"

#include <algorithm>

namespace reprise::openai {

namespace {

constexpr size_t kModelBytesMax = 128;

void append_field(std::string_view name, std::string_view value, std::string* out) {
  out->append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool belongs_to_answer(std::string_view name, ReplayBody body) {
  constexpr std::string_view kCors = "access-control-";
  if (http::iequals(name, "content-type")) return body != ReplayBody::kConverted;
  if (http::iequals(name, "content-encoding")) return body == ReplayBody::kRecorded;
  return http::iequals(name, "openai-version") || http::iequals(name, "openai-model") ||
         http::iequals(name.substr(0, kCors.size()), kCors);
}

void append_replay_fields(const http::ResponseHead& recorded, AnswerKind kind, ReplayBody body,
                          std::string* out) {
  if (body == ReplayBody::kConverted) {
    append_field("Content-Type",
                 kind == AnswerKind::kSse ? "text/event-stream; charset=utf-8" : "application/json",
                 out);
  }
  for (size_t i = 0; i < recorded.fields.size(); ++i) {
    const http::Fields::Field field = recorded.fields[i];
    if (belongs_to_answer(field.name, body)) append_field(field.name, field.value, out);
  }
  if (kind != AnswerKind::kSse) return;
  append_field("Cache-Control", "no-cache", out);
  append_field("X-Accel-Buffering", "no", out);
}

std::string sanitise_model(std::string_view model) {
  std::string clean(model.substr(0, kModelBytesMax));
  std::replace_if(
      clean.begin(), clean.end(), [](char c) { return c < 0x21 || c > 0x7E; }, '?');
  return clean;
}

}  // namespace reprise::openai
