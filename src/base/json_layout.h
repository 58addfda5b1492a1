#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reprise::base {

// JsonLayout: where lines end in a text that people read. Each level is two blanks deeper.
enum class JsonLayout : uint8_t {
  kExpanded,  // behind every member and element, as most printers do it
  kGathered,  // the same, but what holds nothing nested and is short, a pair or no text at all
              // stands on one line: so an event of a stream has one, and an embedding too
};

// `text`, which JsonNormaliser wrote, with white space for people: JsonNormaliser makes `text` of
// it again. Nothing if that would be more than `bytes_max`.
std::optional<std::string> lay_out_json(std::string_view text, JsonLayout layout, size_t bytes_max);

// How deep the objects and arrays of `text`, which JsonNormaliser wrote, are nested; 0 for a
// scalar.
size_t json_depth(std::string_view text);

}  // namespace reprise::base
