#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "openai/raw_json.h"

namespace reprise::openai {

// Mould: a text with gaps, for events that differ in few places and come by the thousand.
class Mould {
 public:
  // Stands for a gap where the text is made: raw JSON has no such byte.
  static constexpr std::string_view kGap{"\0", 1};

  explicit Mould(std::string text);
  Mould(const Mould&) = delete;
  Mould& operator=(const Mould&) = delete;

  // Bytes that it takes, about, to write the text for each piece of `content` and a little more.
  size_t room_for(std::string_view content) const;
  // Appends the text, one of `fillings` for each gap.
  void write(RawWriter& out, std::initializer_list<std::string_view> fillings) const;

 private:
  const std::string text_;
  std::vector<std::string_view> parts_;  // of the text, between its gaps
};

}  // namespace reprise::openai
