#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_writer.h"
#include "base/model_table.h"
#include "base/result.h"
#include "cache/entry.h"
#include "cache/json_object_reader.h"

namespace reprise::cache {

// CassetteCodec: entries as people read them, in files that they may edit: JSON, laid out so that
// the lines of a diff are the events, messages and members that changed. What is in the file is
// the truth. There is no checksum to keep somebody from mending an answer, but every part of it is
// one that this process could have made, or the file is not read at all and it is said why.
//
//   {"reprise_cassette", "key", "proof",
//    "question":  {"route", "namespace", "model", "form", "members", "body"},
//    "recording": {"asked_at", "recorded_at", "duration_ms", "ttl", "form", "model",
//                  "finish_reason", "usage"},
//    "answer":    {"status", "reason", "headers", and the body: see cassette_body.h}}
//
// The body of the question is its canonical one, where it is known, and agrees with the members.
// A content coding is undone, and of the headers only those are kept that a replay repeats: cookies
// and what else belongs to one exchange or caller never get into a file.
//
// Owner: whoever reads or writes files. Thread: one at a time; one codec per thread keeps buffers.
class CassetteCodec {
 public:
  static constexpr uint64_t kVersion = 1;
  // A larger question is left out: then only its members' hashes are there.
  static constexpr size_t kQuestionBytesMax = size_t{8} << 20;

  // `object_bytes_max` bounds a body, decoded. `models` outlives the codec: there the models of
  // entries are named.
  CassetteCodec(base::ModelTable& models, size_t object_bytes_max)
      : models_(models), object_bytes_max_(object_bytes_max) {}

  // The largest file that is written or read.
  size_t file_bytes_max() const;

  // The file's text. `entry.answer` is not null; `question` is the canonical body, or empty.
  base::Result<std::string> encode(const Entry& entry, std::string_view question);

  // The error says where the text is no such file, and why. Which entry it is, the caller compares:
  // key and proof. `question`, unless null, gets the canonical body if it is there.
  base::Result<std::shared_ptr<Entry>> decode(std::string_view text,
                                              std::string* question = nullptr);
  // The same, but the entry has no answer: whether that is good nobody looks.
  base::Result<std::shared_ptr<Entry>> decode_question(std::string_view text);

 private:
  enum class Part : uint8_t { kAll, kQuestion };

  base::Result<std::shared_ptr<Entry>> decode_part(std::string_view text, Part part,
                                                   std::string* question);
  void write_question(const Entry& entry, std::string_view question, base::JsonWriter& out) const;
  void read_parts(Part part, Entry* entry, std::string* question, DocumentFault& fault);
  void read_question(std::string_view raw, Entry* entry, std::string* question,
                     DocumentFault& fault);
  void read_question_body(JsonObjectReader& in, const Entry& entry, std::string* question);
  void read_answer(std::string_view raw, Entry* entry, DocumentFault& fault) const;

  base::ModelTable& models_;
  const size_t object_bytes_max_;
  base::JsonNormaliser document_;
  base::JsonNormaliser part_;  // a JSON text inside of it
};

}  // namespace reprise::cache
