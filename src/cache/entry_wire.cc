#include "cache/entry_wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/duration.h"
#include "http/chars.h"
#include "recording/wire.h"

namespace reprise::cache {

namespace {

constexpr size_t kKeptBytesMax = size_t{1} << 20;  // of memory that a large entry leaves behind

// Both forms and whether there is a usage share a byte.
constexpr unsigned kAskedFormShift = 3;
constexpr uint8_t kUsageBit = 64;
constexpr uint8_t kTraitsMax = 127;

// --- packing ----------------------------------------------------------------------------------

bool fits(const Entry& entry) {
  const auto fits_text = [](std::string_view text) {
    return text.size() <= EntryCodec::kTextBytesMax;
  };
  return fits_text(entry.name_space) && fits_text(entry.model_asked) &&
         fits_text(entry.model_answered) && fits_text(entry.finish_reason) &&
         entry.members.size() <= EntryCodec::kMembersMax &&
         std::ranges::all_of(entry.members,
                             [&](const auto& member) { return fits_text(member.name); });
}

void append_entry(const Entry& entry, base::ByteWriter& out) {
  out.u64(entry.key.high);
  out.u64(entry.key.low);
  out.bytes({reinterpret_cast<const char*>(entry.proof.data()), entry.proof.size()});
  for (const int64_t time :
       {entry.asked_at_us, entry.recorded_at_us, entry.duration_ms, entry.ttl_ms}) {
    out.varint(static_cast<uint64_t>(time));
  }
  out.u8(static_cast<uint8_t>(entry.route));
  out.u8(static_cast<uint8_t>(openai::form_bits(entry.form) |
                              openai::form_bits(entry.asked_form) << kAskedFormShift |
                              (entry.usage.present ? kUsageBit : 0u)));
  for (const uint64_t tokens : {entry.usage.prompt, entry.usage.completion, entry.usage.total}) {
    out.varint(tokens);
  }
  for (const std::string* text :
       {&entry.name_space, &entry.model_asked, &entry.model_answered, &entry.finish_reason}) {
    out.text(*text);
  }
  out.varint(entry.members.size());
  for (const auto& member : entry.members) {
    out.text(member.name);
    out.u64(member.hash);
  }
  recording::append_record(*entry.answer, out);
  out.text(entry.replay_head.view());
}

// --- unpacking --------------------------------------------------------------------------------

void read_identity(base::ByteReader& in, Entry* entry) {
  entry->key.high = in.u64();
  entry->key.low = in.u64();
  const std::string_view proof = in.bytes(entry->proof.size());
  if (in.ok()) std::memcpy(entry->proof.data(), proof.data(), proof.size());
}

// Within these bounds no sum of a time and a ttl leaves 64 bits.
void read_times(base::ByteReader& in, Entry* entry) {
  entry->asked_at_us = static_cast<int64_t>(in.varint(EntryCodec::kTimeMaxUs));
  entry->recorded_at_us = static_cast<int64_t>(in.varint(EntryCodec::kTimeMaxUs));
  entry->duration_ms = static_cast<int64_t>(in.varint(base::kDurationMaxMs));
  entry->ttl_ms = static_cast<int64_t>(in.varint(base::kDurationMaxMs));
}

void read_traits(base::ByteReader& in, Entry* entry) {
  const uint8_t route = in.u8();
  const uint8_t traits = in.u8();
  if (route >= openai::kRouteCount || traits > kTraitsMax) return in.fail();
  entry->route = static_cast<openai::Route>(route);
  entry->form = openai::form_of_bits(traits);
  entry->asked_form = openai::form_of_bits(traits >> kAskedFormShift);
  entry->usage.present = (traits & kUsageBit) != 0;
  entry->usage.prompt = in.varint();
  entry->usage.completion = in.varint();
  entry->usage.total = in.varint();
}

void read_names(base::ByteReader& in, Entry* entry) {
  constexpr size_t kMemberBytesMin = 1 + sizeof(uint64_t);
  for (std::string* text :
       {&entry->name_space, &entry->model_asked, &entry->model_answered, &entry->finish_reason}) {
    text->assign(in.text(EntryCodec::kTextBytesMax));
  }
  const size_t count =
      in.varint(std::min(EntryCodec::kMembersMax, in.remaining() / kMemberBytesMin));
  entry->members.reserve(count);
  for (size_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.text(EntryCodec::kTextBytesMax);
    entry->members.push_back({std::string(name), in.u64()});
  }
}

// --- the head of a replay ---------------------------------------------------------------------

// What a replay's head says of the body's end and of the connection is written for each replay
// anew. A second opinion would let a forger decide where the next response begins.
bool is_framing(std::string_view name) {
  constexpr std::array<std::string_view, 7> kFraming = {
      "content-length", "transfer-encoding", "connection", "keep-alive",
      "upgrade",        "trailer",           "te"};
  return std::ranges::any_of(
      kFraming, [&](std::string_view framing) { return http::iequals(name, framing); });
}

// Takes a line and its CR LF off; nothing if there is no whole line.
std::optional<std::string_view> take_line(std::string_view* text) {
  const size_t end = text->find('\r');
  if (end == std::string_view::npos || text->substr(end, 2) != "\r\n") return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 2);
  return line;
}

bool is_status_line(std::string_view line, const http::ResponseHead& recorded) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  constexpr size_t kStatusBytes = 3;
  if (!line.starts_with(kVersion)) return false;
  line.remove_prefix(kVersion.size());
  int status = 0;
  const std::string_view digits = line.substr(0, kStatusBytes);
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, status);
  if (parsed.ec != std::errc{} || parsed.ptr != end || status != recorded.status) return false;
  line.remove_prefix(digits.size());
  return line.starts_with(' ') && line.substr(1) == recorded.reason;
}

bool is_field_line(std::string_view line) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = line.substr(0, colon);
  return http::valid_field_name(name) && http::valid_field_value(line.substr(colon + 1)) &&
         !is_framing(name);
}

// The recorded status line and whole field lines, without the empty line that would end the head.
bool is_replay_head(std::string_view head, const http::ResponseHead& recorded) {
  const auto status_line = take_line(&head);
  if (!status_line || !is_status_line(*status_line, recorded)) return false;
  while (!head.empty()) {
    const auto line = take_line(&head);
    if (!line || !is_field_line(*line)) return false;
  }
  return true;
}

std::shared_ptr<Entry> read_entry(std::string_view payload) {
  base::ByteReader in(payload);
  auto entry = std::make_shared<Entry>();
  read_identity(in, entry.get());
  read_times(in, entry.get());
  read_traits(in, entry.get());
  read_names(in, entry.get());
  entry->answer = recording::read_record(in);
  const std::string_view replay_head = in.text();
  if (!in.at_end()) return nullptr;
  const http::ResponseHead& recorded = entry->answer->head();
  if (!http::has_body(recorded.status) || !is_replay_head(replay_head, recorded)) return nullptr;
  entry->replay_head = base::Bytes::copy_of(replay_head);
  return entry;
}

}  // namespace

std::string EntryCodec::encode(const Entry& entry) {
  CHECK(entry.answer != nullptr);
  if (!fits(entry) || entry.answer->body().size() > bytes_max_) return {};
  append_entry(entry, packed_);
  std::string value;
  if (packed_.size() <= bytes_max_) {
    const std::optional<std::string_view> squeezed = compressor_.squeeze(packed_.view());
    value = squeezed ? WireFrame{WireKind::kEntry, WireCoding::kZstd, *squeezed}.encode()
                     : WireFrame{WireKind::kEntry, WireCoding::kPlain, packed_.view()}.encode();
  }
  packed_.clear(kKeptBytesMax);
  compressor_.trim();
  return value;
}

tl::expected<std::string_view, ValueFault> EntryCodec::payload_of(std::string_view value) {
  const auto frame = WireFrame::decode(value, WireKind::kEntry);
  if (!frame) return tl::unexpected(frame.error());
  if (frame->coding == WireCoding::kZstd) return compressor_.expand(frame->payload, bytes_max_);
  if (frame->payload.size() > bytes_max_) return tl::unexpected(ValueFault::kTooLarge);
  return frame->payload;
}

tl::expected<std::shared_ptr<const Entry>, ValueFault> EntryCodec::decode(std::string_view value) {
  const auto payload = payload_of(value);
  std::shared_ptr<Entry> entry = payload ? read_entry(*payload) : nullptr;
  compressor_.trim();
  if (!payload) return tl::unexpected(payload.error());
  if (entry == nullptr) return tl::unexpected(ValueFault::kCorrupt);
  entry->model_id = models_.intern(entry->model_answered);
  return entry;
}

}  // namespace reprise::cache
