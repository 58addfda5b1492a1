#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "e2e/support/latch.h"
#include "e2e/support/messages.h"
#include "e2e/support/scripted_upstream.h"

namespace reprise::e2e {

// The `stream_options` member, with its leading comma.
std::string stream_options(bool usage, std::optional<bool> obfuscation = std::nullopt);

// One question in its forms; `headers` are whole lines.
std::string ask_json(const std::string& headers = "");
std::string ask_stream(const std::string& headers = "");
std::string ask_usage(const std::string& headers = "");
// Without obfuscation.
std::string ask_bare(const std::string& headers = "");

bool wants_stream(const Request& request);
bool wants_usage(const Request& request);

// What a stream of `words` without usage amounts to.
std::string assembled(const std::string& text);

// The events of a stream of "one" and " two", and those that stand behind the first.
std::string two_words(bool usage = false);
std::string two_words_rest(bool usage = false);

// A stream that SDKs read in different ways: it is never assembled.
std::string two_ids();

// HeldForms: answers as asked: JSON, or a stream, with usage if that is wanted. JSON goes out in
// halves, of a stream the head and the first event; the rest once it is released.
// `headers` belong to streams.
class HeldForms {
 public:
  ScriptedUpstream::Script script(const std::string& headers = "");

  Latch rest;
};

}  // namespace reprise::e2e
