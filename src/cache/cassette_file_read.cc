#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "base/duration.h"
#include "cache/cassette_body.h"
#include "cache/cassette_file.h"
#include "cache/entry_wire.h"
#include "cache/replay_head.h"
#include "http/chars.h"
#include "openai/raw_json.h"
#include "openai/replay_head.h"
#include "recording/wire.h"

// Reading: white space goes, then the document is taken apart. Nothing of it is trusted.

namespace reprise::cache {

namespace {

using base::ErrorKind;
using base::JsonFault;
using openai::JsonKind;

openai::Form read_form(JsonObjectReader& in) {
  const std::string path = in.path_of("form");
  JsonObjectReader object(in.take("form"), path, in.fault());
  openai::Form form;
  form.stream = object.truth("stream");
  if (form.stream) {
    form.include_usage = object.truth("include_usage");
    form.include_obfuscation = object.truth("include_obfuscation");
  }
  object.finish();
  return form;
}

void read_members(JsonObjectReader& in, Entry* entry) {
  read_pairs(in, "members",
             [&](std::string_view first, std::string_view second) -> std::string_view {
               const auto name = bytes_of_json(first);
               uint64_t hash = 0;
               const bool hashed = openai::is_json_string(second) &&
                                   base::read_hex(base::json_string_value(second), &hash);
               if (!name || !hashed) return "expected [name, 16 hex digits]";
               if (name->size() > EntryCodec::kTextBytesMax) return "a name that is too large";
               if (entry->members.size() == EntryCodec::kMembersMax) return "too many";
               entry->members.push_back({*name, hash});
               return {};
             });
}

void read_headers(JsonObjectReader& in, http::Fields* fields) {
  read_pairs(in, "headers",
             [&](std::string_view first, std::string_view second) -> std::string_view {
               if (!openai::is_json_string(first)) return "expected [name, value]";
               const std::string name = base::json_string_value(first);
               const auto value = bytes_of_json(second);
               if (!value) return "expected [name, value]";
               if (!http::valid_field_name(name) || !http::valid_field_value(*value)) {
                 return "not valid in a head";
               }
               if (name.size() + value->size() > recording::kWireFieldBytesMax ||
                   fields->size() == recording::kWireFieldsMax) {
                 return "too large";
               }
               if (!openai::belongs_to_answer(name, openai::ReplayBody::kDecoded)) {
                 return "no replay has this header";
               }
               fields->add(name, *value);
               return {};
             });
}

openai::Usage read_usage(JsonObjectReader& in) {
  openai::Usage usage;
  const std::string_view raw = in.take("usage");
  if (openai::json_kind(raw) == JsonKind::kNull) return usage;
  const std::string path = in.path_of("usage");
  JsonObjectReader object(raw, path, in.fault());
  usage.present = true;
  usage.prompt = object.number("prompt_tokens", UINT64_MAX);
  usage.completion = object.number("completion_tokens", UINT64_MAX);
  usage.total = object.number("total_tokens", UINT64_MAX);
  object.finish();
  return usage;
}

void read_recording(std::string_view raw, Entry* entry, DocumentFault& fault) {
  JsonObjectReader in(raw, "recording", fault);
  entry->asked_at_us = in.time_us("asked_at");
  entry->recorded_at_us = in.time_us("recorded_at");
  entry->duration_ms = static_cast<int64_t>(in.number("duration_ms", base::kDurationMaxMs));
  entry->ttl_ms = in.duration_ms("ttl");
  entry->form = read_form(in);
  entry->model_answered = in.bytes("model", EntryCodec::kTextBytesMax);
  entry->finish_reason = in.bytes("finish_reason", EntryCodec::kTextBytesMax);
  entry->usage = read_usage(in);
  in.finish();
}

// Whether `question`, which JsonNormaliser wrote, has exactly these members.
bool agrees(std::string_view question, const std::vector<openai::MemberHash>& members) {
  size_t at = 0;
  bool same = true;
  base::for_each_json_member(question, [&](std::string_view name, std::string_view value) {
    same = same && at < members.size() && members[at].name == name &&
           members[at].hash == base::xxh3_64(value);
    ++at;
  });
  return same && at == members.size();
}

}  // namespace

base::Result<std::shared_ptr<Entry>> CassetteCodec::decode(std::string_view text,
                                                           std::string* question) {
  auto entry = decode_part(text, Part::kAll, question);
  if (!entry) return entry;
  (*entry)->model_id = models_.intern((*entry)->model_answered);
  (*entry)->replay_head = make_replay_head(**entry);
  return entry;
}

base::Result<std::shared_ptr<Entry>> CassetteCodec::decode_question(std::string_view text) {
  return decode_part(text, Part::kQuestion, nullptr);
}

base::Result<std::shared_ptr<Entry>> CassetteCodec::decode_part(std::string_view text, Part part,
                                                                std::string* question) {
  if (text.size() > file_bytes_max()) {
    return base::fail(ErrorKind::kRefuse,
                      "more than " + std::to_string(file_bytes_max()) + " bytes");
  }
  if (auto good = read_document(text, document_); !good) {
    return tl::unexpected(std::move(good.error()));
  }
  DocumentFault fault;
  auto entry = std::make_shared<Entry>();
  read_parts(part, entry.get(), question, fault);
  if (!fault.none()) return base::fail(ErrorKind::kRefuse, std::move(fault).take());
  return entry;
}

void CassetteCodec::read_parts(Part part, Entry* entry, std::string* question,
                               DocumentFault& fault) {
  JsonObjectReader in(document_.text(), {}, fault);
  in.version("reprise_cassette", kVersion);
  if (!fault.none()) return;
  base::Digest128::from_hex(in.hex("key", 2 * sizeof(entry->key)), &entry->key);
  base::read_hex(in.hex("proof", 2 * sizeof(entry->proof)), &entry->proof);
  read_question(in.take("question"), entry, question, fault);
  read_recording(in.take("recording"), entry, fault);
  const std::string_view answer = in.take("answer");
  if (fault.none() && part == Part::kAll) read_answer(answer, entry, fault);
  in.finish();
}

void CassetteCodec::read_question(std::string_view raw, Entry* entry, std::string* question,
                                  DocumentFault& fault) {
  JsonObjectReader in(raw, "question", fault);
  const auto route = openai::route_named(in.text("route"));
  if (!route) in.fail("route", "unknown");
  entry->route = route.value_or(openai::Route::kOther);
  entry->name_space = in.bytes("namespace", EntryCodec::kTextBytesMax);
  entry->model_asked = in.bytes("model", EntryCodec::kTextBytesMax);
  entry->asked_form = read_form(in);
  read_members(in, entry);
  read_question_body(in, *entry, question);
  in.finish();
}

// Only people need it: who asks is answered by what the proof proves. But nobody should believe
// that a question was asked which was not.
void CassetteCodec::read_question_body(JsonObjectReader& in, const Entry& entry,
                                       std::string* question) {
  const std::string_view raw = in.take_optional("body");
  if (raw.empty()) return;
  std::string_view body = raw;
  if (openai::is_json_string(raw)) {
    const std::string text = base::json_string_value(raw);
    if (part_.read(text) != JsonFault::kNone) return in.fail("body", "expected a JSON object");
    body = part_.text();
  }
  if (openai::json_kind(body) != JsonKind::kObject || !agrees(body, entry.members)) {
    return in.fail("body", "not what was asked: the members have other hashes");
  }
  if (question != nullptr) *question = body;
}

void CassetteCodec::read_answer(std::string_view raw, Entry* entry, DocumentFault& fault) const {
  constexpr uint64_t kStatusMax = 599;
  JsonObjectReader in(raw, "answer", fault);
  http::ResponseHead head;
  head.status = static_cast<int>(in.number("status", kStatusMax));
  if (!http::has_body(head.status)) in.fail("status", "expected one that a body follows");
  head.reason = in.bytes("reason", recording::kWireFieldBytesMax);
  if (!http::valid_field_value(head.reason)) in.fail("reason", "not valid in a head");
  read_headers(in, &head.fields);
  RecordedBody body =
      read_body(in, entry->form.stream ? BodyKind::kStream : BodyKind::kWhole, object_bytes_max_);
  in.finish();
  if (!fault.none()) return;
  head.framing = http::Framing::kContentLength;
  head.content_length = body.bytes.size();
  entry->answer = std::make_shared<const recording::Record>(
      std::move(head), base::Bytes::copy_of(body.bytes), std::move(body.marks));
}

}  // namespace reprise::cache
