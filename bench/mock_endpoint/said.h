#pragma once

#include <string>
#include <vector>

#include "bench/mock_endpoint/answer.h"

namespace reprise::bench {

// Call: a tool that an answer calls, and in pieces what with.
struct Call {
  Tool tool;
  std::vector<std::string> input;
};

// Said: what an answer says, in pieces, whatever its route and its form.
struct Said {
  std::vector<std::string> thinking;  // empty: not told
  std::vector<std::string> text;      // empty where tools are called
  std::vector<Call> calls;
  bool refuses = false;  // the text is a refusal
  bool cites = false;    // the text has a source
  bool is_cut = false;   // the text would go on

  size_t tokens() const;
};

// One of several answers to a question: their texts differ.
Said said_by(const Asking& asking, size_t choice = 0);
std::vector<Said> choices_of(const Asking& asking, size_t count);

// For a piece of text: a value that depends on nothing else.
double logprob_of(std::string_view piece);

// Pads an event to a length that tells nothing.
std::string obfuscation_of(std::string_view piece);

}  // namespace reprise::bench
