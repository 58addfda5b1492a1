#pragma once

#include <absl/functional/function_ref.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "openai/choice_assembly.h"
#include "openai/raw_json.h"

namespace reprise::openai {

// ChunkWriter: writes a stream of chunks, each with the members that all of them repeat.
class ChunkWriter {
 public:
  enum class Usage : uint8_t { kUnsaid, kNull };

  // `head`: members, joined. `usage`: what all chunks but the last say of it.
  ChunkWriter(std::string head, Usage usage, size_t bytes_max)
      : head_(std::move(head)), usage_(usage), out_(bytes_max) {}

  // One chunk of choices: between these two come the elements of `choices`.
  RawWriter& begin();
  // `others`: members of the chunk, joined.
  void end(std::string_view others = {});
  // The chunk that has nothing but usage and `others`.
  void write_usage(std::string_view usage, std::string_view others);

  // One that has written nothing, and has no bound.
  ChunkWriter another() const { return ChunkWriter(head_, usage_, std::string::npos); }
  RawWriter& out() { return out_; }
  bool overflowed() const { return out_.overflowed(); }
  Converted finish() &&;  // with [DONE]

 private:
  const std::string head_;
  const Usage usage_;
  RawWriter out_;
};

// ChoiceWriter: writes the chunks of one choice of one answer. The first that ends has all its
// logprobs.
class ChoiceWriter {
 public:
  ChoiceWriter(ChunkWriter& chunks, ChoiceKind kind, uint32_t index)
      : chunks_(chunks), kind_(kind), index_(index) {}

  void hold_logprobs(std::string_view logprobs) { logprobs_ = logprobs; }

  // One chunk: between these two come the members of its delta (or `text`).
  RawWriter& begin();
  void end() { end("null", {}, {}); }
  // The last one: `others` are members of the choice, `chunk_others` of the chunk; joined.
  void end(std::string_view finish_reason, std::string_view others, std::string_view chunk_others);

  // A chunk for each piece of `content`, which is what is inside a string: `write` writes the
  // members of its delta (or `text`), the same ones for every piece.
  using WritePiece = absl::FunctionRef<void(RawWriter& out, std::string_view piece)>;
  void write_pieces(std::string_view content, WritePiece write);

  bool overflowed() const { return chunks_.overflowed(); }

 private:
  void write_piece(std::string_view piece, WritePiece write);

  ChunkWriter& chunks_;
  const ChoiceKind kind_;
  const uint32_t index_;
  std::string_view logprobs_ = "null";
};

}  // namespace reprise::openai
