#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>

#include "openai/conversion.h"

namespace reprise::openai {

inline constexpr size_t kRoomy = size_t{64} << 20;

// What came of a conversion, to be compared and printed: the text, or "refused: why".
inline std::string said(const Converted& converted) {
  if (converted) return *converted;
  return "refused: " + std::string(unconvertible_name(converted.error()));
}

// One event per payload, and [DONE].
inline std::string stream_of(std::initializer_list<std::string_view> payloads) {
  std::string stream;
  for (const std::string_view payload : payloads) {
    stream.append("data: ").append(payload).append("\n\n");
  }
  return stream + "data: [DONE]\n\n";
}

// A chunk of choice 0 with this delta, and one that finishes it.
inline std::string delta(std::string_view members) {
  return R"({"choices":[{"index":0,"delta":{)" + std::string(members) + "}}]}";
}
inline std::string finish(std::string_view reason = "stop", std::string_view more = "") {
  return R"({"choices":[{"index":0,"delta":{},"finish_reason":")" + std::string(reason) + "\"" +
         std::string(more) + "}]}";
}

inline std::string chat(std::string_view stream) {
  return said(assemble(Route::kChatCompletions, stream, kRoomy));
}
inline std::string completions(std::string_view stream) {
  return said(assemble(Route::kCompletions, stream, kRoomy));
}

// The message that the deltas of one choice add up to.
inline std::string message(std::initializer_list<std::string_view> deltas) {
  std::string stream;
  for (const std::string_view one : deltas) stream += "data: " + delta(one) + "\n\n";
  const std::string whole = chat(stream + "data: " + finish() + "\n\ndata: [DONE]\n\n");
  constexpr std::string_view kBefore =
      R"({"object":"chat.completion","choices":[{"index":0,"message":)";
  constexpr std::string_view kAfter = R"(,"logprobs":null,"finish_reason":"stop"}]})";
  if (!whole.starts_with(kBefore) || !whole.ends_with(kAfter)) return whole;
  return whole.substr(kBefore.size(), whole.size() - kBefore.size() - kAfter.size());
}

inline Form streamed(bool include_usage = false, bool include_obfuscation = true) {
  return {
      .stream = true, .include_usage = include_usage, .include_obfuscation = include_obfuscation};
}

}  // namespace reprise::openai
