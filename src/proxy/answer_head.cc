#include "proxy/answer_head.h"

#include <array>
#include <charconv>

#include "base/random.h"
#include "cache/freshness.h"
#include "http/writer.h"
#include "openai/replay_head.h"
#include "proxy/own_response.h"

namespace reprise::proxy {

namespace {

using base::CacheResult;

void append_number(int64_t number, std::string* out) {
  std::array<char, 24> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out->append(text.data(), end);
}

size_t body_size(const ReplayHead& replay) {
  const cache::Rendition* rendition = replay.rendition;
  return (rendition != nullptr ? *rendition->answer : *replay.entry.answer).body().size();
}

// What no two replays have in common.
void append_exchange_lines(const ReplayHead& replay, RandomIds& ids, std::string* out) {
  out->append("x-request-id: ");
  ids.append(out);
  out->append(http::kCrlf);
  if (replay.persistence == Persistence::kClose) out->append("Connection: close\r\n");
  if (replay.persistence == Persistence::kKeepHttp10) out->append("Connection: keep-alive\r\n");
  out->append("Content-Length: ");
  append_number(static_cast<int64_t>(body_size(replay)), out);
  out->append("\r\n\r\n");
}

// Why upstream was asked, and what became of it.
std::string forward_status(const CacheNote& note) {
  std::string status = "reprise; fwd=";
  status.append(note.forwarded);
  if (note.stored) status.append("; stored");
  if (note.result == CacheResult::kCoalesced) status.append("; collapsed");
  if (!note.detail.empty()) status.append("; detail=").append(note.detail);
  return status;
}

// What the gateways that we stand in for would say of a replay.
openai::AliasAnswer alias_answer_of(const ReplayHead& replay) {
  openai::AliasAnswer answer;
  answer.status = openai::AliasAnswer::Status::kHit;
  answer.age_s = cache::age_s(replay.entry, replay.now_us);
  answer.ttl_s = cache::ttl_left_s(replay.entry, replay.now_us);
  answer.recording_ms = replay.entry.duration_ms;
  return answer;
}

// The same of what upstream, or we ourselves, answer.
openai::AliasAnswer alias_answer_of(const CacheNote& note) {
  openai::AliasAnswer answer;
  if (note.result == CacheResult::kBypass) {
    answer.status = openai::AliasAnswer::Status::kBypass;
  } else if (note.forwarded == "request") {
    answer.status = openai::AliasAnswer::Status::kRefresh;
  }
  if (note.stored) answer.ttl_s = note.ttl_ms / 1000;
  return answer;
}

bool is_own_field(std::string_view name) {
  constexpr std::string_view kPrefix = "x-reprise-";
  return http::iequals(name, "x-cache") ||
         (name.size() > kPrefix.size() && http::iequals(name.substr(0, kPrefix.size()), kPrefix));
}

}  // namespace

std::string_view x_cache_value(CacheResult result) {
  switch (result) {
    case CacheResult::kHit:
      return "HIT";
    case CacheResult::kMiss:
      return "MISS";
    case CacheResult::kCoalesced:
      return "COALESCED";
    case CacheResult::kStale:
      return "STALE";
    case CacheResult::kBypass:
      return "BYPASS";
    case CacheResult::kPassed:
      return "";
  }
  return "";
}

void add_cache_fields(const CacheNote& note, const base::Digest128* key, openai::Aliases aliases,
                      http::Fields* fields) {
  if (note.result == CacheResult::kPassed) return;
  fields->remove_if([](const http::Fields::Field& field) { return is_own_field(field.name); });
  fields->add("X-Cache", x_cache_value(note.result));
  fields->add("Cache-Status", forward_status(note));
  if (key != nullptr) fields->add("X-Reprise-Key", key->hex());
  if (!aliases.empty()) openai::set_alias_fields(alias_answer_of(note), aliases, fields);
}

RandomIds::RandomIds() {
  for (uint64_t& word : state_) word = base::random_u64() | 1;
}

// xorshift128+.
uint64_t RandomIds::next() {
  uint64_t a = state_[0];
  const uint64_t b = state_[1];
  state_[0] = b;
  a ^= a << 23;
  state_[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
  return state_[1] + b;
}

void RandomIds::append(std::string* out) {
  std::array<char, 32> hex;
  const uint64_t high = next();
  base::Digest128{high, next()}.write_hex(hex.data());
  out->append("req_").append(hex.data(), hex.size());
}

void write_replay_head(const ReplayHead& replay, RandomIds& ids, std::string* out) {
  const cache::Entry& entry = replay.entry;
  const cache::Rendition* rendition = replay.rendition;
  out->append((rendition != nullptr ? rendition->replay_head : entry.replay_head).view());
  out->append(date_line());
  out->append("Age: ");
  append_number(cache::age_s(entry, replay.now_us), out);
  out->append("\r\nX-Cache: ").append(x_cache_value(replay.note.result));
  out->append("\r\nCache-Status: reprise; hit; ttl=");
  append_number(cache::ttl_left_s(entry, replay.now_us), out);
  if (!replay.note.detail.empty()) out->append("; detail=").append(replay.note.detail);
  out->append(http::kCrlf);
  if (!replay.aliases.empty()) {
    openai::append_alias_lines(alias_answer_of(replay), replay.aliases, out);
  }
  append_exchange_lines(replay, ids, out);
}

void write_collapsed_head(const ReplayHead& replay, RandomIds& ids, std::string* out) {
  const http::ResponseHead& recorded = replay.entry.answer->head();
  openai::ReplayBody body = openai::ReplayBody::kRecorded;
  bool stream = replay.entry.form.stream;
  if (replay.rendition != nullptr) {
    const openai::Conversion& conversion = replay.rendition->conversion;
    const bool converted = conversion.step != openai::Conversion::Step::kNone;
    body = converted ? openai::ReplayBody::kConverted : openai::ReplayBody::kDecoded;
    stream = conversion.form.stream;
  }
  http::write_status_line(*out, recorded.status, recorded.reason);
  openai::append_replay_fields(
      recorded, stream ? openai::AnswerKind::kSse : openai::AnswerKind::kJson, body, out);
  out->append(date_line());
  http::write_field(*out, "X-Cache", x_cache_value(replay.note.result));
  http::write_field(*out, "Cache-Status", forward_status(replay.note));
  http::write_field(*out, "X-Reprise-Key", replay.entry.key.hex());
  openai::append_alias_lines(alias_answer_of(replay.note), replay.aliases, out);
  append_exchange_lines(replay, ids, out);
}

}  // namespace reprise::proxy
