#include "openai/conversion.h"

#include <algorithm>
#include <array>

#include "openai/answer_judge.h"
#include "openai/assemble_choices.h"
#include "openai/assemble_messages.h"
#include "openai/assemble_responses.h"
#include "openai/stream_rebuilder.h"
#include "openai/synthesise_choices.h"
#include "openai/synthesise_messages.h"
#include "openai/synthesise_responses.h"

namespace reprise::openai {

namespace {

// Streams of responses always tell their usage, those of messages know no options at all.
Form told_apart(Route route, Form form) {
  if (!form.stream) return {};
  if (route == Route::kResponses || route == Route::kMessages) form.include_usage = false;
  if (route == Route::kMessages) form.include_obfuscation = true;
  return form;
}

}  // namespace

Conversion conversion_to(Route route, const Form& recorded, const Form& wanted) {
  const Form from = told_apart(route, recorded);
  Form to = told_apart(route, wanted);
  if (from == to) return {Conversion::Step::kNone, from};
  if (!to.stream) return {Conversion::Step::kAssemble, to};
  if (!from.stream) {
    // Obfuscation hides how long the pieces are that a model gave. These are no such pieces.
    to.include_obfuscation = true;
    return {Conversion::Step::kSynthesise, to};
  }
  // What was recorded without obfuscation stays without it.
  to.include_obfuscation = to.include_obfuscation && from.include_obfuscation;
  return {from == to ? Conversion::Step::kNone : Conversion::Step::kRebuild, to};
}

bool may_serve(Route route, const Form& asked, const Form& wanted) {
  const Form from = told_apart(route, asked);
  const Form to = told_apart(route, wanted);
  return !from.stream || !to.stream || !to.include_usage || from.include_usage;
}

Converted convert(Route route, const Conversion& conversion, std::string_view body,
                  size_t bytes_max) {
  switch (conversion.step) {
    case Conversion::Step::kAssemble:
      return assemble(route, body, bytes_max);
    case Conversion::Step::kSynthesise:
      return synthesise(route, body, conversion.form, bytes_max);
    case Conversion::Step::kRebuild:
      return rebuild(route, body, conversion.form, bytes_max);
    case Conversion::Step::kNone:
      break;
  }
  if (body.size() > bytes_max) return tl::unexpected(Unconvertible::kTooLarge);
  return std::string(body);
}

std::string_view unconvertible_detail(Unconvertible reason) {
  static constexpr std::array<std::string_view, kUnconvertibleCount> kDetails = {
      "form_route", "form_malformed", "form_event", "form_content",   "form_tool",
      "form_role",  "form_member",    "form_usage", "form_too_large", "form_busy"};
  return kDetails[static_cast<size_t>(reason)];
}

std::string_view unconvertible_name(Unconvertible reason) {
  return unconvertible_detail(reason).substr(std::string_view("form_").size());
}

Converted assemble(Route route, std::string_view stream, size_t bytes_max) {
  switch (route) {
    case Route::kChatCompletions:
      return assemble_chat(stream, bytes_max);
    case Route::kCompletions:
      return assemble_completions(stream, bytes_max);
    case Route::kResponses:
      return assemble_responses(stream, bytes_max);
    case Route::kMessages:
      return assemble_messages(stream, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

Converted synthesise(Route route, std::string_view json, const Form& wanted, size_t bytes_max) {
  switch (route) {
    case Route::kChatCompletions:
      return synthesise_chat(json, wanted, bytes_max);
    case Route::kCompletions:
      return synthesise_completions(json, wanted, bytes_max);
    case Route::kResponses:
      return synthesise_responses(json, bytes_max);
    case Route::kMessages:
      return synthesise_messages(json, bytes_max);
    default:
      return tl::unexpected(Unconvertible::kRoute);
  }
}

Converted rebuild(Route route, std::string_view stream, const Form& wanted, size_t bytes_max) {
  if (!can_stream(route)) return tl::unexpected(Unconvertible::kRoute);
  StreamRebuilder rebuilder(route, wanted, stream.size());
  std::string rebuilt;
  rebuilt.reserve(std::min(stream.size(), bytes_max));
  const auto keep = [&rebuilt](std::string_view piece) { rebuilt.append(piece); };
  // In pieces, so that the rebuilder holds little at a time.
  constexpr size_t kPieceBytesMax = size_t{64} << 10;
  Refused refused;
  while (!stream.empty() && !refused && rebuilt.size() <= bytes_max) {
    const size_t size = std::min(stream.size(), kPieceBytesMax);
    refused = rebuilder.feed(stream.substr(0, size), keep);
    stream.remove_prefix(size);
  }
  if (!refused && rebuilt.size() <= bytes_max) refused = rebuilder.finish(keep);
  if (!refused && rebuilt.size() > bytes_max) refused = Unconvertible::kTooLarge;
  if (refused) return tl::unexpected(*refused);
  return rebuilt;
}

}  // namespace reprise::openai
