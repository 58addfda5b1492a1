#include "bench/mock_endpoint/said.h"

#include "bench/mock_endpoint/text.h"

namespace reprise::bench {

namespace {

std::vector<std::string> words(const Asking& asking, uint64_t seed) {
  return pieces(seed, asking.behaviour.tokens, asking.behaviour.content_bytes);
}

// One JSON object: what a tool is called with, and what an answer is that must have a shape.
std::vector<std::string> object_of(const Asking& asking, uint64_t seed) {
  const std::vector<std::string> text = words(asking, seed);
  std::vector<std::string> out = {R"({"city":")"};
  out.insert(out.end(), text.begin(), text.end());
  out.emplace_back(R"(","days":3})");
  return out;
}

}  // namespace

size_t Said::tokens() const {
  size_t count = thinking.size() + text.size();
  for (const Call& call : calls) count += call.input.size();
  return count;
}

Said said_by(const Asking& asking, size_t choice) {
  const Question& question = asking.question;
  const uint64_t seed = question.seed + choice;
  Said said;
  said.is_cut = asking.behaviour.manner == Manner::kCut;
  if (question.endpoint == Endpoint::kCompletions) {
    said.text = words(asking, seed);
    return said;
  }
  if (question.thinks) said.thinking = words(asking, ~seed);
  if (!question.tools.empty()) {
    for (const Tool& tool : question.tools) {
      const uint64_t own = seed + said.calls.size();
      said.calls.push_back({tool, tool.custom ? words(asking, own) : object_of(asking, own)});
      if (!question.parallel) break;
    }
    return said;
  }
  said.text = question.shaped ? object_of(asking, seed) : words(asking, seed);
  said.refuses = asking.behaviour.manner == Manner::kRefusing;
  said.cites = asking.behaviour.manner == Manner::kCiting;
  return said;
}

std::vector<Said> choices_of(const Asking& asking, size_t count) {
  std::vector<Said> choices;
  for (size_t i = 0; i < count; ++i) choices.push_back(said_by(asking, i));
  return choices;
}

double logprob_of(std::string_view piece) {
  return -static_cast<double>(seed_of(piece) % 1000) / 1000.0;
}

std::string obfuscation_of(std::string_view piece) {
  constexpr size_t kRound = 16;
  return std::string(kRound - piece.size() % kRound, 'x');
}

}  // namespace reprise::bench
