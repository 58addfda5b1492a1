#include "openai/synthesise_choices.h"

#include <string>
#include <utility>
#include <vector>

#include "openai/chunk_writer.h"
#include "openai/synthesise_message.h"
#include "openai/whole_answer.h"

namespace reprise::openai {

namespace {

ChunkWriter chunk_writer(const WholeAnswer& answer, std::string_view object, const Form& wanted,
                         size_t bytes_max) {
  // No bound of its own: it is no longer than what it is taken from.
  RawWriter head(std::string::npos);
  answer.head.write(head, object);
  answer.head.write_service(head);
  const auto usage = wanted.include_usage ? ChunkWriter::Usage::kNull : ChunkWriter::Usage::kUnsaid;
  return ChunkWriter(*std::move(head).take(), usage, bytes_max);
}

// The chunk that finishes a choice. What else the answer has comes last of all.
void finish_choice(ChoiceWriter& out, const WholeAnswer& answer, const WholeChoice& choice,
                   const Form& wanted) {
  const bool last = !wanted.include_usage && &choice == &answer.choices.back();
  out.end(choice.finish_reason, choice.others, last ? std::string_view(answer.others) : "");
}

Converted finish(ChunkWriter chunks, const WholeAnswer& answer, const Form& wanted) {
  if (wanted.include_usage) chunks.write_usage(answer.usage, answer.others);
  return std::move(chunks).finish();
}

Refused read(const Converted& raw, ChoiceKind kind, const Form& wanted, WholeAnswer* answer) {
  if (!raw) return raw.error();
  if (const Refused refused = read_whole(*raw, kind, answer)) return refused;
  const bool missing = wanted.include_usage && answer->usage.empty();
  return missing ? Refused(Unconvertible::kUsage) : std::nullopt;
}

void write_text(ChoiceWriter& out, std::string_view text) {
  if (!json_given(text)) return;
  out.write_pieces(json_inside(text), [](RawWriter& chunk, std::string_view piece) {
    chunk.text_member("text", piece);
  });
}

}  // namespace

Converted synthesise_chat(std::string_view json, const Form& wanted, size_t bytes_max) {
  const Converted raw = read_answer(json);
  WholeAnswer answer;
  if (const Refused refused = read(raw, ChoiceKind::kMessage, wanted, &answer)) {
    return tl::unexpected(*refused);
  }
  std::vector<WholeMessage> messages(answer.choices.size());
  for (size_t i = 0; i < messages.size(); ++i) {
    if (const Refused refused = messages[i].read(answer.choices[i].held)) {
      return tl::unexpected(*refused);
    }
  }
  ChunkWriter chunks = chunk_writer(answer, "chat.completion.chunk", wanted, bytes_max);
  // First of all the roles: some readers keep the choices in the order in which they open.
  for (size_t i = 0; i < messages.size(); ++i) {
    ChoiceWriter out(chunks, ChoiceKind::kMessage, answer.choices[i].index);
    messages[i].write_role(out);
  }
  for (size_t i = 0; i < messages.size() && !chunks.overflowed(); ++i) {
    const WholeChoice& choice = answer.choices[i];
    ChoiceWriter out(chunks, ChoiceKind::kMessage, choice.index);
    out.hold_logprobs(choice.logprobs);
    messages[i].write_rest(out);
    out.begin();
    finish_choice(out, answer, choice, wanted);
  }
  return finish(std::move(chunks), answer, wanted);
}

Converted synthesise_completions(std::string_view json, const Form& wanted, size_t bytes_max) {
  const Converted raw = read_answer(json);
  WholeAnswer answer;
  if (const Refused refused = read(raw, ChoiceKind::kText, wanted, &answer)) {
    return tl::unexpected(*refused);
  }
  ChunkWriter chunks = chunk_writer(answer, "text_completion", wanted, bytes_max);
  for (const WholeChoice& choice : answer.choices) {
    if (chunks.overflowed()) break;
    ChoiceWriter out(chunks, ChoiceKind::kText, choice.index);
    out.hold_logprobs(choice.logprobs);
    write_text(out, choice.held);
    out.begin().text_member("text", "");
    finish_choice(out, answer, choice, wanted);
  }
  return finish(std::move(chunks), answer, wanted);
}

}  // namespace reprise::openai
