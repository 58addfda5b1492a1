#include "openai/chunk_writer.h"

#include <utility>

namespace reprise::openai {

RawWriter& ChunkWriter::begin() {
  return out_.begin_event().begin_object().joined(head_).key("choices").begin_array();
}

void ChunkWriter::end(std::string_view others) {
  out_.end_array();
  if (usage_ == Usage::kNull) out_.member("usage", "null");
  out_.joined(others).end_object().end_event();
}

void ChunkWriter::write_usage(std::string_view usage, std::string_view others) {
  begin().end_array().member("usage", usage).joined(others).end_object().end_event();
}

Converted ChunkWriter::finish() && {
  out_.done();
  return std::move(out_).take();
}

RawWriter& ChoiceWriter::begin() {
  RawWriter& out = chunks_.begin().begin_object();
  if (kind_ == ChoiceKind::kMessage) {
    out.number_member("index", index_).key("delta").begin_object();
  }
  return out;
}

void ChoiceWriter::end(std::string_view finish_reason, std::string_view others,
                       std::string_view chunk_others) {
  RawWriter& out = chunks_.out();
  if (kind_ == ChoiceKind::kMessage) {
    out.end_object();
  } else {
    out.number_member("index", index_);
  }
  out.member("logprobs", std::exchange(logprobs_, "null"));
  out.member("finish_reason", finish_reason).joined(others).end_object();
  chunks_.end(chunk_others);
}

}  // namespace reprise::openai
