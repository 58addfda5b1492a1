#include "cache/rendition.h"

#include <string>
#include <utility>
#include <vector>

#include "cache/entry.h"
#include "cache/replay_head.h"
#include "http/content_coding.h"
#include "openai/stream_rebuilder.h"

namespace reprise::cache {

namespace {

using openai::Conversion;
using openai::Unconvertible;
using recording::Mark;

// Timed: a body, and when its pieces came.
struct Timed {
  std::string body;
  std::vector<Mark> marks;
};
using TimedResult = tl::expected<Timed, Unconvertible>;

std::optional<std::string> coding_of(const recording::Record& answer) {
  auto coding = answer.head().fields.combined("Content-Encoding");
  if (!coding || http::iequals(*coding, "identity")) return std::nullopt;
  return coding;
}

// Calls `visit` with the bytes of each mark, and what none covers, until it returns false.
template <typename Visit>
void for_each_piece(std::string_view body, const std::vector<Mark>& marks, Visit visit) {
  uint64_t begin = 0;
  for (const Mark& mark : marks) {
    if (!visit(body.substr(begin, mark.end - begin), mark.offset_ms)) return;
    begin = mark.end;
  }
  if (begin < body.size()) visit(body.substr(begin), marks.empty() ? 0 : marks.back().offset_ms);
}

void mark(Timed& timed, uint32_t offset_ms) {
  const uint64_t begin = timed.marks.empty() ? 0 : timed.marks.back().end;
  if (timed.body.size() > begin) timed.marks.push_back({timed.body.size(), offset_ms});
}

TimedResult decoded(const recording::Record& answer, std::string_view coding, size_t bytes_max) {
  const std::unique_ptr<http::Decoder> decoder = http::Decoder::make(coding, bytes_max);
  if (decoder == nullptr) return tl::unexpected(Unconvertible::kMalformed);
  Timed timed;
  bool good = true;
  const auto keep = [&timed](std::string_view piece) { timed.body.append(piece); };
  for_each_piece(answer.body().view(), answer.marks(), [&](std::string_view piece, uint32_t ms) {
    good = decoder->decode(piece, keep).has_value();
    mark(timed, ms);
    return good;
  });
  if (good && decoder->finish()) return timed;
  return tl::unexpected(decoder->over_limit() ? Unconvertible::kTooLarge
                                              : Unconvertible::kMalformed);
}

// An event leaves with the piece that completed it.
TimedResult rebuilt(openai::StreamRebuilder& rebuilder, std::string_view body,
                    const std::vector<Mark>& marks, size_t bytes_max) {
  Timed timed;
  const auto keep = [&timed](std::string_view piece) { timed.body.append(piece); };
  openai::Refused refused;
  for_each_piece(body, marks, [&](std::string_view piece, uint32_t ms) {
    refused = rebuilder.feed(piece, keep);
    mark(timed, ms);
    return !refused && timed.body.size() <= bytes_max;
  });
  if (timed.body.size() <= bytes_max && !refused) refused = rebuilder.finish(keep);
  if (timed.body.size() > bytes_max) refused = Unconvertible::kTooLarge;
  mark(timed, marks.empty() ? 0 : marks.back().offset_ms);
  if (refused) return tl::unexpected(*refused);
  return timed;
}

TimedResult converted(const Entry& entry, const Conversion& conversion, size_t bytes_max) {
  std::string_view body = entry.answer->body().view();
  const std::vector<Mark>* marks = &entry.answer->marks();
  Timed plain;
  if (const auto coding = coding_of(*entry.answer)) {
    auto undone = decoded(*entry.answer, *coding, bytes_max);
    if (!undone || conversion.step == Conversion::Step::kNone) return undone;
    plain = *std::move(undone);
    body = plain.body;
    marks = &plain.marks;
  }
  if (conversion.step == Conversion::Step::kRebuild) {
    openai::StreamRebuilder rebuilder(entry.route, conversion.form, body.size());
    return rebuilt(rebuilder, body, *marks, bytes_max);
  }
  auto text = openai::convert(entry.route, conversion, body, bytes_max);
  if (!text) return tl::unexpected(text.error());
  // Pieces that we cut came at no time of their own.
  const uint64_t size = text->size();
  return Timed{*std::move(text), {{size, 0}}};
}

}  // namespace

bool is_coded(const recording::Record& answer) { return coding_of(answer).has_value(); }

size_t Rendition::cost_bytes() const {
  constexpr size_t kControlBlock = 32;
  size_t bytes = sizeof(Rendition) + kControlBlock;
  if (answer != nullptr) bytes += answer->cost_bytes();
  if (!replay_head.empty()) bytes += replay_head.size() + base::Bytes::kOverheadBytes;
  return bytes;
}

std::shared_ptr<const Rendition> make_rendition(const Entry& entry, const Conversion& conversion,
                                                size_t bytes_max) {
  auto rendition = std::make_shared<Rendition>();
  rendition->conversion = conversion;
  TimedResult timed = converted(entry, conversion, bytes_max);
  if (!timed) {
    rendition->refused = timed.error();
    return rendition;
  }
  const auto kind = conversion.form.stream ? openai::AnswerKind::kSse : openai::AnswerKind::kJson;
  const auto body = conversion.step == Conversion::Step::kNone ? openai::ReplayBody::kDecoded
                                                               : openai::ReplayBody::kConverted;
  rendition->answer = std::make_shared<const recording::Record>(
      entry.answer->head(), base::Bytes::copy_of(timed->body), std::move(timed->marks));
  rendition->replay_head = make_replay_head(entry, kind, body);
  return rendition;
}

}  // namespace reprise::cache
