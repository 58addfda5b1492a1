#include "openai/assemble_messages.h"

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "openai/content_blocks.h"
#include "openai/event_texts.h"
#include "openai/event_type.h"
#include "openai/member_table.h"
#include "openai/raw_json.h"

namespace reprise::openai {

namespace {

enum Own : size_t { kType, kIndex, kMessage, kContentBlock, kDelta, kOwnCount };
constexpr std::array<std::string_view, kOwnCount> kOwnNames = {"type", "index", "message",
                                                               "content_block", "delta"};

// Which of the members that belong to events of some kind is called `name`.
size_t own_member(std::string_view name) {
  size_t own = 0;
  while (own < kOwnCount && kOwnNames[own] != name) ++own;
  return own;
}

// Payload: what an event says.
struct Payload {
  std::array<std::string_view, kOwnCount> own;
  bool has_others = false;  // that are not null
};

Payload read_payload(std::string_view json) {
  Payload payload;
  base::for_each_json_member(json, [&payload](std::string_view name, std::string_view raw) {
    const size_t own = own_member(name);
    if (own < kOwnCount) {
      payload.own[own] = raw;
    } else if (json_given(raw)) {
      payload.has_others = true;
    }
  });
  return payload;
}

// RecordedMessage: the message that the events so far have built.
// Owner: assemble_messages. Thread: one.
//
// States: before message_start, between it and message_stop, after it.
class RecordedMessage {
 public:
  Refused take(const EventText& event);
  Converted finish(size_t bytes_max) const;

 private:
  enum class State : uint8_t { kBefore, kOpen, kStopped };

  Refused take_kind(std::string_view type, const Payload& payload);
  Refused take_start(std::string_view message);
  Refused take_delta(std::string_view delta);
  Refused take_block(std::string_view type, const Payload& payload);
  Refused take_rest(std::string_view payload);
  Refused take_usage(std::string_view usage);
  Refused set(MemberTable<std::string>& table, std::string_view name, std::string_view raw);
  void write_usage(RawWriter& out) const;

  PartsLeft parts_;
  MemberTable<std::string> members_;  // `content` and `usage` only hold a place
  MemberTable<std::string> usage_;
  ContentBlocks content_;
  State state_ = State::kBefore;
};

Refused RecordedMessage::take(const EventText& event) {
  if (event.json.empty()) return std::nullopt;
  const std::string_view type = event_type(event);
  if (type == "ping") return std::nullopt;
  const Payload payload = read_payload(event.json);
  const Refused refused = take_kind(type, payload);
  return refused || !payload.has_others ? refused : take_rest(event.json);
}

Refused RecordedMessage::take_kind(std::string_view type, const Payload& payload) {
  if (type == "message_start") return take_start(payload.own[kMessage]);
  if (state_ != State::kOpen) return Unconvertible::kMalformed;
  if (type == "message_delta") return take_delta(payload.own[kDelta]);
  if (type == "message_stop") {
    state_ = State::kStopped;
    return std::nullopt;
  }
  if (type.starts_with("content_block_")) return take_block(type, payload);
  return Unconvertible::kEvent;
}

Refused RecordedMessage::take_start(std::string_view message) {
  if (state_ != State::kBefore || !is_json_object(message)) return Unconvertible::kMalformed;
  state_ = State::kOpen;
  const Refused refused =
      visit_members(message, [this](std::string_view name, std::string_view raw) -> Refused {
        if (name == "content" && json_given(raw) && raw != "[]") return Unconvertible::kContent;
        if (name == "usage" && json_given(raw)) return take_usage(raw);
        return set(members_, name, raw);
      });
  return refused ? refused : set(members_, "content", "[]");
}

// What is said about the message at its end: later sayings replace earlier ones.
Refused RecordedMessage::take_delta(std::string_view delta) {
  if (!json_given(delta)) return std::nullopt;
  if (!is_json_object(delta)) return Unconvertible::kMalformed;
  return visit_members(delta, [this](std::string_view name, std::string_view raw) -> Refused {
    const bool own = name == "content" || name == "usage";
    if (!own) return set(members_, name, raw);
    return json_given(raw) ? Refused(Unconvertible::kMember) : std::nullopt;
  });
}

Refused RecordedMessage::take_block(std::string_view type, const Payload& payload) {
  const std::optional<uint32_t> index = json_count(payload.own[kIndex]);
  if (!index) return Unconvertible::kMalformed;
  if (type == "content_block_start") {
    return content_.start(*index, payload.own[kContentBlock], parts_);
  }
  if (type == "content_block_delta") {
    return content_.grow(*index, payload.own[kDelta], parts_);
  }
  if (type != "content_block_stop") return Unconvertible::kEvent;
  return content_.has(*index) ? Refused() : Unconvertible::kMalformed;
}

// The members of an event that are not of its kind are the message's, unless they contradict it.
Refused RecordedMessage::take_rest(std::string_view payload) {
  return visit_members(payload, [this](std::string_view name, std::string_view raw) -> Refused {
    if (!json_given(raw)) return std::nullopt;
    if (name == "usage") return take_usage(raw);
    if (own_member(name) < kOwnCount) return std::nullopt;
    const std::string* value = members_.find_or_add(name, parts_);
    if (value == nullptr) return Unconvertible::kTooLarge;
    if (json_given(*value) && *value != raw) return Unconvertible::kMember;
    return set(members_, name, raw);
  });
}

Refused RecordedMessage::take_usage(std::string_view usage) {
  if (!is_json_object(usage)) return Unconvertible::kMalformed;
  const Refused refused = visit_members(usage, [this](std::string_view name, std::string_view raw) {
    return set(usage_, name, raw);
  });
  return refused ? refused : set(members_, "usage", "{}");
}

// A null says nothing about what was said already.
Refused RecordedMessage::set(MemberTable<std::string>& table, std::string_view name,
                             std::string_view raw) {
  std::string* value = table.find_or_add(name, parts_);
  if (value == nullptr) return Unconvertible::kTooLarge;
  if (value->empty() || json_given(raw)) *value = raw;
  return std::nullopt;
}

Converted RecordedMessage::finish(size_t bytes_max) const {
  if (state_ != State::kStopped) return tl::unexpected(Unconvertible::kMalformed);
  RawWriter out(bytes_max);
  out.begin_object();
  for (const auto& member : members_.entries()) {
    out.key(member.name);
    if (member.name == "content") {
      if (const Refused refused = content_.write(out)) return tl::unexpected(*refused);
    } else if (member.name == "usage" && is_json_object(member.value)) {
      write_usage(out);
    } else {
      out.value(member.value);
    }
  }
  out.end_object();
  return std::move(out).take();
}

void RecordedMessage::write_usage(RawWriter& out) const {
  out.begin_object();
  for (const auto& count : usage_.entries()) out.member(count.name, count.value);
  out.end_object();
}

}  // namespace

Converted assemble_messages(std::string_view stream, size_t bytes_max) {
  RecordedMessage message;
  const auto take = [&message](const EventText& event) { return message.take(event); };
  if (const Refused refused = read_events(stream, take)) return tl::unexpected(*refused);
  return message.finish(bytes_max);
}

}  // namespace reprise::openai
