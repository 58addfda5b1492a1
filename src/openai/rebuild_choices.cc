#include "openai/rebuild_choices.h"

#include <optional>
#include <string>
#include <utility>

#include "openai/chunk_head.h"
#include "openai/event_texts.h"
#include "openai/obfuscation.h"
#include "openai/raw_json.h"

namespace reprise::openai {

namespace {

void write_event(RawWriter& out, const EventText& event, const Form& wanted) {
  if (event.json.empty()) {
    out.done();
    return;
  }
  const std::optional<std::string> bare =
      wanted.include_obfuscation ? std::nullopt : without_obfuscation(event);
  out.event(event.name, bare ? std::string_view(*bare) : event.data);
}

// ChunksRebuilding: one stream of chunks on its way into another form.
class ChunksRebuilding {
 public:
  ChunksRebuilding(ChoiceKind kind, const Form& wanted, size_t bytes_max)
      : kind_(kind), wanted_(wanted), out_(bytes_max) {}

  Refused take(const EventText& event);
  Converted finish() &&;

 private:
  bool read(std::string_view chunk);
  Refused add_usage();

  const ChoiceKind kind_;
  const Form wanted_;
  RawWriter out_;
  ChunkHead head_;
  std::string usage_;
  bool has_usage_chunk_ = false;
};

Refused ChunksRebuilding::take(const EventText& event) {
  const bool done = event.json.empty();
  if (done) {
    if (const Refused refused = add_usage()) return refused;
  } else if (read(event.json)) {
    has_usage_chunk_ = true;
    if (!wanted_.include_usage) return std::nullopt;
  }
  write_event(out_, event, wanted_);
  return out_.overflowed() ? Refused(Unconvertible::kTooLarge) : std::nullopt;
}

// True for a chunk of usage: one without choices.
bool ChunksRebuilding::read(std::string_view chunk) {
  bool has_choices = false;
  bool has_usage = false;
  base::for_each_json_member(chunk, [&](std::string_view name, std::string_view raw) {
    if (name == "choices") {
      has_choices = is_json_array(raw) && raw != "[]";
    } else if (name == "usage" && is_json_object(raw)) {
      has_usage = true;
      usage_.assign(raw);
    } else {
      head_.add(name, raw);
    }
  });
  return has_usage && !has_choices;
}

Refused ChunksRebuilding::add_usage() {
  if (!wanted_.include_usage || has_usage_chunk_) return std::nullopt;
  if (usage_.empty()) return Unconvertible::kUsage;
  has_usage_chunk_ = true;
  out_.begin_event().begin_object();
  head_.write(out_, kind_ == ChoiceKind::kMessage ? "chat.completion.chunk" : "text_completion");
  head_.write_service(out_);
  out_.member("choices", "[]").member("usage", usage_).end_object().end_event();
  return std::nullopt;
}

// A stream that ended without [DONE] gets none: nobody said it here either.
Converted ChunksRebuilding::finish() && {
  if (const Refused refused = add_usage()) return tl::unexpected(*refused);
  return std::move(out_).take();
}

}  // namespace

Converted rebuild_choices(ChoiceKind kind, std::string_view stream, const Form& wanted,
                          size_t bytes_max) {
  ChunksRebuilding rebuilding(kind, wanted, bytes_max);
  const auto take = [&rebuilding](const EventText& event) { return rebuilding.take(event); };
  if (const Refused refused = read_events(stream, take)) return tl::unexpected(*refused);
  return std::move(rebuilding).finish();
}

}  // namespace reprise::openai
