#include "openai/chunk_writer.h"

#include <utility>

#include "openai/mould.h"
#include "openai/pieces.h"

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

void ChoiceWriter::write_pieces(std::string_view content, WritePiece write) {
  if (content.empty()) return;
  // The first may have logprobs; the others are alike.
  const std::string_view first = next_piece(content);
  write_piece(first, write);
  content.remove_prefix(first.size());
  if (content.empty()) return;
  ChunkWriter chunk = chunks_.another();
  ChoiceWriter(chunk, kind_, index_).write_piece(Mould::kGap, write);
  const Mould mould(*std::move(chunk.out()).take());
  chunks_.out().reserve(mould.room_for(content));
  for_each_piece(content, [&](std::string_view piece) {
    mould.write(chunks_.out(), {piece});
    return !overflowed();
  });
}

void ChoiceWriter::write_piece(std::string_view piece, WritePiece write) {
  write(begin(), piece);
  end();
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
