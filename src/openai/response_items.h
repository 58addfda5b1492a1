#pragma once

#include <cstddef>
#include <string_view>

#include "openai/raw_json.h"

namespace reprise::openai {

// The raw `response`, each item of its output with an id: events refer to items by it, so that one
// which has none gets one derived from what it says and where it stands. Refused unless the output
// is an array of objects whose ids, if given, are strings.
Converted with_item_ids(std::string_view response, size_t bytes_max);

}  // namespace reprise::openai
