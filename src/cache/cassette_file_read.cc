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

std::string_view fault_text(JsonFault fault) {
  switch (fault) {
    case JsonFault::kNone:
    case JsonFault::kSyntax:
      return "malformed JSON";
    case JsonFault::kNotObject:
      return "expected a JSON object";
    case JsonFault::kUtf8:
      return "malformed UTF-8";
    case JsonFault::kSurrogate:
      return "half of a surrogate pair";
    case JsonFault::kDuplicate:
      return "two members of one name";
    case JsonFault::kDepth:
      return "nested too deep";
    case JsonFault::kMembers:
      return "too many members";
    case JsonFault::kTrailing:
      return "something behind the object";
    case JsonFault::kTooLarge:
      return "too large";
  }
  return {};
}

std::string line_of(std::string_view text, size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return "line " + std::to_string(1 + std::count(text.begin(), end, '\n'));
}

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

// The two parts of a pair; empty if `raw` is none.
std::array<std::string_view, 2> pair_of(std::string_view raw) {
  std::array<std::string_view, 2> pair;
  size_t parts = 0;
  if (!openai::is_json_array(raw)) return pair;
  base::for_each_json_element(raw, [&](std::string_view part) {
    if (parts < pair.size()) pair[parts] = part;
    ++parts;
  });
  return parts == pair.size() ? pair : std::array<std::string_view, 2>{};
}

// Calls `visit` for the pairs of the array under `name` until it says what is wrong with one.
template <typename Visit>
void read_pairs(JsonObjectReader& in, std::string_view name, Visit visit) {
  const std::string_view raw = in.take(name);
  if (!openai::is_json_array(raw)) return in.fail(name, "expected an array");
  size_t place = 0;
  base::for_each_json_element(raw, [&](std::string_view element) {
    if (in.fault().none()) {
      const std::string_view wrong = visit(pair_of(element));
      if (!wrong.empty()) {
        in.fail(std::string(name) + "[" + std::to_string(place) + "]", wrong);
      }
    }
    ++place;
  });
}

void read_members(JsonObjectReader& in, Entry* entry) {
  read_pairs(in, "members", [&](const std::array<std::string_view, 2>& pair) -> std::string_view {
    const auto name = bytes_of_json(pair[0]);
    uint64_t hash = 0;
    const bool hashed =
        openai::is_json_string(pair[1]) && base::read_hex(base::json_string_value(pair[1]), &hash);
    if (!name || !hashed) return "expected [name, 16 hex digits]";
    if (name->size() > EntryCodec::kTextBytesMax) return "a name that is too large";
    if (entry->members.size() == EntryCodec::kMembersMax) return "too many";
    entry->members.push_back({*name, hash});
    return {};
  });
}

void read_headers(JsonObjectReader& in, http::Fields* fields) {
  read_pairs(in, "headers", [&](const std::array<std::string_view, 2>& pair) -> std::string_view {
    if (!openai::is_json_string(pair[0])) return "expected [name, value]";
    const std::string name = base::json_string_value(pair[0]);
    const auto value = bytes_of_json(pair[1]);
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

base::Result<std::shared_ptr<const Entry>> CassetteCodec::decode(std::string_view text,
                                                                 std::string* question) {
  const JsonFault malformed =
      text.size() > file_bytes_max() ? JsonFault::kTooLarge : document_.read(text);
  if (malformed == JsonFault::kTooLarge) {
    return base::fail(ErrorKind::kRefuse,
                      "more than " + std::to_string(file_bytes_max()) + " bytes");
  }
  if (malformed != JsonFault::kNone) {
    return base::fail(ErrorKind::kRefuse,
                      line_of(text, document_.offset()).append(": ").append(fault_text(malformed)));
  }
  DocumentFault fault;
  const auto entry = std::make_shared<Entry>();
  read_document(entry.get(), question, fault);
  if (!fault.none()) return base::fail(ErrorKind::kRefuse, std::move(fault).take());
  entry->model_id = models_.intern(entry->model_answered);
  entry->replay_head = make_replay_head(*entry);
  return entry;
}

void CassetteCodec::read_document(Entry* entry, std::string* question, DocumentFault& fault) {
  JsonObjectReader in(document_.text(), {}, fault);
  const uint64_t version = in.number("reprise_cassette", UINT64_MAX);
  if (fault.none() && version != kVersion) {
    in.fail("reprise_cassette", "format " + std::to_string(version) + ", and this build reads " +
                                    std::to_string(kVersion));
  }
  if (!fault.none()) return;
  base::Digest128::from_hex(in.hex("key", 2 * sizeof(entry->key)), &entry->key);
  base::read_hex(in.hex("proof", 2 * sizeof(entry->proof)), &entry->proof);
  read_question(in.take("question"), entry, question, fault);
  read_recording(in.take("recording"), entry, fault);
  if (fault.none()) read_answer(in.take("answer"), entry, fault);
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
